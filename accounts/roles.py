"""The roles in which people work here, and how many eyes saw a decision."""

import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What somebody's job is. Granted for all merchants or for one; a person may hold several."""

    VIEWER = "viewer", _("Viewer")
    AGENT = "agent", _("Agent")
    OFFICER = "officer", _("Officer")
    AUDITOR = "auditor", _("Auditor")
    OPERATOR = "operator", _("Operator")
    ADMINISTRATOR = "administrator", _("Administrator")

    @property
    def duty(self) -> str:
        """What the role is for, in a sentence."""
        return str(_DUTIES[self.value])


_DUTIES = {
    "viewer": _("Reads customers and where they stand, personal data masked."),
    "agent": _("Registers and changes customers, adds documents, proposes what an officer decides."),
    "officer": _("Approves, submits, accepts warnings, waives documents, decides what waits for a person."),
    "auditor": _("Reads everything, the audit trail too, and changes nothing."),
    "operator": _("Runs the technical side: deliveries, retries, merchants, comparisons. Sees no customers."),
    "administrator": _("Manages people, their roles and the settings. Sees no customers."),
}

# What the product's own account may do has its column in the policy; nobody can be granted it.
MACHINE = "machine"


# What a command does without a second person while FOUR_EYES_COMMANDS is off: onboarding from a terminal, in
# one go, and nothing else. Constraints of the database name the same.
BY_COMMAND = frozenset({"customer.submit", "warning.accept"})


# Until then a command was exempt whatever it did. What was decided so stays as it is; a constraint that knew
# nothing of it would keep an installation that has such a row from being brought up to date.
NARROWED_AT = datetime.datetime(2026, 11, 28, tzinfo=datetime.UTC)
# Waivers were taken out of it a day later.
WAIVERS_NARROWED_AT = datetime.datetime(2026, 11, 29, tzinfo=datetime.UTC)


class Eyes(models.TextChoices):
    """How many people stand behind a decision, and if it was one, which exception allows it."""

    TWO = "two", _("A second person approved")
    ONE = "one", _("One person: no second one is asked for")
    COMMAND = "command", _("By command: no second person is asked for there")


def by_second_person(
    decided_by: str,
    made_by: str = "proposed_by",
    eyes: str = "eyes",
    *,
    by_one: tuple[Eyes, ...] = (Eyes.ONE, Eyes.COMMAND),
) -> models.Q:
    """The condition of a row with a decision: somebody else made it, or the row names why nobody had to
    (`by_one`)."""
    return models.Q(**{f"{eyes}__in": by_one}) | (
        models.Q(**{eyes: Eyes.TWO, f"{made_by}__isnull": False})
        & ~models.Q(**{decided_by: models.F(made_by)})
    )
