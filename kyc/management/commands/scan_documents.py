"""Ask the virus scanner about every document that waits for it."""

from typing import Any

from django.core.management.base import CommandError

from accounts.acting import ActingCommand
from accounts.models import User
from kyc.scanning.asking import is_configured
from kyc.scanning.rescanning import scan_waiting


class Command(ActingCommand):
    action = "document.scan"
    help = "Ask the virus scanner about the documents that wait for it; the schedule does so every minute."

    def act(self, actor: User, **options: Any) -> None:
        if not is_configured():
            raise CommandError("CLAMAV_ADDRESS names no scanner.", returncode=2)
        clean = infected = unreadable = 0
        while True:
            scanned = scan_waiting(actor=actor)
            clean, infected = clean + scanned.clean, infected + scanned.infected
            unreadable = scanned.unreadable
            if not scanned.left or not (scanned.clean or scanned.infected):
                break
        self.stdout.write(
            f"{clean} passed, {infected} quarantined, {unreadable} can't be read, {scanned.left} still wait."
        )
        if scanned.left or infected:
            raise CommandError("Not every document passed the scanner.", returncode=1)
