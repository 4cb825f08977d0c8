"""After ten wrong tries nobody signs in for half an hour: counted for the account and for the address.

A try is taken before the password or code is looked at, in one statement that several processes can't run
past: whatever runs side by side, no more than ten are looked at. A right one is given back.

Whoever has signed in with a browser before is counted by that browser alone, so a stranger who locks an
account, or shares an office's address, keeps nobody out of their own. An account that does not exist is
counted like one that does.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from accounts.sign_in.addresses import counted_address
from accounts.sign_in.known_devices import known_device
from accounts.sign_in.models import Tries
from accounts.sign_in.telling import pseudonym, tell_refused
from vault.indexes import lasting_index

# PCI DSS 8.3.4: at most ten tries, then at least thirty minutes.
LIMIT = 10
LOCKED_FOR = datetime.timedelta(minutes=30)
# What was counted longer ago than this is of no use to anybody.
KEPT_FOR = datetime.timedelta(days=1)


class Counter(NamedTuple):
    kind: Tries.Kind
    key: str


@dataclass
class LockedOut(Exception):
    """No further try is looked at. `minutes`: how long that holds."""

    minutes: int = int(LOCKED_FOR.total_seconds() // 60)


def counters_for(request: HttpRequest, email: str, user: User | None) -> tuple[Counter, ...]:
    """Under what a sign-in as `email` is counted; `user` is who has that address, if anybody."""
    device = known_device(request, user)
    if device:
        return (_counter(Tries.Kind.DEVICE, device),)
    return (
        _counter(Tries.Kind.ACCOUNT, email.strip().lower()),
        _counter(Tries.Kind.ADDRESS, counted_address(request)),
    )


def counters_for_step_up(user: User) -> tuple[Counter, ...]:
    """Under what the codes are counted that somebody who is signed in enters."""
    return (_counter(Tries.Kind.STEP_UP, str(user.pk)),)


def take_try(counters: Sequence[Counter]) -> None:
    """Count a try that is about to be looked at. Raises LockedOut, counting nothing, where none is left."""
    now = timezone.now()
    with transaction.atomic():
        for counter in counters:
            if not _count(counter, now):
                raise LockedOut


def give_back(counters: Sequence[Counter]) -> None:
    """It was a right one."""
    for counter in counters:
        _rows(counter).filter(count__gt=0).update(count=F("count") - 1)


def forget(counters: Sequence[Counter]) -> None:
    """Somebody has proved who they are: the account begins anew. An address does not: what others tried from
    it stays counted."""
    for counter in counters:
        if counter.kind is not Tries.Kind.ADDRESS:
            _rows(counter).delete()


def unlock(email: str) -> None:
    """Let somebody in again who is locked out, as far as their account goes."""
    forget((_counter(Tries.Kind.ACCOUNT, email.strip().lower()),))


def note_failure(
    counters: Sequence[Counter], user: User | None, *, what: str, request: HttpRequest, email: str = ""
) -> None:
    """Write down that a try was wrong (`what`: password, code or key), and once for each lock-out that it
    brought about."""
    with transaction.atomic():
        tell_refused(
            "sign_in.failed",
            user,
            actor=_signed_in(request),
            what=what,
            account=pseudonym("account", email.strip().lower()),
            address=pseudonym("address", counted_address(request)),
        )
        for counter in counters:
            full = _rows(counter).filter(count__gte=LIMIT, is_told=False)
            if full.update(is_told=True):
                tell_refused(
                    "sign_in.locked_out",
                    user,
                    actor=_signed_in(request),
                    by=counter.kind.value,
                    tries=LIMIT,
                    minutes=LockedOut().minutes,
                    address=pseudonym("address", counted_address(request)),
                )


def clear_old_counts() -> int:
    """Take away what no longer counts; how many."""
    return Tries.objects.filter(counted_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def _signed_in(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _counter(kind: Tries.Kind, value: str) -> Counter:
    return Counter(kind, lasting_index(f"tries/{kind.value}", value or "unknown"))


def _rows(counter: Counter):  # type: ignore[no-untyped-def]
    return Tries.objects.filter(kind=counter.kind, key=counter.key)


def _count(counter: Counter, now: datetime.datetime) -> bool:
    """Add one to the counter, from the start if its lock-out is over; False where it is full."""
    is_over = Q(counted_at__lte=now - LOCKED_FOR)
    Tries.objects.bulk_create(
        [Tries(kind=counter.kind, key=counter.key, counted_at=now)], ignore_conflicts=True
    )
    return bool(
        _rows(counter)
        .filter(Q(count__lt=LIMIT) | is_over)
        .update(
            count=Case(When(is_over, then=Value(1)), default=F("count") + 1),
            is_told=Case(When(is_over, then=Value(False)), default=F("is_told")),
            counted_at=now,
        )
    )
