"""Payment references at the sandbox: what is refused, what is shown where, what stays after a fault."""

import pytest
import requests

from .asking import CUSTOMERS, PAYMENTS, business, individual

HOOK = "https://portal.example.com/hooks/0123456789abcdef/"
HOOKED = {"webhook_url": HOOK, "webhook_secret": "a secret", "webhook_protocol": "hmac"}
SHOWN = {
    "id",
    "reference",
    "uid",
    "currency",
    "expected_amount",
    "deposit_action",
    "state",
    "webhook_url",
    "webhook_protocol",
    "created_at",
    "updated_at",
}
CONVERTING = {"action": "convert_and_withdraw", "target_currency": "zar", "beneficiary_id": 456}


@pytest.fixture
def uid(asker):
    return asker.uid()


@pytest.fixture
def ask(asker, uid):
    def asking(**changes):
        body = {"uid": uid, "currency": "zar", **HOOKED, **changes}
        return asker.ask("POST", PAYMENTS, json={key: one for key, one in body.items() if one is not ...})

    return asking


def test_a_reference_is_created_and_shown_as_the_documents_say(asker, sandbox, ask, uid):
    reply = ask(expected_amount="1000.50", deposit_action=CONVERTING)
    assert reply.status_code == 201
    made = reply.json()
    assert set(made) == SHOWN
    assert (made["uid"], made["currency"], made["expected_amount"]) == (uid, "zar", "1000.50")
    assert (made["state"], made["deposit_action"]) == ("pending_deposit", CONVERTING)
    assert (made["webhook_url"], made["webhook_protocol"]) == (HOOK, "hmac")
    assert made["reference"].startswith("PAY-")
    assert asker.get(f"{PAYMENTS}/{made['id']}").json() == made
    (held,) = sandbox.payment_references()
    assert {name: held[name] for name in ("id", "reference", "uid", "currency", "state")} == {
        name: made[name] for name in ("id", "reference", "uid", "currency", "state")
    }
    assert (held["expected_amount"], held["webhook_url"], held["webhook_secret"]) == (
        "1000.50",
        HOOK,
        "a secret",
    )
    assert sandbox.state()["counts"]["payment_references"] == 1


def test_it_leaves_one_effect_that_holds_nothing_secret(sandbox, ask, uid):
    made = ask().json()
    (effect,) = [one for one in sandbox.oracle() if one["route"] == "payments.create"]
    assert (effect["uid"], effect["method"]) == (uid, "POST")
    assert effect["detail"] == {"id": made["id"], "reference": made["reference"]}


def test_nothing_but_customer_and_currency_is_needed(asker, sandbox, uid):
    made = asker.ask("POST", PAYMENTS, json={"uid": uid, "currency": "btc"}).json()
    assert set(made) == SHOWN - {"webhook_url", "webhook_protocol"}
    assert (made["expected_amount"], made["deposit_action"]) == (None, None)
    assert sandbox.payment_references()[0]["webhook_protocol"] == "none"


def test_the_same_asked_twice_is_two_with_codes_of_their_own(sandbox, ask):
    first, second = ask().json(), ask().json()
    assert first["id"] < second["id"]
    assert first["reference"] != second["reference"]
    assert len(sandbox.payment_references()) == 2


