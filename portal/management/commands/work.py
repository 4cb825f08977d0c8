"""`manage.py work`: the worker. Delivers what is due and runs the schedule, until it is told to stop."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from accounts.acting import ActingCommand
from accounts.circumstances import Channel, set_process_channel
from accounts.models import User
from portal.schedule import run_schedule


class Command(ActingCommand):
    action = "schedule.run"
    is_for_machine_only = True
    help = (
        "Deliver to the exchange and run the schedule. With BROKER_URL this is a Celery worker with its "
        "beat; without, the database is asked twice a second. SIGTERM: finish what is in flight, then end."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lanes", type=int, default=None, help="customers side by side (EXCHANGE_LANES)")

    def act(self, actor: User, **options: Any) -> None:
        set_process_channel(Channel.TASK)
        if settings.BROKER_URL:
            from portal.celery import app

            app.worker_main(["worker", "--beat", "--loglevel", "WARNING"])
            return
        from exchange.outbox.crew import Crew
        from exchange.outbox.watchdog import watched
        from portal.signs_of_life import give_signs_of_life

        crew = Crew(options["lanes"])
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: crew.stop())
        clock = threading.Thread(target=run_schedule, args=[crew.delivery.stop], name="schedule", daemon=True)
        give_signs_of_life()
        with crew, watched(crew):
            clock.start()
            crew.run()
        clock.join(timeout=10)
