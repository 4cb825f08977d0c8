"""A customer here against its row there, case by case."""

import uuid
from dataclasses import replace

import pytest

from exchange.client import CustomerRow
from kyc.drift.choices import Code, Kind, action_for
from kyc.drift.comparing import Held, Marked, code_of_stranger, differing_fields

TOKEN, OTHER_TOKEN = "ABCDEFGH23", "ZYXWVUTS76"
HELD = Held(
    customer_id=uuid.uuid4(),
    uid="CCT1",
    merchant_uid="M1",
    reference="REF-1",
    token=TOKEN,
    entity_type="individual",
    stage="documents_sent",
    exchange_state="active",
    kyc_status="pending",
    display_name="Lerato Mokoena",
)
ROW = CustomerRow("CCT1", f"Lerato Mokoena [{TOKEN}]", "REF-1", "active", "pending", None, None, {})
BUSINESS = {"entity_type": "business", "exchange_state": "", "kyc_status": ""}


def row(**fields):
    return replace(ROW, **fields)


@pytest.mark.parametrize(
    ("here", "there", "fields"),
    [
        ({}, {}, ()),
        # What is missing or masked contradicts nothing.
        ({}, {"account_name": None, "state": None, "kyc_status": None}, ()),
        ({}, {"account_name": f"L**** M**** [{TOKEN}]"}, ()),
        ({}, {"custom_id": "RE**1"}, ()),
        ({}, {"entity_type": "Individual", "state": "ACTIVE"}, ()),
        # Either form of the name is ours.
        ({}, {"account_name": "REF-1"}, ()),
        ({"display_name": "x" * 90}, {"account_name": "x" * 80 + f" [{TOKEN}]"}, ()),
        ({}, {"account_name": "Lerato Mokoena"}, ("account_name",)),
        ({}, {"account_name": f"Lerato Mokoena [{OTHER_TOKEN}]"}, ("account_name",)),
        ({"is_found_there": True}, {"account_name": "Lerato Mokoena"}, ()),
        ({}, {"custom_id": "REF-2"}, ("custom_id",)),
        ({}, {"custom_id": None}, ("custom_id",)),
        ({"is_named": False}, {"custom_id": None}, ()),
        ({"is_found_there": True}, {"account_name": "Lerato Mokoena", "custom_id": None}, ()),
        ({}, {"entity_type": "business"}, ("entity_type",)),
        ({}, {"state": "locked"}, ("state",)),
        # The stage against what the words mean.
        ({}, {"kyc_status": "verified"}, ("kyc_status",)),
        ({"stage": "verified", "kyc_status": "verified"}, {"kyc_status": "verified"}, ()),
        ({"stage": "verified", "kyc_status": "verified"}, {"kyc_status": "rejected"}, ("kyc_status",)),
        ({"stage": "verified", "kyc_status": ""}, {"kyc_status": "pending"}, ("kyc_status",)),
        ({"stage": "verified", "kyc_status": "verified"}, {"kyc_status": None}, ()),
        ({"stage": "at_exchange", "kyc_status": "", "exchange_state": ""}, {}, ()),
        (BUSINESS | {"stage": "documents_sent"}, {"kyc_status": None, "state": "active"}, ("kyc_status",)),
        (BUSINESS | {"stage": "verified"}, {"kyc_status": None, "state": "active"}, ()),
        (BUSINESS | {"stage": "verified"}, {"kyc_status": None, "state": "pending"}, ("kyc_status",)),
        ({}, {"custom_id": "X", "state": "banned"}, ("custom_id", "state")),
    ],
)
def test_a_row_is_compared_field_by_field(here, there, fields):
    assert differing_fields(replace(HELD, **here), row(**there), lists_custom_ids=True) == fields


def test_an_empty_custom_id_says_nothing_where_the_list_shows_none_at_all():
    assert differing_fields(HELD, row(custom_id=None), lists_custom_ids=False) == ()


@pytest.mark.parametrize(
    ("there", "uid", "is_under_way", "code"),
    [
        ({"account_name": "Somebody", "custom_id": None}, None, False, Code.STRANGER),
        ({"account_name": f"X [{OTHER_TOKEN}]", "custom_id": None}, None, False, Code.UNKNOWN_TOKEN),
        # A token that nobody has outweighs a reference that somebody has.
        ({"account_name": f"X [{OTHER_TOKEN}]"}, "CCT9", False, Code.UNKNOWN_TOKEN),
        ({}, "CCT9", False, Code.EXTRA_COPY),
        ({"account_name": "Somebody"}, "CCT9", False, Code.EXTRA_COPY),
        ({}, None, False, Code.NOT_BOUND),
        ({}, None, True, None),
    ],
)
def test_a_row_that_nobody_has_is_judged_by_token_and_reference(there, uid, is_under_way, code):
    marked = Marked(uid, "REF-1", HELD.customer_id, is_under_way)
    assert code_of_stranger(row(**there), {TOKEN: marked}, {"REF-1": marked})[0] == code


@pytest.mark.parametrize("code", [code for code in Code if code != Code.FIELDS])
def test_every_finding_says_what_to_do(code):
    assert len(action_for(code)) > 20


def test_what_to_do_about_several_fields_is_said_once_each():
    assert action_for("fields", ["state", "kyc_status"]).count("Poll") == 1
    told = action_for("fields", ["custom_id", "dob", "email"])
    assert told.count("reference") == 1
    assert told.count("which side is right") == 1
    assert Kind.ONLY_HERE.tone == "bad"