def test_a_customer_need_not_be_verified_and_may_be_a_business(asker, ask):
    assert ask(uid=asker.uid(business())).status_code == 201


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"uid": ...}, ["account.payments.missing_uid", "account.payments.empty_uid"]),
        ({"uid": " "}, ["account.payments.empty_uid"]),
        ({"uid": "ID0"}, ["uid.doesnt_exist"]),
        ({"uid": 5}, ["uid.doesnt_exist"]),
        ({"currency": ...}, ["account.payments.missing_currency", "account.payments.empty_currency"]),
        ({"currency": ""}, ["account.payments.empty_currency"]),
        ({"currency": "no-such"}, ["currency.doesnt_exist"]),
        ({"currency": "zär"}, ["currency.doesnt_exist"]),
        ({"currency": ["zar"]}, ["currency.doesnt_exist"]),
        *[
            ({"expected_amount": amount}, ["expected_amount.non_positive"])
            for amount in ("0", "-1", "0.00", "ten", "1,000", "1_000", " 1", "1e3", "NaN", "Infinity", "١")
        ],
        *[
            ({"expected_amount": amount}, ["expected_amount.non_positive"])
            for amount in (0, -1, True, False, [1], {"is": 1})
        ],
        *[
            ({"webhook_url": url}, ["webhook_url.invalid"])
            for url in (
                "ftp://example.com/x",
                "example.com/x",
                "https://",
                "http://[::1",
                "https://a\x00.example",
            )
        ],
        ({"webhook_url": 5}, ["webhook_url.invalid"]),
        ({"webhook_url": [HOOK]}, ["webhook_url.invalid"]),
        ({"webhook_protocol": "HMAC"}, ["webhook_protocol.inclusion"]),
        ({"webhook_protocol": ["hmac"]}, ["webhook_protocol.inclusion"]),
        ({"webhook_protocol": 0}, ["webhook_protocol.inclusion"]),
        (
            {"webhook_secret": ...},
            ["account.payments.missing_webhook_secret", "account.payments.empty_webhook_secret"],
        ),
        ({"webhook_secret": ""}, ["account.payments.empty_webhook_secret"]),
        (
            {"webhook_secret": "", "webhook_protocol": "plain_text"},
            ["account.payments.empty_webhook_secret"],
        ),
        ({"webhook_secret": {"a": 1}}, ["webhook_secret.invalid"]),
        ({"deposit_action": "aggregate"}, ["deposit_action.invalid"]),
        ({"deposit_action": ["aggregate"]}, ["deposit_action.invalid"]),
        ({"deposit_action": {"action": []}}, ["deposit_action.invalid"]),
        ({"deposit_action": {"action": "keep"}}, ["deposit_action.action.inclusion"]),
        (
            {"deposit_action": {"action": "convert_and_withdraw"}},
            ["deposit_action.target_currency.missing", "deposit_action.beneficiary_id.missing"],
        ),
        *[
            (
                {"deposit_action": {**CONVERTING, "max_slippage": slippage}},
                ["deposit_action.max_slippage.out_of_range"],
            )
            for slippage in (0, 5.1, -1, True, "much")
        ],
        ({"uid": "ID0", "currency": "?"}, ["uid.doesnt_exist", "currency.doesnt_exist"]),
    ],
)
def test_what_breaks_a_rule_is_refused_and_leaves_nothing(sandbox, ask, changes, codes):
    reply = ask(**changes)
    assert (reply.status_code, reply.json()["errors"]) == (422, codes)
    assert sandbox.payment_references() == []
    assert [one["route"] for one in sandbox.oracle()] == ["customers.create"]


@pytest.mark.parametrize(
    "changes",
    [
        {"expected_amount": "0.00000001"},
        {"expected_amount": 100},
        {"expected_amount": ""},
        {"expected_amount": None},
        {"webhook_url": "http://127.0.0.1:8000/hooks/x/"},
        {"webhook_url": None, "webhook_secret": None, "webhook_protocol": None},
        {"webhook_secret": "unused", "webhook_protocol": ...},
        {"webhook_secret": None, "webhook_protocol": "none"},
        {"webhook_protocol": "plain_text"},
        {"deposit_action": {"action": "none"}},
        {"deposit_action": {"action": "aggregate"}},
        {"deposit_action": {**CONVERTING, "max_slippage": 5}},
        {"deposit_action": {**CONVERTING, "beneficiary_id": None, "lightning_invoice": "lnbc100n1"}},
    ],
)
def test_what_the_documents_allow_is_taken(ask, changes):
    assert ask(**changes).status_code == 201


def test_an_amount_that_came_as_a_number_is_told_as_text(ask):
    assert ask(expected_amount=10**30).json()["expected_amount"] == "1" + "0" * 30


def test_neither_a_merchant_nor_a_ubo_has_payment_references(asker, sandbox, ask):
    made = asker.create(business()).json()
    for other in (sandbox.add_merchant(name="Acme"), made["ubos"][0]["uid"]):
        assert ask(uid=other).json()["errors"] == ["uid.doesnt_exist"]


