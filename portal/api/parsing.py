"""What a call may hand in: strict JSON, known fields, nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from customers.problems import ERROR, Problem, Refused, shown_safely
from kyc.records import INDIVIDUAL_FIELDS, PROFILE_FIELDS, SHARED_FIELDS, UBO_FIELDS

PROFILE = "business_profile"
CUSTOMER_FIELDS = frozenset(
    {"reference", "merchant_uid", "entity_type", "sa_id_number", *SHARED_FIELDS, *INDIVIDUAL_FIELDS}
)
OWNER_FIELDS = frozenset({"sa_id_number", *UBO_FIELDS})


class StrictJSONParser(JSONParser):
    """JSON in UTF-8, each key once, no NaN or infinity, nested no deeper than it need be."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return json.loads(
                stream.read().decode("utf-8"), object_pairs_hook=_each_key_once, parse_constant=_no_constant
            )
        except (ValueError, RecursionError) as error:
            detail = str(error) if isinstance(error, _Refused) else _("The body is not JSON in UTF-8.")
            raise ParseError(detail) from None


class _Refused(ValueError):
    """A text of ours: safe to repeat to the caller."""


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Refused(_("A key stands twice in the same object."))
    return found


def _no_constant(name: str) -> None:
    raise _Refused(_("%(name)s is no number of JSON.") % {"name": name})


def customer_from(body: Any) -> tuple[str, dict[str, object], list[dict[str, object]]]:
    """The merchant's uid, the customer's fields (the profile's flat) and its UBOs, from a call's body.

    Raises Refused: not an object, unknown fields, values that are objects where none belong.
    """
    if not isinstance(body, Mapping):
        raise Refused([_problem("not_an_object", "", "", _("The body is no JSON object."), _("Send one."))])
    problems: list[Problem] = []
    data = dict(body)
    ubos = data.pop("ubos", None) or []
    profile = data.pop(PROFILE, None) or {}
    if not isinstance(profile, Mapping):
        problems.append(_wrong_shape(PROFILE, _("Send an object with the profile's fields.")))
        profile = {}
    if not isinstance(ubos, list) or not all(isinstance(ubo, Mapping) for ubo in ubos):
        problems.append(_wrong_shape("ubos", _("Send a list with an object for each owner.")))
        ubos = []
    _check(data, CUSTOMER_FIELDS, "", "", problems)
    _check(profile, frozenset(PROFILE_FIELDS), "", f"{PROFILE}.", problems)
    for ubo in ubos:
        _check(ubo, OWNER_FIELDS, f"ubo:{shown_safely('email', ubo.get('email'))}", "", problems)
    if problems:
        raise Refused(problems)
    merchant_uid = str(data.pop("merchant_uid", None) or "").strip()
    flat = {f"{PROFILE}.{name}": value for name, value in profile.items()}
    return merchant_uid, {**data, **flat}, [dict(ubo) for ubo in ubos]


def _check(
    fields: Mapping[str, Any], known: frozenset[str], subject: str, prefix: str, problems: list[Problem]
) -> None:
    for name, value in fields.items():
        shown = shown_safely("", f"{prefix}{name}")
        if name not in known:
            problems.append(
                _problem(
                    "unknown_field",
                    subject,
                    shown,
                    _("There is no such field, or it can't be set."),
                    _("Take it out, or use the exchange's name for it."),
                )
            )
        elif isinstance(value, Mapping) or (
            isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value)
        ):
            problems.append(_wrong_shape(shown, _("Send text, a number, true or false."), subject))


def _wrong_shape(field: str, remedy: str, subject: str = "") -> Problem:
    return _problem("wrong_shape", subject, field, _("The value has the wrong shape."), remedy)


def _problem(code: str, subject: str, field: str, message: str, remedy: str) -> Problem:
    return Problem(code, subject, field, ERROR, message, remedy)
