"""What is worked out is kept for a while, for all processes. A cache that is away keeps nothing, no more."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache

log = logging.getLogger(__name__)
Made = TypeVar("Made")


def kept(key: str, seconds: float, make: Callable[[], Made]) -> Made:
    """What was kept under `key`, or what `make` makes now, which is then kept for so long. Never None."""
    try:
        held = cache.get(key)
    except Exception as error:  # each cache has errors of its own, and no common one
        log.warning("cache_away error=%s", type(error).__name__)
        return make()
    if held is not None:
        return held
    made = make()
    try:
        cache.set(key, made, seconds)
    except Exception as error:
        log.warning("cache_away error=%s", type(error).__name__)
    return made
