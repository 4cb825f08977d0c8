"""The exchange's two closed lists, byte for byte (002, "Lists"), and the entries nearest to a near miss.

``lists.json`` is the exchange's own text: its clipped plurals ("Bu Driver", "Oil and Ga") are what it
accepts, so they are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

_LISTS = json.loads(Path(__file__).with_name("lists.json").read_text(encoding="utf-8"))

OCCUPATIONS: tuple[str, ...] = tuple(_LISTS["occupations"])
OCCUPATION_SET: frozenset[str] = frozenset(OCCUPATIONS)
SOURCES_OF_FUNDS: tuple[str, ...] = tuple(_LISTS["source_of_funds"])
SOURCE_OF_FUNDS_SET: frozenset[str] = frozenset(SOURCES_OF_FUNDS)

NEAREST_MAX = 3
NEAREST_LENGTH = 120  # characters that are compared; the longest entry has fewer
NEAREST_RATIO = 0.6  # below this a suggestion is noise
SHARED_WORD_BONUS = 0.3  # "Teacher" is nearer to "Preschool Teacher" than letters alone say


def nearest(value: str, entries: Sequence[str]) -> list[str]:
    """Up to three entries of the list nearest to the value, the nearest first; [] when none is near.

    An entry that differs by case or surrounding space only is the sole answer.
    """
    return list(_nearest(" ".join(value[:NEAREST_LENGTH].casefold().split()), tuple(entries)))


@lru_cache(maxsize=4096)  # one wrong word tends to fill a column
def _nearest(wanted: str, entries: tuple[str, ...]) -> tuple[str, ...]:
    if not wanted:
        return ()
    same = tuple(entry for entry in entries if entry.casefold() == wanted)
    if same:
        return same[:1]
    words = _words(wanted)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(wanted)
    scored = []
    for place, entry in enumerate(entries):
        folded = entry.casefold()
        shared = len(words & _words(folded))
        bonus = SHARED_WORD_BONUS * shared / max(len(words), 1)
        matcher.set_seq1(folded)
        if (
            matcher.real_quick_ratio() + bonus < NEAREST_RATIO
            or matcher.quick_ratio() + bonus < NEAREST_RATIO
        ):
            continue
        score = matcher.ratio() + bonus
        if score >= NEAREST_RATIO:
            scored.append((-score, place, entry))
    return tuple(entry for _, _, entry in sorted(scored)[:NEAREST_MAX])


@lru_cache(maxsize=8192)
def _words(folded: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w{3,}", folded))
