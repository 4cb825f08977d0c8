"""What a PDF would do to whoever opens it: found by walking its objects, packed ones too.

A statement that opens at a certain page, or links to a bank's site, does nothing that matters; a script, the
start of a program, a file inside the file, a form of its own kind, or a link into somebody's network does.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream

# The kinds of actions (PDF 2.0, 12.6.4), by what staff are told of them.
_ACTIONS = {
    "/JavaScript": "script",
    "/Launch": "program",
    "/SubmitForm": "sends",
    "/ImportData": "sends",
    "/GoToE": "file_inside",
    "/Rendition": "media",
    "/RichMediaExecute": "media",
    "/Movie": "media",
    "/Sound": "media",
}
_KEYS = {"/JS": "script", "/XFA": "form", "/EmbeddedFiles": "file_inside", "/RichMediaContent": "media"}
_TYPES = {"/EmbeddedFile": "file_inside"}
_WORTH_A_WALK = re.compile(
    rb"/(?:JavaScript|JS|Launch|SubmitForm|ImportData|GoToE|Rendition|RichMedia|Movie|Sound|XFA|EmbeddedFile|URI)"
)
# Parts looked at one by one: a long statement has some thousand links. What has more is not vouched for.
MOST_PARTS = 20_000
MOST_NESTING = 30
_HARMLESS_SCHEMES = frozenset({"http", "https", "mailto", "tel", ""})
_INNER_NAMES = re.compile(r"(^|\.)(localhost|local|internal|intranet|lan|home|corp)\.?$")
_NUMERIC = re.compile(r"[0-9a-fx.]+$")


def deeds_of(pdf: pikepdf.Pdf) -> list[str]:
    """What the PDF would do, sorted: script, program, sends, file_inside, form, media, inner_link, unseen."""
    found: set[str] = set()
    left = MOST_PARTS
    for thing in [pdf.trailer, *pdf.objects]:
        held = thing.stream_dict if isinstance(thing, Stream) else thing
        # Written out, names are spelled without tricks: most objects name nothing that is worth a walk.
        if isinstance(held, Dictionary | Array) and _WORTH_A_WALK.search(held.unparse(resolved=True)):
            left = _walk(held, found, left)
    return sorted(found)


def _walk(top: Object, found: set[str], left: int) -> int:
    """Look at an object and at what lies inside it; how many parts may still be looked at."""
    todo: list[tuple[Object, int]] = [(top, 0)]
    while todo and left:
        left -= 1
        held, depth = todo.pop()
        if depth > MOST_NESTING or len(held) > left:
            found.add("unseen")
            continue
        if isinstance(held, Array):
            inside = list(held)
        else:
            _judge(held, found)
            inside = [held[key] for key in held.keys()]  # noqa: SIM118 - a PDF's dictionary is no mapping
        todo += [(child, depth + 1) for child in inside if _is_inside(child)]
    if todo:
        found.add("unseen")
    return left


def _is_inside(child: object) -> bool:
    return isinstance(child, Dictionary | Array) and not child.is_indirect


def _judge(held: Object, found: set[str]) -> None:
    names = held.keys()
    action = held.get("/S")
    if isinstance(action, Name) and (deed := _ACTIONS.get(str(action))):
        found.add(deed)
    found.update(deed for name, deed in _KEYS.items() if name in names)
    kind = held.get("/Type")
    if isinstance(kind, Name) and (deed := _TYPES.get(str(kind))):
        found.add(deed)
    if "/URI" in names and leads_inside(str(held["/URI"])):
        found.add("inner_link")


def leads_inside(link: str) -> bool:
    """Whether a link is none to a public site: another scheme, a bare address, a name of a network's own."""
    try:
        parts = urlsplit(link.strip())
        host = parts.hostname or ""
    except ValueError:
        return True
    if parts.scheme.lower() not in _HARMLESS_SCHEMES:
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        # 127.1, 0x7f000001: addresses too, for most programs that follow a link.
        return bool(_INNER_NAMES.search(host) or (host and _NUMERIC.fullmatch(host) and host[0].isdigit()))
