import time

import pytest
import requests

from .asking import CUSTOMERS, MERCHANTS, Asker, business, individual

CREATE = {"route": "customers.create", "count": 1}


def created(sandbox):
    return sandbox.state()["counts"]["customers"]


@pytest.mark.parametrize(
    ("fault", "error", "left"),
    [
        ({"kind": "reset_before"}, "reset by peer", 0),
        ({"kind": "reset_after"}, "reset by peer", 1),
        ({"kind": "hang_before", "seconds": 0.2}, "without response", 0),
        ({"kind": "hang_after", "seconds": 0.2}, "without response", 1),
    ],
)
def test_a_connection_can_end_before_and_after_the_effect(asker, sandbox, fault, error, left):
    sandbox.set_faults({**CREATE, **fault})
    with pytest.raises(requests.ConnectionError, match=error):
        asker.create()
    assert created(sandbox) == left
    assert asker.create().status_code == 201


def test_an_effect_can_come_after_the_connection_is_gone(asker, sandbox):
    sandbox.set_faults({**CREATE, "kind": "reset_late", "seconds": 0.4})
    with pytest.raises(requests.ConnectionError):
        asker.create()
    assert created(sandbox) == 0
    deadline = time.monotonic() + 3
    while created(sandbox) == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "body", "left"),
    [
        ({"kind": "error_before"}, 500, "application/json", '{"errors":["server.internal_error"]}', 0),
        ({"kind": "error_before", "status": 503}, 503, "application/json", "server.internal_error", 0),
        ({"kind": "error_after"}, 500, "application/json", "server.internal_error", 1),
        ({"kind": "html_before"}, 502, "text/html", "<h1>Bad Gateway</h1>", 0),
        ({"kind": "html_after"}, 200, "text/html", "<h1>Bad Gateway</h1>", 1),
        ({"kind": "maintenance"}, 471, "text/html", "authz.restrict.maintenance", 0),
        ({"kind": "gateway_403"}, 403, None, "", 0),
        ({"kind": "rate_limited"}, 429, "text/plain", "Retry later", 0),
    ],
)
def test_an_answer_can_be_another_than_the_effect(asker, sandbox, fault, status, content_type, body, left):
    sandbox.set_faults({**CREATE, **fault})
    reply = asker.create()
    assert (reply.status_code, reply.headers.get("Content-Type")) == (status, content_type)
    assert body in reply.text
    assert created(sandbox) == left
    assert asker.create().status_code == 201


def test_429_comes_with_and_without_retry_after(asker, sandbox):
    sandbox.set_faults(
        {"kind": "rate_limited", "retry_after": 7, "count": 1}, {"kind": "rate_limited", "count": 1}
    )
    assert asker.create().headers["Retry-After"] == "7"
    assert "Retry-After" not in asker.create().headers


