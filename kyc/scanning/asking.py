"""What the scanner's answer means for a file; and its silence: the file waits."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass

from django.conf import settings

from kyc.choices import Scan
from kyc.scanning import clamd

logger = logging.getLogger(__name__)

# After a silence it is not asked for so long: a pack of thousands must not wait for each of its files.
REST_SECONDS = 10.0
# How long it is believed that it has its signatures.
WATCHING_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """`scan`: a value of kyc.choices.Scan. `found`: the scanner's name for what it found, else ""."""

    scan: Scan
    found: str = ""


class _Manner:
    """What this process knows of the scanner."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rests_until = float("-inf")
        self.watches_until = float("-inf")


_manner = _Manner()


def forget_scanner() -> None:
    """Ask it anew, whatever it did before."""
    with _manner.lock:
        _manner.rests_until = _manner.watches_until = float("-inf")


def is_configured() -> bool:
    return bool(settings.CLAMAV_ADDRESS)


def verdict_on(content: bytes) -> Verdict:
    """What the scanner says of a file. Never raises: without an answer the file is pending."""
    if not is_configured():
        return Verdict(Scan.NOT_SCANNED)
    with _manner.lock:
        if time.monotonic() < _manner.rests_until:
            return Verdict(Scan.PENDING)
        is_sure = time.monotonic() < _manner.watches_until
    try:
        address = clamd.read_address(settings.CLAMAV_ADDRESS)
        if not is_sure:
            _make_sure(address)
        found = clamd.scan(address, content)
    except (clamd.Silent, ValueError) as error:
        logger.warning("scanner_silent why=%s", getattr(error, "why", "address"))
        with _manner.lock:
            _manner.rests_until = time.monotonic() + REST_SECONDS
        return Verdict(Scan.PENDING)
    return Verdict(Scan.INFECTED, found) if found else Verdict(Scan.CLEAN)


def _make_sure(address: clamd.Address) -> None:
    if not clamd.is_watching(address):
        raise clamd.Silent("no_signatures")
    with _manner.lock:
        _manner.watches_until = time.monotonic() + WATCHING_SECONDS
