"""`manage.py seal_audit`: link the audit entries that are not in the chain yet, and sign a head."""

from typing import Any

from django.core.management.base import CommandError

from accounts.acting import ActingCommand
from accounts.models import User
from accounts.sealing import seal


class Command(ActingCommand):
    action = "audit.seal"
    help = (
        "Seal the audit trail now; workers do it every few seconds by themselves. Exit 1: the head could not "
        "be exported to AUDIT_HEADS, the chain stands all the same."
    )

    def act(self, actor: User, **options: Any) -> None:
        try:
            sealed = seal(signs=True)
        except Exception as error:
            # Whatever the storage raises: a folder's OSError, or the S3 library's own.
            raise CommandError(
                f"The head could not be exported ({type(error).__name__}). AUDIT_HEADS says where to; the "
                "next run tries again.",
                returncode=1,
            ) from error
        told = f", head {sealed.head} signed" if sealed.head else ""
        self.stdout.write(f"{sealed.entries} entries sealed{told}, {sealed.exported} heads exported.")
