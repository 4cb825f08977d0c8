"""Hand in an onboarding pack: a folder, a zip, a workbook or a lone customers.csv."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import policy
from accounts.acting import ActingCommand, acting_user
from accounts.models import MACHINE_EMAIL, User
from kyc.pack.places import Places
from kyc.pack.unreadable import PackUnreadable

UNUSABLE = 2
# Plain progress: a line after so many customers.
_TELL_EVERY = 5_000


class Command(ActingCommand):
    action = "customer.register"
    help = (
        "Import an onboarding pack. Rows without errors are kept, the others are left out and reported. "
        "Exit code 0: every row was accepted; 1: some were rejected or held; 2: the pack can't be used."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("pack", type=Path, metavar="PACK", help="a folder, a .zip, an .xlsx or a customers.csv")
        add(
            "--documents", type=Path, metavar="DIR", help="a folder or zip with the files, if not in the pack"
        )
        add("--merchant", default="", metavar="UID", help="the merchant of rows that name none")
        add("--dry-run", action="store_true", help="judge everything, write nothing")
        add("--submit", action="store_true", help="submit what is complete to the exchange")
        add("--accept-warnings", metavar="REASON", help="accept the pack's warnings, and say why")
        add("--report", type=Path, metavar="FILE", help="the rejected rows again: a folder, or an .xlsx")

    def act(self, actor: User, **options: Any) -> None:
        from exchange.connection import make_client
        from kyc.pack.columns import DOCUMENTS
        from kyc.pack.importing import Options, import_pack
        from kyc.pack.noting import note_imported, note_refused
        from kyc.pack.opening import open_pack
        from kyc.pack.report import check_size, make_report
        from kyc.pack.telling import tell

        if options["accept_warnings"] is not None and not options["accept_warnings"].strip():
            raise CommandError(
                "--accept-warnings needs the reason why they are accepted. Nothing was changed.",
                returncode=UNUSABLE,
            )
        # Said before anything is written, not after the first hundred customers.
        if options["submit"]:
            policy.require(actor, "customer.submit")
        if options["accept_warnings"]:
            policy.require(actor, "warning.propose")
        settings = Options(
            actor=actor,
            merchant_uid=options["merchant"].strip(),
            is_dry=options["dry_run"],
            submits=options["submit"],
            accept_warnings=(options["accept_warnings"] or "").strip(),
        )
        path: Path = options["pack"]
        report = None
        try:
            with open_pack(path, options["documents"]) as pack, self._progress() as progress:
                labels = {name: table.where for name, table in pack.tables.items()}
                documents = (options["documents"] or path) if DOCUMENTS in pack.tables else None
                if options["report"] is not None:
                    report = make_report(options["report"], pack, path)

                def surveyed(places: Places) -> None:
                    check_size(report, places.counts)
                    progress.begin(places.counts["customers"])

                tally = import_pack(
                    pack,
                    settings,
                    make_client=make_client,
                    report=report,
                    surveyed=surveyed,
                    tick=progress.tick,
                )
            written = report.finish() if report is not None else None
        except PackUnreadable as error:
            if not settings.is_dry:
                note_refused(actor=actor)
            raise CommandError(
                f"The pack can't be used. Nothing was changed.\n{error}", returncode=UNUSABLE
            ) from None
        finally:
            if report is not None:
                report.abandon()
        if not settings.is_dry:
            note_imported(tally, actor=actor)
        for line in tell(
            tally,
            is_dry=settings.is_dry,
            submits=settings.submits,
            report=written,
            documents=documents,
            labels=labels,
        ):
            self.stdout.write(line)
        if tally.exit_code:
            sys.exit(tally.exit_code)

    def actor(self, options: dict[str, Any]) -> User:
        if options["dry_run"] and not options["actor"]:
            # A dry run writes nothing, not even the machine's own account.
            known = User.objects.filter(email=MACHINE_EMAIL).first()
            return known or User(email=MACHINE_EMAIL, is_machine=True)
        return acting_user(options["actor"])

    @contextmanager
    def _progress(self) -> Iterator[_Lines | _Bar]:
        out = getattr(self.stdout, "_out", self.stdout)
        if out is sys.stdout and sys.stdout.isatty():
            with _Bar() as bar:
                yield bar
        else:
            yield _Lines(self)


class _Lines:
    """Progress for a log: a plain line now and then."""

    def __init__(self, command: BaseCommand) -> None:
        self._command = command
        self._done = self._total = 0

    def begin(self, total: int) -> None:
        self._total = total
        self._command.stdout.write(f"The pack was read: {total:,} customers.")

    def tick(self, count: int) -> None:
        before, self._done = self._done, self._done + count
        if before // _TELL_EVERY != self._done // _TELL_EVERY:
            self._command.stdout.write(f"  {min(self._done, self._total):,} of {self._total:,} customers")


class _Bar:
    """Progress on a terminal, drawn at each step: a process with threads would start no second one."""

    def __enter__(self) -> _Bar:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            transient=True,
            auto_refresh=False,
        )
        self._progress.__enter__()
        self._task = self._progress.add_task("Reading the pack", total=None)
        self._progress.refresh()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._progress.__exit__(*exception)

    def begin(self, total: int) -> None:
        self._progress.update(self._task, description="Importing customers", total=total, refresh=True)

    def tick(self, count: int) -> None:
        self._progress.update(self._task, advance=count, refresh=True)