def test_a_real_rate_limit(asker, sandbox):
    sandbox.set_faults(rate_per_second=0.5, rate_burst=3)
    answers = [asker.get(CUSTOMERS) for _ in range(4)]
    assert [reply.status_code for reply in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "2"


def test_an_answer_can_be_late_cut_huge_or_drip(asker, sandbox):
    sandbox.set_faults({**CREATE, "kind": "latency", "seconds": 0.3})
    start = time.monotonic()
    assert asker.create().status_code == 201
    assert time.monotonic() - start >= 0.3
    sandbox.set_faults({**CREATE, "kind": "truncated"})
    reply = asker.create()
    assert reply.status_code == 201
    with pytest.raises(requests.JSONDecodeError):
        reply.json()
    sandbox.set_faults({**CREATE, "kind": "huge"})
    assert len(asker.create().content) > 2_000_000
    sandbox.set_faults({**CREATE, "kind": "drip", "seconds": 0.3})
    start = time.monotonic()
    assert asker.create().json()["uid"]
    assert time.monotonic() - start >= 0.25
    assert created(sandbox) == 4


def test_a_redirect_leads_elsewhere_and_does_nothing(asker, sandbox):
    sandbox.set_faults({**CREATE, "kind": "redirect", "location": "http://127.0.0.1:9/x"})
    reply = asker.create()
    assert (reply.status_code, reply.headers["Location"]) == (302, "http://127.0.0.1:9/x")
    assert created(sandbox) == 0


def test_a_duplicated_request_is_carried_out_twice(asker, sandbox):
    uid = asker.uid()
    sandbox.set_faults({"kind": "duplicate", "route": "documents.upload", "count": 1})
    assert asker.upload(customer_uid=uid, doc_type="Selfie").status_code == 200
    assert sandbox.state()["counts"]["documents"] == 2
    sandbox.set_faults({**CREATE, "kind": "duplicate"})
    assert asker.create().json()["errors"] == ["email.taken"]


def test_a_fault_strikes_only_where_it_is_aimed(asker, sandbox):
    sandbox.set_faults(
        {"kind": "error_before", "method": "GET", "route": "customers.*", "skip": 1, "count": 2},
        {"kind": "maintenance", "match": "jane@example.com"},
    )
    assert [asker.get(CUSTOMERS).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert asker.get(MERCHANTS).status_code == 200
    assert asker.create().status_code == 201
    assert asker.create(individual(email="jane@example.com")).status_code == 471
    assert sandbox.state()["counts"]["struck"] == {"error_before": 2, "maintenance": 1}


def test_chance_is_repeatable_with_a_seed(asker, sandbox):
    def run():
        sandbox.set_faults({"kind": "error_before", "probability": 0.5}, seed=7)
        return [asker.get(CUSTOMERS).status_code for _ in range(20)]

    first = run()
    assert set(first) == {200, 500}
    assert run() == first


@pytest.mark.parametrize(
    "data",
    [{"kind": "flood"}, {"kind": "latency", "secs": 1}, {"kind": "latency", "seconds": "long"}, "latency"],
)
def test_an_unknown_fault_is_refused_and_changes_nothing(asker, sandbox, data):
    with pytest.raises(RuntimeError, match="400"):
        sandbox.set_faults(data, masking=True)
    with pytest.raises(RuntimeError, match="400"):
        sandbox.set_faults(list_order="sideways")
    with pytest.raises(RuntimeError, match="there is no quirk"):
        sandbox.set_faults(gravity=True)
    switches = sandbox.call("GET", "faults")
    assert (switches["faults"], switches["quirks"]["masking"]) == ([], False)


def test_masks(asker, sandbox):
    sandbox.set_faults(masking=True)
    made = asker.create().json()
    assert (made["profile"]["last_name"], made["profile"]["dob"]) == ("A****", "1990-01-**")
    assert made["phone"]["number"] == "27*****4567"
    assert asker.customer(made["uid"])["fields"]["last_name"] == "Allain"


def test_ubo_uids_can_be_missing_from_either_answer(asker, sandbox):
    sandbox.set_faults(ubo_uid_in_create=False)
    made = asker.create(business()).json()
    assert all("uid" not in one for one in made["ubos"])
    seen = asker.get(f"{CUSTOMERS}/{made['uid']}").json()
    assert all(one["uid"] for one in seen["ubos"])
    sandbox.set_faults(ubo_uid_in_get=False)
    assert all("uid" not in one for one in asker.get(f"{CUSTOMERS}/{made['uid']}").json()["ubos"])


def test_account_name_can_give_way_to_custom_id(asker, sandbox):
    sandbox.set_faults(account_name="custom_id")
    uid = asker.uid(individual(account_name="Noël [AB12]"))
    assert asker.get(CUSTOMERS).json()[0]["account_name"] == "Noël [AB12]"
    asker.ask("PUT", f"{CUSTOMERS}/{uid}", json={"custom_id": "C-1"})
    assert asker.get(CUSTOMERS).json()[0]["account_name"] == "C-1"


def test_the_list_can_be_turned_round_shuffled_and_lag(asker, sandbox):
    uids = [asker.uid() for _ in range(8)]

    def seen():
        return [row["uid"] for row in asker.get(CUSTOMERS).json()]

    assert seen() == uids
    sandbox.set_faults(list_order="desc")
    assert seen() == uids[::-1]
    sandbox.set_faults(list_order="random")
    orders = [seen() for _ in range(5)]
    assert all(sorted(order) == sorted(uids) for order in orders)
    assert any(order != uids for order in orders)
    sandbox.set_faults(list_lag_seconds=60, list_total=True)
    reply = asker.get(CUSTOMERS)
    assert (reply.json(), reply.headers["Total"]) == ([], "0")
    sandbox.set_faults(list_total=False)
    assert "Total" not in asker.get(CUSTOMERS).headers


def test_a_page_may_have_fewer_rows_than_were_asked_for(asker, sandbox):
    uids = [asker.uid() for _ in range(5)]
    sandbox.set_faults(list_page_cap=2)
    assert [row["uid"] for row in asker.get(f"{CUSTOMERS}?limit=4").json()] == uids[:2]
    assert [row["uid"] for row in asker.get(f"{CUSTOMERS}?limit=4&page=2").json()] == uids[4:]


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        ("array", {"errors": ["email.invalid"]}),
        ("object", {"errors": {"email": ["invalid"]}}),
        ("string", {"errors": "email.invalid"}),
        ("singular", {"error": "email.invalid"}),
    ],
)
def test_errors_come_in_four_shapes(asker, sandbox, shape, body):
    sandbox.set_faults(error_shape=shape)
    assert asker.create(individual(email="nobody")).json() == body