# Lists and details


def test_the_list_has_pages_and_is_one_customers_where_it_is_asked_for(asker, ask, uid):
    other = asker.uid()
    ids = [ask().json()["id"] for _ in range(3)]
    theirs = ask(uid=other).json()["id"]
    first = asker.get(f"{PAYMENTS}?uid={uid}&page=1&limit=2")
    assert [row["id"] for row in first.json()] == ids[:2]
    assert [first.headers[name] for name in ("Page", "Per-Page", "Total")] == ["1", "2", "3"]
    assert [row["id"] for row in asker.get(f"{PAYMENTS}?uid={uid}&page=2&limit=2").json()] == ids[2:]
    beyond = asker.get(f"{PAYMENTS}?uid={uid}&page=9")
    assert (beyond.status_code, beyond.json(), beyond.headers["Total"]) == (200, [], "3")
    assert [row["id"] for row in asker.get(PAYMENTS).json()] == [*ids, theirs]


def test_a_row_of_the_list_has_neither_protocol_nor_secret(asker, ask):
    ask()
    (row,) = asker.get(f"{PAYMENTS}?includeSecret=true").json()
    assert set(row) == SHOWN - {"webhook_protocol"}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=ten", "page=0", "page=-1", "page=x"])
def test_a_page_or_limit_outside_its_range_is_refused(asker, query):
    assert asker.get(f"{PAYMENTS}?{query}").status_code == 422
    assert asker.get(f"{PAYMENTS}?limit=100").status_code == 200


def test_the_list_of_nobody_is_refused(asker, sandbox):
    for nobody in ("ID0", sandbox.add_merchant(name="Acme")):
        reply = asker.get(f"{PAYMENTS}?uid={nobody}")
        assert (reply.status_code, reply.json()["errors"]) == (422, ["uid.doesnt_exist"])


def test_details_show_the_secret_only_to_whoever_asks_for_it(asker, ask):
    path = f"{PAYMENTS}/{ask().json()['id']}"
    assert asker.get(f"{path}?includeSecret=true").json()["webhook_secret"] == "a secret"
    for query in ("", "?includeSecret=false", "?includeSecret="):
        assert "webhook_secret" not in asker.get(path + query).json()


@pytest.mark.parametrize("number", ["0", "999", "9" * 30, "²"])
def test_an_id_that_is_nobodys_is_not_found(asker, ask, number):
    ask()
    reply = asker.get(f"{PAYMENTS}/{number}")
    assert (reply.status_code, reply.json()) == (404, {"errors": ["record.not_found"]})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", PAYMENTS, 405), ("DELETE", f"{PAYMENTS}/1", 405), ("GET", f"{PAYMENTS}/1/x", 404)],
)
def test_no_other_call_is_served(asker, ask, method, path, status):
    ask()
    assert asker.ask(method, path).status_code == status


def test_whoever_acts_for_a_merchant_sees_that_merchants_references_alone(asker, sandbox, ask):
    merchants = [sandbox.add_merchant(name=name) for name in ("Acme", "Globex")]
    uids = [asker.uid(individual(merchant_uid=merchant)) for merchant in merchants]
    ids = [ask(uid=uid).json()["id"] for uid in uids]
    acting = {"headers_": {"X-Auth-Subaccount-Uid": merchants[0]}}
    seen = asker.get(PAYMENTS, **acting)
    assert ([row["id"] for row in seen.json()], seen.headers["Total"]) == (ids[:1], "1")
    assert asker.get(f"{PAYMENTS}?uid={uids[0]}", **acting).status_code == 200
    assert asker.get(f"{PAYMENTS}?uid={uids[1]}", **acting).status_code == 422
    assert asker.get(f"{PAYMENTS}/{ids[0]}", **acting).status_code == 200
    assert asker.get(f"{PAYMENTS}/{ids[1]}", **acting).status_code == 404
    refused = asker.ask("POST", PAYMENTS, json={"uid": uids[1], "currency": "zar"}, **acting)
    assert refused.json()["errors"] == ["uid.doesnt_exist"]


