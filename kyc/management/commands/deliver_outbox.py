"""`manage.py deliver_outbox`: tell the exchange what is due, with no broker and no other process."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandParser

from accounts.acting import ActingCommand
from accounts.models import User
from exchange.outbox import queries
from exchange.outbox.choices import IntentState, Reason, Topic
from exchange.outbox.crew import Crew
from exchange.outbox.key_clock import KeyState
from exchange.outbox.standstill import ask_again, only_refused_is_left, refused_calls
from exchange.outbox.watchdog import watched
from kyc.delivery.progress import show_progress
from kyc.models import Document


class Command(ActingCommand):
    action = "outbox.deliver"
    help = (
        "Deliver what is due to the exchange. Exit 0: nothing is left; 1: something is left, and the summary "
        "says what waits for a person and why."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--until-idle",
            action="store_true",
            help="go on, waiting where it must, until all is done or waits for a person",
        )
        parser.add_argument("--lanes", type=int, default=None, help="customers side by side (EXCHANGE_LANES)")

    def act(self, actor: User, **options: Any) -> None:
        crew = Crew(options["lanes"])
        # Whoever starts this has looked at the key and the contract: they are tried again at once.
        crew.delivery.clock.resume()
        ask_again()
        with _ending(crew), crew, watched(crew), show_progress(self.stdout) as notice:
            crew.run(
                until="idle" if options["until_idle"] else "nothing_due",
                notice=notice,
                give_up=lambda: crew.delivery.clock.state().is_stopped or only_refused_is_left(),
            )
            was_stopped = crew.is_stopping
        self._summary(crew.delivery.clock.state(), was_stopped=was_stopped)
        if queries.open_count():
            raise SystemExit(1)

    def _summary(self, key: KeyState, *, was_stopped: bool) -> None:
        write = self.stdout.write
        table = queries.counts()
        if not table:
            write("Nothing was ever submitted: there is nothing to deliver.")
            return
        for topic in Topic:
            states = table.get(topic, {})
            parts = [
                f"{states[state]} {str(IntentState(state).label).lower()}"
                for state in IntentState
                if states.get(state)
            ]
            if parts:
                write(f"{topic.label}: {', '.join(parts)}")
        for (name, reason), count in sorted(queries.reasons().items()):
            if reason:
                label, remedy = Reason(reason).label, Reason(reason).remedy_for("", name)
                write(f"Waits for a person: {count} × {Topic(name).label}: {label}. {remedy}")
        if flagged := Document.objects.filter(is_flagged=True).count():
            write(
                f"Its reply was lost, so it may be there twice or not at all: {flagged} × document. "
                "`manage.py outbox_status` names them; ask the exchange what it holds."
            )
        if key.stopped_code:
            write(
                f"The exchange refuses the API key ({key.stopped_code}). Check EXCHANGE_API_KEY, "
                "EXCHANGE_API_SECRET and the key's owner there, then start this again."
            )
        for call in refused_calls():
            write(
                f"The exchange refuses {call} for every customer, so it rests. Check EXCHANGE_DIALECT and "
                "the key's rights with the exchange, then start this again; what was not sent is still here."
            )
        if was_stopped:
            write("Stopped on request. What is left is taken up at the next start.")


@contextmanager
def _ending(crew: Crew) -> Iterator[None]:
    """SIGINT and SIGTERM let the calls in flight finish; a second SIGINT ends at once."""

    def stop(number: int, _frame: Any) -> None:
        crew.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
