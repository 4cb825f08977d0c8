"""`manage.py verify_audit`: is the audit trail as it was sealed?"""

import base64
import time
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from accounts.acting import ActingCommand
from accounts.audit_exports import read_exports
from accounts.audit_guard import unguarded_tables
from accounts.audit_verifying import Verified, verify
from accounts.audit_verifying_heads import Finding
from accounts.models import User
from accounts.sealing_key import public_text, trusted_keys

# Findings of one kind that are told one by one.
TOLD_MAX = 20
_SAID = {
    "entry_changed": "is not what was sealed there: it, or its link, was changed or exchanged",
    "entry_missing": "was sealed there and is gone",
    "entry_inserted": "came in behind the chain: it was not there when the entries round it were sealed",
    "entry_late": "came into the chain more than an hour after its own time, though it was sealed meanwhile",
    "entry_unsealed": "waits to be sealed for too long: is a worker running? `manage.py seal_audit` seals it",
    "link_changed": "its link was changed; the entry is as it was sealed",
    "link_missing": "links are missing from here on",
    "chain_rewritten": "the chain up to here is not the one that the head signed: it was rewritten",
    "chain_cut_off": "the chain ends here, and the head says that it went on",
    "head_missing": "the head is missing here",
    "head_changed": "the head was changed",
    "head_of_another_key": "the head is signed by a key that is not ours",
    "head_lost": "the head was exported and is not here: the trail was cut off, or exchanged. After a "
    "restore say --restored-at",
    "export_missing": "the head is not among the exported",
    "export_changed": "the exported head is signed by a key that is not ours, or was changed",
}


class Command(ActingCommand):
    action = "audit.verify"
    help = (
        "Check the audit trail against its chain, the signed heads and those that were exported, and name "
        "what was edited, deleted, inserted, reordered or cut off. Exit 0: nothing; 1: something; 2: the "
        "exported heads can't be read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--heads", metavar="FOLDER", type=Path, help="exported heads (default: AUDIT_HEADS)"
        )
        parser.add_argument(
            "--public-key",
            metavar="FILE",
            type=Path,
            action="append",
            help="trust this key alone",
        )
        parser.add_argument(
            "--restored-at",
            metavar="TIME",
            help="when the database was restored: heads signed before that, which it lost, are no finding",
        )

    def act(self, actor: User, **options: Any) -> None:
        started = time.monotonic()
        if options["heads"] and not options["heads"].is_dir():
            raise CommandError(f"{options['heads']} is no folder.", returncode=2)
        try:
            exports = read_exports(options["heads"])
        except Exception as error:
            raise CommandError(
                f"The exported heads can't be read ({type(error).__name__}).", returncode=2
            ) from error
        found = verify(
            exports.heads,
            trusted=_keys(options["public_key"]) if options["public_key"] else trusted_keys(),
            restored_at=_time(options["restored_at"]) if options["restored_at"] else None,
        )
        self._tell(found, time.monotonic() - started)
        faults = [f"The exported file {name} is no head." for name in exports.unreadable]
        faults += [f"The table {table} takes changes: its triggers are gone." for table in unguarded_tables()]
        faults += _told(found.findings)
        for fault in faults:
            self.stdout.write(fault)
        if faults:
            raise SystemExit(1)
        self.stdout.write("Nothing was altered.")

    def _tell(self, found: Verified, seconds: float) -> None:
        self.stdout.write(f"{found.links} sealed entries and {found.heads} heads checked in {seconds:.1f} s.")
        if found.newest is not None:
            at = timezone.localtime(found.newest.signed_at)
            self.stdout.write(
                f"The newest head, number {found.newest.number} of {at:%Y-%m-%d %H:%M:%S}, reaches to "
                f"position {found.newest.position}; what came after it is not proved yet."
            )
        if found.waiting:
            self.stdout.write(f"{found.waiting} entries are not sealed yet.")
        if found.lost:
            self.stdout.write(
                f"{found.lost} heads were lost by the restore, with the entries that they prove."
            )


def _told(findings: Iterable[Finding]) -> list[str]:
    """A line each, and one for all that are too many."""
    lines, seen = [], Counter[str]()
    for finding in findings:
        seen[finding.code] += 1
        if seen[finding.code] <= TOLD_MAX:
            lines.append(f"{_where(finding)}: {_SAID[finding.code]}. [{finding.code}]")
    lines += [f"… and {count - TOLD_MAX} more [{code}]" for code, count in seen.items() if count > TOLD_MAX]
    return lines


def _where(finding: Finding) -> str:
    parts = (("entry", finding.entry), ("position", finding.position), ("head", finding.head))
    return ", ".join(f"{name} {number}" for name, number in parts if number is not None).capitalize()


def _keys(files: Iterable[Path]) -> frozenset[str]:
    """The keys in these files, PEM or the 32 bytes in base64."""
    keys = set()
    for path in files:
        try:
            text = path.read_bytes()
            key = (
                load_pem_public_key(text)
                if text.startswith(b"-----")
                else Ed25519PublicKey.from_public_bytes(base64.b64decode(text, validate=True))
            )
        except (OSError, ValueError):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise CommandError(f"{path} holds no Ed25519 public key.", returncode=2)
        keys.add(public_text(key))
    return frozenset(keys)


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"{text} is no time such as 2026-03-01T02:30:00+02:00.", returncode=2) from None
    return at if at.tzinfo else timezone.make_aware(at)
