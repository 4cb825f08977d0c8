"""`manage.py reconcile`: what we hold against what the exchange holds."""

import json
from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.acting import ActingCommand
from accounts.models import User
from customers.models import Merchant
from exchange.client import ExchangeClient, ExchangeError
from exchange.connection import make_patient_client
from kyc.drift.choices import Code, Kind, Obstacle
from kyc.drift.models import DriftRow, DriftRun
from kyc.drift.reconciling import reconcile
from kyc.drift.taking_in import take_in


class Command(ActingCommand):
    action = "drift.reconcile"
    help = (
        "Compare our customers with the exchange's lists and name every difference with what to do about it. "
        "Exit 0: none; 1: some; 2: the exchange could not be asked, or not for all of it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--merchant", metavar="UID", help="only this merchant's (self: our own)")
        parser.add_argument("--full", action="store_true", help="their details too: one call per customer")
        parser.add_argument(
            "--take-in", action="store_true", help="make read-only records of what is only at the exchange"
        )
        parser.add_argument("--json", action="store_true", help="the result as one JSON object")

    def act(self, actor: User, **options: Any) -> None:
        merchant = None
        if options["merchant"]:
            merchants = Merchant.objects.visible_to(actor, self.action)
            merchant = merchants.filter(uid=options["merchant"]).first()
            if merchant is None:
                raise CommandError(
                    f"No merchant {options['merchant']} is known here. `manage.py pull_merchants` may help.",
                    returncode=2,
                )
        client = make_patient_client()
        try:
            run = reconcile(client, actor=actor, merchant=merchant, is_full=options["full"])
            rows = list(run.rows.all())
            if options["take_in"]:
                self._take_in(client, rows, actor)
        except ExchangeError as error:
            raise CommandError(f"{error} Nothing here was changed; ask again.", returncode=2) from None
        finally:
            client.close()
        if options["json"]:
            self.stdout.write(json.dumps(as_json(run, rows), indent=2))
        else:
            self._tell(run, rows)
        if not run.is_complete:
            raise SystemExit(2)
        if any(row.is_open for row in rows):
            raise SystemExit(1)

    @staticmethod
    def _take_in(client: ExchangeClient, rows: Sequence[DriftRow], actor: Any) -> None:
        for row in rows:
            if row.may_be_taken_in:
                take_in(client, row, actor=actor)

    def _tell(self, run: DriftRun, rows: Sequence[DriftRow]) -> None:
        for kind in Kind:
            mine = [row for row in rows if row.kind == kind]
            if mine:
                self.stdout.write(f"{kind.label}: {len(mine)}")
            for row in mine:
                told = ", ".join(row.fields) or str(Code(row.code).label)
                name = f"{row.reference} {row.uid}".strip()
                self.stdout.write(f"  {name} ({row.merchant_uid}): {told}")
                if not row.is_open:
                    self.stdout.write("    Taken in.")
                elif row.obstacle:
                    self.stdout.write(f"    Can't be taken in: {Obstacle(row.obstacle).label}.")
                self.stdout.write(f"    {row.action}" if row.is_open else "")
        self.stdout.write(
            f"{run.here} here, {run.there} at the exchange, {run.merchants} merchants: "
            f"{len(rows)} differences."
        )
        if run.under_way:
            self.stdout.write(f"{run.under_way} there are creates of ours that the outbox is settling.")
        if run.details:
            self.stdout.write(f"{run.details} compared in detail.")
        if run.incomplete:
            self.stderr.write(
                f"Lists that could not be read whole: {', '.join(run.incomplete)}. Run this again."
            )
        if run.unread:
            self.stderr.write(f"{run.unread} could not be read in detail. Run this again.")


def as_json(run: DriftRun, rows: Sequence[DriftRow]) -> dict[str, Any]:
    """The run and its findings; no personal data."""
    return {
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "is_full": run.is_full,
        "is_complete": run.is_complete,
        **{
            name: getattr(run, name)
            for name in ("merchants", "here", "there", "under_way", "details", "unread")
        },
        "incomplete": run.incomplete,
        "drift": [
            {
                **{name: getattr(row, name) for name in ("kind", "code", "uid", "merchant_uid", "reference")},
                "fields": row.fields,
                "action": row.action,
                "take_in": row.take_in,
                "obstacle": row.obstacle,
            }
            for row in rows
        ],
    }
