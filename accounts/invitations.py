"""Invitations: how somebody gets an account. By a letter with a link that is good once and for a week.

The account is made at once, without a password, so that roles can be granted to it; until the link is used
nobody signs in as it. The link is signed, and nothing of it is kept: a copy of the database makes none.
"""

import datetime
import uuid

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import F, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import lock_out, policy, sessions
from accounts.models import User
from accounts.sign_in.mail import address_of, send_now
from accounts.sign_in.models import Invitation
from accounts.sign_in.telling import tell, tell_refused

GOOD_FOR = datetime.timedelta(days=7)
_SALT = "accounts.invitations"


class NotInvited(Exception):
    """Nobody was invited. `code`: not_an_address or has_account; the message is for the one who invites."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LinkNotGood(Exception):
    """The link opens nothing: it is wrong, was used, is too old, or a newer one was sent."""


def invite(email: str, *, actor: User, name: str = "") -> Invitation:
    """Make an account for `email` and send the letter. Raises NotAllowed, NotInvited, or NotSent: then the
    invitation stands all the same, and can be sent again."""
    policy.require(actor, "user.invite")
    email = email.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise NotInvited("not_an_address", _("That is not an e-mail address.")) from None
    now = timezone.now()
    with transaction.atomic():
        user, is_new = User.objects.get_or_create(
            email=email, defaults={"name": name.strip(), "password": "!"}
        )
        if not is_new and not _may_be_invited_anew(user):
            raise NotInvited(
                "has_account", _("There is an account with this e-mail address, or an open invitation.")
            )
        user.set_unusable_password()
        user.is_active = True
        user.save()
        Invitation.objects.filter(user=user, accepted_at=None, withdrawn_at=None).update(withdrawn_at=now)
        invitation = Invitation.objects.create(
            user=user, invited_by=actor, created_at=now, expires_at=now + GOOD_FOR
        )
        tell("user.invited", user, actor=actor, invitation=str(invitation.pk))
    _send(invitation)
    return invitation


def send_again(invitation: Invitation, *, actor: User) -> None:
    """Send a new letter; the links of the earlier ones are good no more.

    Raises NotAllowed, LinkNotGood (it is no longer open) or NotSent."""
    policy.require(actor, "user.invite")
    with transaction.atomic():
        renewed = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(
            letters=F("letters") + 1, expires_at=timezone.now() + GOOD_FOR
        )
        if not renewed:
            raise LinkNotGood
        invitation.refresh_from_db()
        tell("invitation.sent_again", invitation.user, actor=actor, invitation=str(invitation.pk))
    _send(invitation)


def withdraw(invitation: Invitation, *, actor: User) -> None:
    """Take it back; the account it made is closed. Raises NotAllowed, or LinkNotGood: it has ended."""
    policy.require(actor, "user.invite")
    with transaction.atomic():
        ended = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(
            withdrawn_at=timezone.now()
        )
        if not ended:
            raise LinkNotGood
        User.objects.filter(pk=invitation.user_id).update(is_active=False)
        tell("invitation.withdrawn", invitation.user, actor=actor, invitation=str(invitation.pk))


def open_invitations() -> QuerySet[Invitation]:
    """Those that nobody used or took back, the newest first; some may be too old."""
    return (
        Invitation.objects.filter(accepted_at=None, withdrawn_at=None)
        .select_related("user", "invited_by")
        .order_by("-created_at")
    )


def invitation_of(token: str) -> Invitation:
    """The open invitation that the link's token names. Raises LinkNotGood."""
    try:
        named, letters = signing.loads(token, salt=_SALT, max_age=GOOD_FOR)
        pk = uuid.UUID(hex=named)
    except (signing.BadSignature, ValueError, TypeError):
        raise LinkNotGood from None
    invitation = Invitation.objects.select_related("user").filter(pk=pk, letters=letters).first()
    if invitation is None or not invitation.is_open(timezone.now()) or not invitation.user.is_active:
        raise LinkNotGood
    return invitation


def accept(token: str, password: str) -> User:
    """Set the first password of whoever was invited; the link is used up. Raises LinkNotGood.

    `password` was judged before. Of two that come with the same link, one gets in.
    """
    invitation = invitation_of(token)
    with transaction.atomic():
        now = timezone.now()
        # What decides is this one statement, not what was read above.
        taken = Invitation.objects.filter(
            pk=invitation.pk,
            letters=invitation.letters,
            accepted_at=None,
            withdrawn_at=None,
            expires_at__gt=now,
        ).update(accepted_at=now)
        if not taken:
            tell_refused("invitation.refused", invitation.user, invitation=str(invitation.pk))
            raise LinkNotGood
        user = invitation.user
        user.set_password(password)
        user.save(update_fields=["password"])
        tell("invitation.accepted", user, invitation=str(invitation.pk))
        sessions.end_all(user, reason="password_changed", actor=user)
        lock_out.unlock(user.email)
    return user


def link_of(invitation: Invitation) -> str:
    """The address that the letter names."""
    token = signing.dumps([invitation.pk.hex, invitation.letters], salt=_SALT)
    return address_of("invitation-link", token)


def _may_be_invited_anew(user: User) -> bool:
    """Whether the account never had a password, and nobody waits for its owner."""
    waits = Invitation.objects.filter(
        user=user, accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    ).exists()
    return not user.is_machine and not user.has_usable_password() and not waits


def _send(invitation: Invitation) -> None:
    about = {"link": link_of(invitation), "invitation": invitation, "days": GOOD_FOR.days}
    subject = render_to_string("account/email/invitation_subject.txt", about)
    body = render_to_string("account/email/invitation_message.txt", about)
    send_now(
        EmailMessage(" ".join(subject.split()), body, settings.DEFAULT_FROM_EMAIL, [invitation.user.email])
    )