def test_business_reviews_can_be_hidden(asker, sandbox):
    uid = asker.uid(business())
    sandbox.set_faults(business_kyc_status="list_only")
    assert "kyc_status" not in asker.get(f"{CUSTOMERS}/{uid}").json()
    assert asker.get(CUSTOMERS).json()[0]["kyc_status"] == "pending"
    sandbox.set_faults(business_kyc_status="hidden", business_account_name=True)
    assert "kyc_status" not in asker.get(CUSTOMERS).json()[0]
    assert asker.get(f"{CUSTOMERS}/{uid}").json()["account_name"] == "ACME Corporation"


def test_smaller_quirks(asker, sandbox):
    sandbox.set_faults(
        create_status=200,
        upload_answer="bare_201",
        doc_limit=1,
        email_case="exact",
        sa_id_number_alias=True,
        stock_names=True,
        stock_doc_numbers=True,
    )
    reply = asker.create(individual(email="jane@example.com", id_number=..., sa_id_number="9001155800087"))
    assert reply.status_code == 200
    uid = reply.json()["uid"]
    assert asker.create(individual(email="Jane@example.com")).status_code == 200
    assert asker.create(individual(first_name="St. John")).json()["errors"] == ["first_name.invalid"]
    slash = {"customer_uid": uid, "doc_type": "Passport", "doc_expire": "2090-01-01", "doc_number": "A/1"}
    assert asker.upload(**slash).json()["errors"] == ["doc_number.invalid"]
    sent = asker.upload(customer_uid=uid, doc_type="Selfie")
    assert (sent.status_code, sent.text) == (201, "201")
    full = asker.upload(customer_uid=uid, doc_type="Selfie")
    assert (full.status_code, full.json()["errors"]) == (400, ["resource.documents.limit_reached"])


def test_many_threads_at_once_lose_nothing(asker, sandbox):
    from concurrent.futures import ThreadPoolExecutor

    def work(number):
        mine = Asker(sandbox)
        uid = mine.uid(individual(email=f"thread{number}@example.com"))
        mine.send_person_set(uid)
        return uid

    with ThreadPoolExecutor(16) as pool:
        uids = list(pool.map(work, range(64)))
    state = sandbox.state()
    assert {one["uid"] for one in state["customers"]} == set(uids)
    assert state["counts"]["documents"] == 64 * 3
    assert len(sandbox.oracle()) == 64 * 4
