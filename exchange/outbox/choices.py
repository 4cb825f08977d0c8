"""Topics, states and reasons of the outbox, each with its label and tone on one line."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Topic(models.TextChoices):
    """What the exchange is to be told."""

    CREATE = "customer.create", _("Create the customer")
    SET_CUSTOM_ID = "customer.set_custom_id", _("Set our reference")
    UPLOAD = "document.upload", _("Upload a document")
    PAYMENT_REFERENCE = "payment_reference.create", _("Create a payment reference")


# The order within one customer's lane: customer, reference, documents (002:2547 for the UBOs' after them),
# payment references.
POSITIONS = {Topic.CREATE: 10, Topic.SET_CUSTOM_ID: 20, Topic.UPLOAD: 30, Topic.PAYMENT_REFERENCE: 40}

# Somebody waits for these: their lanes go before all others.
GOES_FIRST = (Topic.PAYMENT_REFERENCE,)


class IntentState(models.TextChoices):
    """Where an intent stands."""

    PENDING = "pending", _("To be sent")
    SENDING = "sending", _("Being sent")
    UNKNOWN = "unknown", _("Outcome unknown")
    WAITING_FOR_STAFF = "waiting_for_staff", _("Waiting for staff")
    DONE = "done", _("Done")
    GIVEN_UP = "given_up", _("Given up")

    @property
    def tone(self) -> str:
        return _TONES[self.value]


_TONES = {
    "pending": "info",
    "sending": "progress",
    "unknown": "warn",
    "waiting_for_staff": "warn",
    "done": "good",
    "given_up": "neutral",
}
CLOSED_STATES = (IntentState.DONE, IntentState.GIVEN_UP)
OPEN_STATES = tuple(state for state in IntentState if state not in CLOSED_STATES)
# Nothing moves these but a person. What is unknown is looked for at the exchange by itself.
PERSON_STATES = (IntentState.WAITING_FOR_STAFF,)


class Reason(models.TextChoices):
    """Why an intent needs a person. The list is closed: pages, commands and the database know no other."""

    EMAIL_TAKEN_ELSEWHERE = "email_taken_elsewhere", _("The e-mail is taken at the exchange")
    UBO_EMAIL_TAKEN = "ubo_email_taken", _("A beneficial owner's e-mail is taken at the exchange")
    EXISTS_MORE_THAN_ONCE = "exists_more_than_once", _("The exchange holds the customer more than once")
    FOREIGN_SENDER = (
        "foreign_sender",
        _("An account with our token or reference was made elsewhere, or holds other data"),
    )
    CREATE_OUTCOME_UNKNOWN = "create_outcome_unknown", _("Whether the customer was created is unknown")
    UPLOAD_OUTCOME_UNKNOWN = "upload_outcome_unknown", _("Whether the document arrived is unknown")
    PAYMENT_OUTCOME_UNKNOWN = (
        "payment_outcome_unknown",
        _("Whether the payment reference was created is unknown"),
    )
    PAYMENT_EXISTS_TWICE = (
        "payment_exists_twice",
        _("The exchange holds the payment reference twice"),
    )
    UBO_UID_UNKNOWN = "ubo_uid_unknown", _("The beneficial owner's uid is unknown")
    REJECTED_BY_EXCHANGE = "rejected_by_exchange", _("The exchange rejected the data")
    REFUSED_BY_EXCHANGE = "refused_by_exchange", _("The exchange refused the request")
    CONTENT_CHANGED = "content_changed", _("The content differs from what was submitted")
    TOO_MANY_ATTEMPTS = "too_many_attempts", _("Too many attempts")

    @property
    def remedy(self) -> str:
        """What the person is to do next, in one or two sentences."""
        return str(_REMEDIES[self.value])

    def remedy_for(self, code: str, topic: str = "") -> str:
        """The same, where the code that stands with the reason may tell more, or what it is about."""
        by_code = _REMEDIES_BY_CODE.get((self.value, code.partition(":")[0]))
        return str(by_code or _REMEDIES_BY_TOPIC.get((self.value, topic)) or self.remedy)


_REMEDIES = {
    "email_taken_elsewhere": _(
        "No account there carries our token. Ask the exchange whose account has this e-mail. If the e-mail is"
        " wrong, correct it and submit again."
    ),
    "ubo_email_taken": _(
        "Another account at the exchange has a beneficial owner's e-mail. Ask the exchange which one. If the"
        " e-mail is wrong, correct it and submit again."
    ),
    "exists_more_than_once": _(
        "The oldest account was taken, the others are named in the code. Ask the exchange to close them,"
        " then mark this as dealt with."
    ),
    "foreign_sender": _(
        "This installation did not make the account, or it holds other data than was submitted. Find out"
        " which other installation, or which backup, uses this API key; ask the exchange when the account was"
        " made and what it holds. It was bound, and its documents are flagged; with contradicts: in the code"
        " it was not."
    ),
    "create_outcome_unknown": _(
        "Whether the customer is there could not be found out. Ask the exchange whether it has an account"
        " with this e-mail under this merchant. If it has, look again; if it says that it has none, send"
        " after all. With the code unproven: an account carries our reference, and its details don't show"
        " whose it is: have the exchange show its e-mail, name or registration number, or write our token"
        " behind its name or into its custom_id; then look again. If it can only tell you that the account"
        " is this customer's, confirm that with who said so."
    ),
    "upload_outcome_unknown": _(
        "The reply was lost. Ask the exchange whether it holds the document, and whether it holds it twice."
        " If it lacks it, try again."
    ),
    "payment_outcome_unknown": _(
        "The reply was lost, and the exchange's list did not tell whether the payment reference is there."
        " Ask the exchange whether it holds one of this customer for this currency and amount, from the time"
        " of the attempts. If it does, look again; if it says that it holds none, send after all."
    ),
    "payment_exists_twice": _(
        "The oldest one was taken; the others are named in the code, lead to the same webhook address, and"
        " can't be deleted there. Give the payer the taken one alone, then mark this as dealt with."
    ),
    "ubo_uid_unknown": _(
        "Ask the exchange for the uids of the business's beneficial owners, or to show them in its answers."
        " Then try again."
    ),
    "rejected_by_exchange": _("Correct what the exchange names, and submit again."),
    "refused_by_exchange": _("Check the exchange's settings and the dialect, then try again."),
    "content_changed": _("What is held is no longer what was submitted. Check it, then submit it again."),
    "too_many_attempts": _(
        "The exchange did not take it in 20 attempts. Try again once the exchange answers."
    ),
}

_REMEDIES_BY_CODE = {
    ("foreign_sender", "contradicts"): _(
        "The account holds other data than was submitted, in the fields that the code names, so it was not"
        " bound. Ask the exchange when it was made, by whom, and what it holds. If it is somebody else's, who"
        " counts the same way, have it closed or its reference changed, and look again. If it is this"
        " customer's and wrong there, have it corrected there, and look again; if it is wrong here, give this"
        " up, correct the customer and submit it again."
    ),
}
# What was asked for can't be changed, and nobody submits a payment reference again.
_REMEDIES_BY_TOPIC = {
    ("rejected_by_exchange", "payment_reference.create"): _(
        "The exchange turned down what its codes name, such as the currency. Give this up and ask for a"
        " payment reference under another name; or have the exchange allow it, then try again."
    ),
    ("content_changed", "payment_reference.create"): _(
        "Its webhook can't be read with the keys at hand, so it was not sent. Have PORTAL_KEYS looked at."
        " Give this up and ask for a payment reference under another name."
    ),
}
# The code of a create that is looked for before it is sent: after a restore it may have been sent before.
LOOKS_FIRST = "looks_first"
# What an unknown outcome of each topic is called. Setting the reference has none: it is sent again.
UNKNOWN_REASONS = {
    Topic.CREATE: Reason.CREATE_OUTCOME_UNKNOWN,
    Topic.UPLOAD: Reason.UPLOAD_OUTCOME_UNKNOWN,
    Topic.PAYMENT_REFERENCE: Reason.PAYMENT_OUTCOME_UNKNOWN,
}
# Those that the exchange's lists can show: they are looked for, and sent again only once they are absent.
LOOKED_FOR = (Topic.CREATE, Topic.PAYMENT_REFERENCE)
# The outcome is known, and sending the same again makes sense: staff may ask for it.
RETRYABLE_REASONS = (Reason.REFUSED_BY_EXCHANGE, Reason.TOO_MANY_ATTEMPTS, Reason.UBO_UID_UNKNOWN)
# Nothing happened at the exchange: a new submission may take the place of the intent.
REPLACEABLE_REASONS = (
    Reason.EMAIL_TAKEN_ELSEWHERE,
    Reason.UBO_EMAIL_TAKEN,
    Reason.REJECTED_BY_EXCHANGE,
    Reason.REFUSED_BY_EXCHANGE,
    Reason.CONTENT_CHANGED,
    Reason.TOO_MANY_ATTEMPTS,
)
