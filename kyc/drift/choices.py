"""The words of a comparison, each with what a person is to do about it."""

from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext_lazy as _


class RunState(models.TextChoices):
    REQUESTED = "requested", _("Asked for")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Kind(models.TextChoices):
    ONLY_HERE = "only_here", _("Only here")
    ONLY_THERE = "only_there", _("Only at the exchange")
    DIFFERS = "differs", _("Differs")

    @property
    def tone(self) -> str:
        return "bad" if self == Kind.ONLY_HERE else "warn"


class Code(models.TextChoices):
    """What exactly was found. The list is closed."""

    NOT_LISTED = "not_listed", _("In none of the exchange's lists")
    NO_SUCH_ACCOUNT = "no_such_account", _("The exchange has no such account")
    STRANGER = "stranger", _("Not made by this portal")
    UNKNOWN_TOKEN = "unknown_token", _("Carries our token, and nobody here has it")
    EXTRA_COPY = "extra_copy", _("A second account of a customer of ours")
    NOT_BOUND = "not_bound", _("A customer of ours that has no uid here")
    FIELDS = "fields", _("Says something else")
    OTHER_MERCHANT = "other_merchant", _("Listed under another merchant")
    NOT_IN_LIST = "not_in_list", _("Answers by its uid, and is in no list")

    @property
    def may_be_taken_in(self) -> bool:
        # What carries our token is found again when its customer is entered again; a record in its place
        # would keep that customer out for good.
        return self == Code.STRANGER


class TakeIn(models.TextChoices):
    """Whether a record was made of what is found only there."""

    NOT_ASKED = "", _("Not asked for")
    ASKED = "asked", _("Asked for")
    DONE = "done", _("Taken in")
    NOT_POSSIBLE = "not_possible", _("Can't be taken in")


class Obstacle(models.TextChoices):
    """Why no record can be made. The list is closed."""

    EMAIL_HELD_HERE = "email_held_here", _("Another customer of this merchant has its e-mail here")
    KIND_NOT_GIVEN = "kind_not_given", _("The exchange does not tell whether it is a person or a business")
    UNREADABLE = "unreadable", _("It could not be read just now; ask once more")
    GONE = "gone", _("The exchange has no such account any more")
    HELD_HERE = "held_here", _("It is known here by now")
    OUR_TOKEN = "our_token", _("It carries our token: enter or import its customer again instead")
    CREATE_UNKNOWN = (
        "create_unknown",
        _(
            "Whether a customer of this merchant was created is not known yet, and this may be its account;"
            " settle that first, then ask once more"
        ),
    )
    RECOVERING = (
        "recovering",
        _(
            "The database was restored, and the exchange's lists were not read to their end since: it may be"
            " a customer of ours that the restored database forgot; ask once more when the recovery is"
            " through"
        ),
    )
    RESTORED = (
        "restored",
        _(
            "The database was restored, and names there carry our reference alone: it may be a customer of"
            " ours that the restored database forgot; enter again whatever came in since the backup, take"
            " RECOVERY_EPOCH out, then ask once more"
        ),
    )


_ACTIONS = {
    "not_listed": _(
        "Ask the exchange what became of this uid. Send nothing more for this customer until it has answered."
    ),
    "no_such_account": _(
        "Ask the exchange whether it deleted this account, and why. If it is gone for good, onboard the"
        " customer again under a new reference."
    ),
    "stranger": _(
        "Find out who made it: another system, the exchange's own pages, another key. Take it in to keep"
        " an eye on it."
    ),
    "unknown_token": _(
        "A portal with our keys made it, perhaps this one before it was restored from a backup. Enter or"
        " import its customer again with the same e-mail: the submission finds the account and takes it over."
        " It can't be taken in, since a record in its place would keep the customer out."
    ),
    "extra_copy": _("Ask the exchange to close this account; the customer here is bound to another one."),
    "not_bound": _(
        "Open the customer and look at its create: looking again binds the account if it is ours. Don't send"
        " it anew."
    ),
    "other_merchant": _("Ask the exchange under which merchant this account belongs."),
    "not_in_list": _("Ask the exchange why its list leaves this account out."),
}
_FIELD_ACTIONS = {
    "custom_id": _("Somebody changed the reference at the exchange: ask who, and have it set back to ours."),
    "account_name": _(
        "Somebody renamed the account at the exchange: ask who; without our token it is harder to find."
    ),
    "entity_type": _("Ask the exchange whether it holds a person or a business under this uid."),
    "state": _("Poll the verifications; if it still differs afterwards, ask the exchange why."),
    "kyc_status": _("Poll the verifications; if it still differs afterwards, ask the exchange why."),
    "ubos.uid": _("Compare the beneficial owners by name before another document is sent for any of them."),
}
_ANY_FIELD = _("Find out which side is right; the exchange changes data only when it is asked to.")


def action_for(code: str, fields: Iterable[str] = ()) -> str:
    """What to do about a finding, in one to a few sentences, each said once."""
    if code != Code.FIELDS:
        return str(_ACTIONS[code])
    return " ".join(dict.fromkeys(str(_FIELD_ACTIONS.get(field, _ANY_FIELD)) for field in fields))
