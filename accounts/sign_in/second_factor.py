"""Second factors: who has one, whether a code is right and new, and their secrets at rest.

Secrets are sealed by the vault and bound to their person: copied to another's row they do not open.
"""

import time
from collections import Counter
from collections.abc import Callable
from uuid import UUID

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import transaction
from django.http import HttpRequest

from accounts import policy
from accounts.models import User
from accounts.sessions import end_all
from accounts.sign_in.models import LastCode
from accounts.sign_in.telling import tell
from vault.envelope import CannotOpen
from vault.keys import keyring
from vault.sealing import key_version, open_text, seal_text

# What proves somebody by itself; recovery codes only stand in for one of these.
PRIMARY = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# What is sealed in an authenticator's data.
_SECRETS = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}


class CodeUsed(Exception):
    """The code is right, and was used before."""


def is_enrolled(user: User) -> bool:
    """Whether they have a second factor."""
    return Authenticator.objects.filter(user_id=user.pk, type__in=PRIMARY).exists()


def seal_secret(user: User, text: str) -> str:
    return seal_text("second-factor", str(user.pk), text)


def open_secret(user: User, sealed: str) -> str:
    """Raises CannotOpen where it is another person's, or was changed."""
    return open_text("second-factor", str(user.pk), sealed)


def authenticator_for(user: User, code: str) -> Authenticator | None:
    """Which of their authenticators that code is of; it can't be used again. CodeUsed where it was."""
    held = {row.type: row for row in Authenticator.objects.filter(user_id=user.pk)}
    app, codes = held.get(Authenticator.Type.TOTP), held.get(Authenticator.Type.RECOVERY_CODES)
    if app and use_totp_code(user, open_secret(user, app.data["secret"]), code):
        return app
    if codes and codes.wrap().validate_code(code):
        return codes
    return None


def use_totp_code(user: User, secret: str, code: str) -> bool:
    """Whether that is the app's code of this moment. Once, whichever process asks: CodeUsed the next time."""
    step = int(time.time()) // app_settings.TOTP_PERIOD
    if not compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
        return False
    LastCode.objects.bulk_create([LastCode(user=user, step=step - 1)], ignore_conflicts=True)
    if not LastCode.objects.filter(user=user, step__lt=step).update(step=step):
        raise CodeUsed
    return True


def note_added(request: HttpRequest, user: User, kind: str) -> None:
    """Write down that they have one more, and end their other sessions. In the caller's transaction."""
    tell("second_factor.added", user, kind=kind)
    end_all(user, reason="second_factor_changed", actor=user, keep=request)


def note_removed(request: HttpRequest, user: User, kind: str) -> None:
    """Write down that they have one less, and end their other sessions. In the caller's transaction."""
    tell("second_factor.removed", user, kind=kind)
    end_all(user, reason="second_factor_changed", actor=user, keep=request)


def take_away(user: User, *, actor: User, reason: str) -> int:
    """Take all second factors of somebody who lost theirs; they enrol anew at their next sign-in. How many.

    Raises NotAllowed.
    """
    policy.require(actor, "user.reset_second_factor")
    with transaction.atomic():
        rows = Authenticator.objects.select_for_update().filter(user_id=user.pk)
        kinds = sorted(rows.values_list("type", flat=True))
        rows.delete()
        if kinds:
            tell("second_factor.taken_away", user, actor=actor, reason=reason, kinds=kinds)
        end_all(user, reason="second_factor_changed", actor=actor)
    return len(kinds)


def secrets_by_key() -> Counter[int]:
    """How many secrets are sealed under which version of PORTAL_KEYS; 0: none that could be read."""
    return Counter(key_version(_sealed_in(row)) for row in Authenticator.objects.filter(type__in=_SECRETS))


def reseal_secrets(note: Callable[[int], None]) -> tuple[int, list[UUID]]:
    """Seal under the newest key whatever is not, so that an older one can go: how many, and whose do
    not open.

    `note` is told within the transaction of each. May be stopped and begun again.
    """
    done, shut = 0, list[UUID]()
    for pk in list(Authenticator.objects.filter(type__in=_SECRETS).values_list("pk", flat=True)):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().filter(pk=pk).select_related("user").first()
            if row is None or key_version(_sealed_in(row)) == keyring().current:
                continue
            try:
                plain = open_secret(row.user, _sealed_in(row))
            except CannotOpen:
                shut.append(row.user_id)
                continue
            row.data[_SECRETS[Authenticator.Type(row.type)]] = seal_secret(row.user, plain)
            row.save(update_fields=["data"])
            note(1)
        done += 1
    return done, shut


def _sealed_in(row: Authenticator) -> str:
    return str(row.data.get(_SECRETS[Authenticator.Type(row.type)], ""))
