"""What runs in a process that only judges. It imports nothing of ours before Django is set up."""

from __future__ import annotations

import signal
from datetime import date
from typing import Any

import django


def begin() -> None:
    """A judging process's start. Ctrl-C is the importing process's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    django.setup()


def judge_all(payload: list[Any], today: date) -> list[Any]:
    """`kyc.pack.judging.judge_cells` for each unit of a chunk; None where it has no customer's row."""
    from kyc.pack.judging import judge_cells

    return [None if cells is None else judge_cells(*cells, today=today) for cells in payload]
