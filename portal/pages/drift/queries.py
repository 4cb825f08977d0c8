"""What the drift page shows: the last comparison, what it found, and what is being done."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from accounts.models import User
from accounts.policy import may, merchant_scope
from customers.models import Merchant
from kyc.drift.choices import Code, Kind, Obstacle, RunState, TakeIn
from kyc.drift.models import DriftRow, DriftRun
from kyc.drift.taking_in import obstacle_to_all

ROWS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Row:
    """One difference in words. `may_take_in`: a record can be asked for, and this person may."""

    drift: DriftRow
    merchant: str
    sees_customer: bool
    kind: Kind
    says: str
    obstacle: str
    may_take_in: bool


@dataclass(frozen=True, slots=True)
class Drift:
    """`last`: the newest comparison that was finished; `failed`: a newer one that was not; `current`: one
    that is asked for or running. `counts`: open differences by kind; `takeable`: of those, by a record."""

    last: DriftRun | None
    failed: DriftRun | None
    current: DriftRun | None
    counts: dict[str, int]
    takeable: int
    asked: int
    rows: list[Row]
    has_more: bool
    # Why nothing is taken in just now; "" where it is.
    waits: str
    # The totals of a comparison are all merchants': for who may see all of them.
    sees_totals: bool

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def kinds(self) -> list[tuple[Kind, int]]:
        return [(kind, self.counts.get(kind.value, 0)) for kind in Kind]

    @property
    def is_busy(self) -> bool:
        return self.current is not None or self.asked > 0


def drift(*, user: User, values: Mapping[str, str]) -> Drift:
    """The page for what `user` may see; a fixed number of queries."""
    last = visible_runs(user).filter(state=RunState.DONE).order_by("-requested_at").first()
    ended = visible_runs(user).filter(state=RunState.FAILED).order_by("-requested_at").first()
    current = visible_runs(user).filter(state__in=(RunState.REQUESTED, RunState.RUNNING)).first()
    failed = ended if ended and (last is None or ended.requested_at > last.requested_at) else None
    rows = visible_rows(user).filter(run=last) if last else DriftRow.objects.none()
    open_rows = rows.exclude(take_in=TakeIn.DONE)
    counted = list(
        open_rows.values("kind")
        .order_by("kind")
        .annotate(
            n=Count("pk"),
            takeable=Count("pk", filter=_takeable()),
            asked=Count("pk", filter=Q(take_in=TakeIn.ASKED)),
        )
    )
    for name, field in (("kind", "kind"), ("merchant", "merchant_uid")):
        if value := values.get(name):
            rows = rows.filter(**{field: value})
    obstacle = obstacle_to_all()
    shown = list(rows.order_by("kind", "merchant_uid", "uid")[: ROWS_SHOWN + 1])
    return Drift(
        last=last,
        failed=failed,
        current=current,
        counts={line["kind"]: line["n"] for line in counted},
        takeable=sum(line["takeable"] for line in counted),
        asked=sum(line["asked"] for line in counted),
        rows=_rows(shown[:ROWS_SHOWN], user, is_open_to_records=obstacle is None),
        has_more=len(shown) > ROWS_SHOWN,
        waits=str(obstacle.label) if obstacle else "",
        sees_totals=merchant_scope(user, "drift.view") is None,
    )


def visible_runs(user: User) -> QuerySet[DriftRun]:
    """Comparisons of all merchants, and of those that the user may see."""
    scope = merchant_scope(user, "drift.view")
    runs = DriftRun.objects.all()
    return runs if scope is None else runs.filter(merchant_uid__in=["", *scope])


def visible_rows(user: User) -> QuerySet[DriftRow]:
    scope = merchant_scope(user, "drift.view")
    return DriftRow.objects.all() if scope is None else DriftRow.objects.filter(merchant_uid__in=scope)


def takeable_rows(user: User) -> QuerySet[DriftRow]:
    """What the last comparison found that a record can be asked for."""
    last = visible_runs(user).filter(state=RunState.DONE).order_by("-requested_at").first()
    return visible_rows(user).filter(_takeable(), run=last) if last else DriftRow.objects.none()


def _takeable() -> Q:
    codes = [code.value for code in Code if code.may_be_taken_in]
    return Q(code__in=codes) & ~Q(take_in__in=(TakeIn.ASKED, TakeIn.DONE))


def _rows(rows: list[DriftRow], user: User, *, is_open_to_records: bool) -> list[Row]:
    names = {
        merchant.uid: str(merchant)
        for merchant in Merchant.objects.visible_to(user, "drift.view").filter(
            uid__in={row.merchant_uid for row in rows}
        )
    }
    rights = {uid: may(user, "drift.take_in", uid) for uid in {row.merchant_uid for row in rows}}
    return [
        Row(
            drift=row,
            merchant=names.get(row.merchant_uid, row.merchant_uid),
            sees_customer=may(user, "customer.view", row.merchant_uid),
            kind=Kind(row.kind),
            says=str(Code(row.code).label),
            obstacle=str(Obstacle(row.obstacle).label) if row.obstacle else "",
            may_take_in=is_open_to_records and row.may_be_taken_in and rights[row.merchant_uid],
        )
        for row in rows
    ]