def test_without_the_key_there_is_nothing_to_see(sandbox):
    for path in (PAYMENTS, f"{PAYMENTS}/1"):
        assert requests.get(sandbox.base_url + path, timeout=5).status_code == 401


# Quirks and faults


@pytest.mark.parametrize(
    ("value", "in_create", "in_list", "in_details"),
    [("everywhere", True, True, True), ("details", False, False, True), ("nowhere", False, False, False)],
)
def test_the_webhooks_address_comes_back_where_the_quirk_says(
    asker, sandbox, ask, value, in_create, in_list, in_details
):
    sandbox.set_faults(payments_webhook_url=value)
    made = ask().json()
    (row,) = asker.get(PAYMENTS).json()
    details = asker.get(f"{PAYMENTS}/{made['id']}").json()
    assert [one.get("webhook_url") == HOOK for one in (made, row, details)] == [
        in_create,
        in_list,
        in_details,
    ]
    assert sandbox.payment_references()[0]["webhook_url"] == HOOK


def test_the_lists_quirks_are_those_of_customers(asker, sandbox, ask):
    ids = [ask().json()["id"] for _ in range(8)]

    def seen(query=""):
        return [row["id"] for row in asker.get(PAYMENTS + query).json()]

    sandbox.set_faults(list_order="desc", list_total=False)
    assert seen() == ids[::-1]
    assert "Total" not in asker.get(PAYMENTS).headers
    sandbox.set_faults(list_order="random")
    assert sorted(seen()) == ids
    sandbox.set_faults(list_page_cap=3)
    assert seen("?limit=4") == ids[:3]
    assert seen("?limit=4&page=2") == ids[4:7]
    sandbox.set_faults(list_lag_seconds=60)
    reply = asker.get(PAYMENTS)
    assert (reply.json(), reply.headers["Total"]) == ([], "0")
    assert asker.get(f"{PAYMENTS}/{ids[0]}").status_code == 200


def test_a_create_may_answer_200_and_errors_have_other_shapes(sandbox, ask):
    sandbox.set_faults(create_status=200, error_shape="object")
    assert ask().status_code == 200
    assert ask(uid="ID0").json() == {"errors": {"uid": ["doesnt_exist"]}}


@pytest.mark.parametrize(
    ("kind", "left"),
    [("reset_before", 0), ("reset_after", 1), ("hang_before", 0), ("hang_after", 1)],
)
def test_a_connection_can_end_before_and_after_a_create(sandbox, ask, kind, left):
    sandbox.set_faults({"kind": kind, "route": "payments.create", "count": 1, "seconds": 0.1})
    with pytest.raises(requests.ConnectionError):
        ask()
    assert len(sandbox.payment_references()) == left
    assert ask().status_code == 201


@pytest.mark.parametrize(
    ("kind", "status", "left"),
    [("error_before", 500, 0), ("error_after", 500, 1), ("html_after", 200, 1), ("duplicate", 201, 2)],
)
def test_a_creates_answer_can_be_another_than_its_effect(sandbox, ask, kind, status, left):
    sandbox.set_faults({"kind": kind, "route": "payments.create", "count": 1})
    assert ask().status_code == status
    assert len(sandbox.payment_references()) == left


def test_a_fault_strikes_each_of_the_three_calls_by_its_name(asker, sandbox, ask):
    path = f"{PAYMENTS}/{ask().json()['id']}"
    calls = {
        "payments.create": ask,
        "payments.list": lambda: asker.get(PAYMENTS),
        "payments.get": lambda: asker.get(path),
    }
    for struck in calls:
        sandbox.set_faults({"kind": "error_before", "route": struck})
        failed = [name for name, call in calls.items() if call().status_code == 500]
        assert failed == [struck]
    sandbox.set_faults({"kind": "error_before", "route": "payments.*"})
    assert [call().status_code for call in calls.values()] == [500, 500, 500]
    assert asker.get(CUSTOMERS).status_code == 200


def test_an_emptied_sandbox_holds_no_reference(sandbox, ask):
    ask()
    sandbox.reset()
    assert sandbox.payment_references() == []
