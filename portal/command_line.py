"""`manage.py`: Django's own command line, with the database made ready for our commands first."""

import logging
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand

from portal import starting
from portal.logs import catch_what_nobody_caught

# The rooms whose commands use the database; Django's own look after themselves.
ROOMS = frozenset({"vault", "exchange", "accounts", "customers", "kyc", "payments", "portal"})
# `up` prepares the database itself, and says so.
PREPARE_THEMSELVES = frozenset({"up"})
# What runs for days logs what it does; whoever runs another command reads its summary.
RUN_FOR_DAYS = frozenset({"up", "work"})
# The settings or the database are not as they must be; what a command was asked for was not begun.
EXIT_NOT_READY = 3
# As shells report a program that ended by SIGPIPE.
EXIT_UNHEARD = 141


class CommandLine(ManagementUtility):
    """Django's, except that a command of ours finds a database that it can use."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        command = super().fetch_command(subcommand)
        asks_for_help = self.argv[1:2] == ["help"] or {"-h", "--help"} & set(self.argv)
        checks_all = command.requires_system_checks == "__all__" and "--skip-checks" not in self.argv
        if (checks_all or subcommand == "check") and not asks_for_help:
            starting.load_pages()
        starting.everything_loaded()
        if type(command).__module__.split(".")[0] not in ROOMS or asks_for_help:
            return command
        if subcommand not in RUN_FOR_DAYS:
            _log_warnings_only()
        if subcommand not in PREPARE_THEMSELVES:
            from portal.database import ensure_ready
            from portal.known_keys import ensure_known_keys

            ensure_ready()
            ensure_known_keys()
        return command


def _log_warnings_only() -> None:
    from django.conf import settings

    if "LOG_LEVEL" not in settings.SETTINGS_GIVEN:
        for room in ROOMS:
            logging.getLogger(room).setLevel(logging.WARNING)


def execute(arguments: list[str]) -> None:
    """Run `manage.py <arguments>`. Exit 3 with one line where settings or database don't allow it."""
    catch_what_nobody_caught()
    try:
        CommandLine(arguments).execute()
    except BrokenPipeError:
        # Whoever read the output (`… | head`) has gone, so nobody would hear the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_UNHEARD)
    except ImproperlyConfigured as error:
        _refuse(f"The settings don't fit: {error}")
    except Exception as error:
        # Imported here: it needs Django's settings, which may be what is wrong.
        from portal.database import NotReady

        if not isinstance(error, NotReady):
            raise
        _refuse(str(error))


def _refuse(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.exit(EXIT_NOT_READY)
