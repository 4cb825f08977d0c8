"""Error codes from an error body of any shape, without personal data.

The exchange answers `{"errors": ["a.b"]}`, but also `{"errors": "text"}`, `{"error": "…"}`, nested objects,
plain text, HTML and nothing. Texts serve the classifier and are then dropped; only codes are kept and shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

NOT_SHOWN = "text_not_shown"
MAX_CODES = 20
MAX_DEPTH = 6  # deeper than any error body that was seen; keeps the walk bounded

_CODE = re.compile(r"[a-z0-9_.-]{1,100}")
_FIELD_PREFIX = re.compile(r"([a-z_]{2,40})\.(?=\S)")
_INDEX = re.compile(r"\[(\w*)\]")
_LONG_NUMBER = re.compile(r"\d{5,}")  # an ID, phone or document number, never part of a code
_WORD = re.compile(r"[a-z0-9]+")

_ENVELOPES = ("errors", "error", "messages", "message", "code", "detail", "details")
_FIELD_KEYS = ("field", "attribute", "param", "parameter", "pointer", "path", "source")
_LEAF_KEYS = frozenset(
    (*_ENVELOPES, "codes", "reason", "type", "title", "description", "msg", "error_description")
)
_ECHO_KEYS = frozenset(("value", "values", "input", "received", "rejected_value", "params", "data"))

# Words of codes themselves: never hidden, even where a customer's address or purpose contains them.
_CODE_WORDS = frozenset(
    _WORD.findall(
        "account already authz blank business customer customers doc document duplicate email empty error "
        "exist exists expired expire file format found http https inclusion invalid is long missing must not "
        "number parameter profile record required resource server short size state taken too type ubo ubos "
        "unknown upload user validation"
    )
)
# Sent values that are words of closed lists or of ours, not somebody's data.
_PUBLIC_FIELDS = frozenset(
    (
        "entity_type",
        "merchant_uid",
        "country",
        "nationality",
        "country_of_residence",
        "registration_country",
        "occupation",
        "source_of_funds",
        "industry",
        "license_status",
        "doc_type",
        "currency",
        "webhook_protocol",
    )
)


def parse_json(body: bytes) -> object | None:
    """The body as JSON whatever the content type said; None where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def read_texts(body: bytes) -> tuple[object | None, list[str]]:
    """The parsed body (None where not JSON) and its error texts, fields joined with dots; not for showing."""
    document = parse_json(body)
    if document is None:
        plain = body.decode("utf-8", "replace").strip()
        return None, [plain] if plain else []
    return document, list(_walk(_envelope(document), (), 0))


def _envelope(document: object) -> object:
    if isinstance(document, Mapping):
        for key in _ENVELOPES:
            if document.get(key):
                return document[key]
    return document


def _walk(node: object, path: tuple[str, ...], depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH or node is None or isinstance(node, bool):
        return
    if isinstance(node, Mapping):
        named = next((node[key] for key in _FIELD_KEYS if isinstance(node.get(key), str)), None)
        inner = (*path, named) if named else path
        for key, value in node.items():
            if key in _FIELD_KEYS or key in _ECHO_KEYS:
                continue
            yield from _walk(value, inner if key in _LEAF_KEYS else (*inner, key), depth + 1)
    elif isinstance(node, list):
        for item in node:
            yield from _walk(item, path, depth + 1)
    else:
        yield ".".join((*path, str(node)))


def safe_codes(texts: list[str], private: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """At most 20 distinct codes of [a-z0-9_.-], at most 100 characters each, in the order they came.

    What is no code, holds a long number or a word of `private` becomes `text_not_shown`, with the field
    before it where that much is a code.
    """
    codes: dict[str, None] = {}
    for text in texts:
        if len(codes) == MAX_CODES:
            break
        codes[_safe(_INDEX.sub(r".\1", text).rstrip("."), private)] = None
    return tuple(codes)


def _safe(text: str, private: frozenset[str]) -> str:
    if _is_code(text, private):
        return text
    field = _FIELD_PREFIX.match(text)
    if field and _is_code(field[1], private):
        return f"{field[1]}.{NOT_SHOWN}"
    return NOT_SHOWN


def _is_code(text: str, private: frozenset[str]) -> bool:
    return (
        _CODE.fullmatch(text) is not None
        and _LONG_NUMBER.search(text) is None
        and private.isdisjoint(_WORD.findall(text))
    )


def private_words(sent: object) -> frozenset[str]:
    """The words of what was sent, which an error body may echo; field names and code words excepted."""
    words: set[str] = set()
    names: set[str] = set()
    _gather(sent, words, names)
    return frozenset(word for word in words - names - _CODE_WORDS if len(word) > 2)


def _gather(node: object, words: set[str], names: set[str]) -> None:
    if isinstance(node, Mapping):
        for key, value in node.items():
            names.update(_WORD.findall(key.replace("_", " ")))
            if key not in _PUBLIC_FIELDS:
                _gather(value, words, names)
    elif isinstance(node, list):
        for item in node:
            _gather(item, words, names)
    elif isinstance(node, str):
        words.update(_WORD.findall(node.lower()))
