"""Whether marks stand anywhere, in whichever way they may be written."""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, quote_plus


@dataclass(frozen=True, slots=True)
class Leak:
    mark: str
    where: str


def forms_of(mark: str) -> set[bytes]:
    """A text as it may stand in a file: plain, upside down in case, UTF-16, hexadecimal, escaped, base64."""
    plain = mark.encode()
    found = {plain, mark.lower().encode(), mark.upper().encode(), mark.encode("utf-16-le")}
    found |= {plain.hex().encode(), plain.hex().upper().encode()}
    found |= {quote(mark).encode(), quote_plus(mark).encode(), json.dumps(mark)[1:-1].encode()}
    # Wherever it begins within what was encoded: what is certain of each of the three ways.
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + plain)
        certain = encoded[(shift * 8 + 5) // 6 : (shift + len(plain)) * 8 // 6]
        found |= {certain, certain.replace(b"+", b"-").replace(b"/", b"_")}
    return {form for form in found if len(form) >= 6}


def leaks(paths: Iterable[Path], marks: Mapping[str, str]) -> list[Leak]:
    """The marks that stand in any of these files, and in those below these folders, names of files
    included."""
    names: dict[bytes, str] = {}
    for name, mark in marks.items():
        for form in forms_of(mark):
            names.setdefault(form, name)
    pattern = re.compile(b"|".join(re.escape(form) for form in sorted(names, key=len, reverse=True)))
    found = set()
    for path in _files(paths):
        for text in (str(path.name).encode(), path.read_bytes()):
            found |= {Leak(names[match.group()], path.name) for match in pattern.finditer(text)}
    return sorted(found, key=lambda leak: (leak.mark, leak.where))


def _files(paths: Iterable[Path]) -> Iterable[Path]:
    for path in paths:
        if path.is_dir():
            yield from (below for below in sorted(path.rglob("*")) if below.is_file())
        elif path.exists():
            yield path
