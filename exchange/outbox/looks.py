"""When the exchange is looked at for an unknown outcome, and what a look says: pure, over rows and a clock.

All times are epoch milliseconds by the database's clock. Everything scales with the settle time: how late
the exchange may still apply a request whose reply was lost.
"""

from dataclasses import dataclass, field

# Quick looks, as parts of the settle time: at 5 s and 30 s of 300. They can only find, never prove absence.
QUICK_PARTS = (60, 10)
# Two clean scans are a fifth of the settle time apart: 60 s of 300.
GAP_PART = 5
# The exchange says that the e-mail is taken, and a reply of ours was lost: it may be us, however late the
# list shows it. Nothing is sent meanwhile, so the second scan takes its time.
TAKEN_SETTLES = 3
# So often may a create's outcome be unknown before a person decides.
MAX_ROUNDS = 3
# No whole scan could be had for so many settle times: a person looks.
PATIENCE_SETTLES = 20


@dataclass(frozen=True, slots=True)
class Case:
    """What was to be created and may have been: its outcome is unknown, or the exchange says that its e-mail
    is taken.

    `unknown_ms`: since when. `clean_ms`: when the first scan began that counts and did not show it.
    `rounds`: unknown outcomes so far. `had_unknown`: some attempt of it may have been applied. `is_taken`:
    the last attempt was answered with “taken”; `taken_reason`: the reason staff are given then.
    `looks_first`: it is looked for before it is sent, after a restore. `unknown_reason`: the reason staff are
    given where it can't be told.
    """

    unknown_ms: int
    clean_ms: int | None = None
    rounds: int = 1
    had_unknown: bool = True
    is_taken: bool = False
    taken_reason: str = "email_taken_elsewhere"
    looks_first: bool = False
    unknown_reason: str = "create_outcome_unknown"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one scan of a list says about a case.

    `uids`: the rows that carry our mark, the oldest first. `is_whole`: the scan missed no row. `is_blind`:
    the list does not show our marks, and some row might be this one: it can't prove absence.
    """

    started_ms: int
    uids: tuple[str, ...] = ()
    is_whole: bool = True
    is_blind: bool = False


@dataclass(frozen=True, slots=True)
class Adopt:
    """It is there: as `uid`. `others`: more accounts with the same token. `is_foreign`: none of our attempts
    can have made it."""

    uid: str
    others: tuple[str, ...] = ()
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Not decided: look at `at_ms`. `clean_ms`: as it stands from now on."""

    at_ms: int
    clean_ms: int | None = None


@dataclass(frozen=True, slots=True)
class SendAgain:
    """It is not there: the same content may be sent (again)."""


@dataclass(frozen=True, slots=True)
class ForStaff:
    """A person decides. `code` says more than the reason."""

    reason: str
    code: str = ""


Decision = Adopt | LookAgain | SendAgain | ForStaff


@dataclass(frozen=True, slots=True)
class Pace:
    """The settle time and what follows from it, milliseconds."""

    settle_ms: int
    quick_ms: tuple[int, ...] = field(init=False)
    gap_ms: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "quick_ms", tuple(self.settle_ms // part for part in QUICK_PARTS))
        object.__setattr__(self, "gap_ms", self.settle_ms // GAP_PART)

    def first_look_ms(self) -> int:
        """How long after the outcome became unknown the first look is."""
        return self.quick_ms[0]


def pace_of(settle_seconds: float) -> Pace:
    return Pace(max(1, int(settle_seconds * 1000)))


def judge(case: Case, seen: Seen, pace: Pace) -> Decision:
    """What follows from one scan. Absence takes two whole scans, the first after the settle time."""
    if seen.uids:
        is_foreign = not case.had_unknown and not case.looks_first
        return Adopt(seen.uids[0], seen.uids[1:], is_foreign)
    clean_from, gap = _proof(case, pace)
    if not seen.is_whole:
        if seen.started_ms > case.unknown_ms + PATIENCE_SETTLES * pace.settle_ms:
            return ForStaff(_staff_reason(case), "list_never_whole")
        return LookAgain(max(seen.started_ms + pace.quick_ms[1], _next_ms(case, seen, pace)), case.clean_ms)
    if seen.started_ms < clean_from:
        return LookAgain(_next_ms(case, seen, pace), None)
    if case.clean_ms is None:
        return LookAgain(seen.started_ms + gap, seen.started_ms)
    if seen.started_ms < case.clean_ms + gap:
        return LookAgain(case.clean_ms + gap, case.clean_ms)
    return _absent(case, seen)


def _proof(case: Case, pace: Pace) -> tuple[int, int]:
    """From when on a scan counts, and how far the second is from the first."""
    if case.is_taken and not case.had_unknown:
        # Nothing of ours is under way: what is there was there before we asked.
        return case.unknown_ms, pace.gap_ms
    if case.is_taken:
        return case.unknown_ms + pace.settle_ms, (TAKEN_SETTLES - 1) * pace.settle_ms
    return case.unknown_ms + pace.settle_ms, pace.gap_ms


def _next_ms(case: Case, seen: Seen, pace: Pace) -> int:
    """The next of the looks: the quick ones, then the first that counts."""
    later = [
        case.unknown_ms + wait
        for wait in (*pace.quick_ms, pace.settle_ms)
        if case.unknown_ms + wait > seen.started_ms
    ]
    return later[0] if later else seen.started_ms + pace.quick_ms[0]


def _absent(case: Case, seen: Seen) -> Decision:
    if seen.is_blind:
        return ForStaff(_staff_reason(case), "no_token_echo")
    if case.is_taken:
        return ForStaff(case.taken_reason)
    if case.rounds >= MAX_ROUNDS:
        return ForStaff(case.unknown_reason, "too_many_rounds")
    return SendAgain()


def _staff_reason(case: Case) -> str:
    return case.taken_reason if case.is_taken and not case.had_unknown else case.unknown_reason
