import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts import policy
from accounts.acting import NotAllowedHere
from accounts.models import User
from accounts.officers import FirstOfficer, create_first_officer
from portal.database import NotReady, migrate
from portal.known_keys import ensure_known_keys
from portal.programs import PortProblem, check_ports, programs
from portal.supervisor import Supervisor


class Command(BaseCommand):
    help = (
        "Starts the portal on this machine: web, worker and, where no exchange is named in the settings, "
        "the sandbox exchange. Prepares the database first. Ctrl-C stops all of it."
    )
    requires_system_checks = ("exchange", "keys")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = programs()
        try:
            check_ports(wanted)
            migrate()
            ensure_known_keys()
        except (PortProblem, NotReady) as problem:
            raise CommandError(str(problem)) from None
        machine = User.objects.machine()
        if not policy.may(machine, "schedule.run"):
            raise NotAllowedHere(machine, "schedule.run")
        call_command("collectstatic", interactive=False, verbosity=0)
        officer = create_first_officer()
        if settings.USES_SANDBOX:
            self._say("portal", "no exchange is named in the settings, so this talks to the sandbox exchange")
        else:
            self._say(
                "portal", f"talks to the exchange at {settings.EXCHANGE_BASE_URL}; no sandbox is started"
            )
        if settings.DEMO_WITHOUT_MFA:
            self._say("portal", "DEMO: people sign in without a second factor; not for anybody's real data")
        if officer:
            self._introduce(officer)
        Supervisor(wanted, self._say).run()
        self._say("portal", "stopped")

    def _introduce(self, officer: FirstOfficer) -> None:
        self._say("portal", f"first account: {officer.user.email}")
        self._say("portal", f"its password:  {officer.password}  (shown this once)")
        if not settings.DEMO_WITHOUT_MFA:
            self._say("portal", "its first sign-in enrols a second factor: have an authenticator app at hand")

    def _say(self, name: str, line: str) -> None:
        try:
            sys.stdout.write(f"{name:8} | {line}\n")
            sys.stdout.flush()
        except OSError:
            # The terminal is gone: what was to be said is lost, but what runs must still be stopped well.
            sys.stdout = sys.stderr = open("/dev/null", "w")  # noqa: SIM115
