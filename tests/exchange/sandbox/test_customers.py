import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from .asking import CUSTOMERS, MERCHANTS, Asker, business, individual, ubo


def test_an_individual_is_created_and_shown_as_the_documents_say(asker, sandbox):
    body = individual(account_name="Noël Allain [AB12CD34EF]")
    reply = asker.create(body)
    assert reply.status_code == 201
    made = reply.json()
    assert made["profile"]["first_name"] == "Noël"
    assert made["phone"]["number"] == "27821234567"
    assert (made["state"], made["kyc_status"], made["custom_id"]) == ("active", "pending", None)
    assert "email" not in made
    assert asker.get(f"{CUSTOMERS}/{made['uid']}").json() == made
    (held,) = sandbox.state()["customers"]
    assert held["fields"] == body
    (effect,) = sandbox.oracle()
    assert (effect["route"], effect["uid"], effect["token"]) == (
        "customers.create",
        made["uid"],
        "AB12CD34EF",
    )


def test_a_business_is_created_pending_and_its_ubos_get_uids(asker, sandbox):
    body = business()
    reply = asker.create(body)
    made = reply.json()
    assert reply.status_code == 201
    assert (made["entity_type"], made["state"], made["email"]) == ("business", "pending", body["email"])
    assert made["business_profile"]["legal_name"] == "ACME Corp (Pty) Ltd"
    assert [one["email"] for one in made["ubos"]] == [one["email"] for one in body["ubos"]]
    held = asker.customer(made["uid"])
    assert [one["uid"] for one in held["ubos"]] == [one["uid"] for one in made["ubos"]]
    assert held["fields"] == body
    assert len({made["uid"], *(one["uid"] for one in made["ubos"])}) == 3


PREFIX = "resource.customers."
BROKEN_INDIVIDUALS = [
    *[({field: ...}, f"{PREFIX}missing_{field}") for field in individual() if field not in ("id_number",)],
    ({"first_name": "  "}, f"{PREFIX}empty_first_name"),
    ({"entity_type": "person"}, "entity_type.inclusion"),
    ({"email": "nobody"}, "email.invalid"),
    ({"email": "a@b@example.com"}, "email.invalid"),
    ({"phone_number": "0821234567"}, "phone_number.invalid"),
    ({"phone_number": "+27 82 123 4567"}, "phone_number.invalid"),
    ({"dob": "15/01/1990"}, "dob.invalid"),
    ({"dob": "1990-02-30"}, "dob.invalid"),
    ({"dob": "2015-01-01"}, "dob.under_age"),
    ({"country": "South Africa"}, "country.invalid"),
    ({"country": "ZZ"}, "country.invalid"),
    ({"country": "ZAF"}, "country.invalid"),
    ({"nationality": "za"}, "nationality.invalid"),
    ({"country_of_residence": "RSA"}, "country_of_residence.invalid"),
    ({"id_number": ...}, f"{PREFIX}missing_id_number"),
    ({"id_number": " "}, f"{PREFIX}empty_id_number"),
    ({"id_number": ..., "sa_id_number": "9001155800087"}, f"{PREFIX}missing_id_number"),
    ({"occupation": "Chief Executive Officer"}, "occupation.inclusion"),
    ({"occupation": "accountant"}, "occupation.inclusion"),
    ({"source_of_funds": "Salary"}, "source_of_funds.inclusion"),
    ({"is_pep_occupation": True}, f"{PREFIX}missing_pep_occupation_data"),
    ({"is_pep_related": True, "pep_related_data": ""}, f"{PREFIX}empty_pep_related_data"),
    ({"is_pip": True}, f"{PREFIX}missing_pip_data"),
    ({"is_pip": "perhaps"}, "is_pip.invalid"),
    ({"is_pip": "true"}, "is_pip.invalid"),
    ({"postcode": 7700}, "postcode.invalid"),
    ({"merchant_uid": "CCT9999999999"}, "merchant_uid.doesnt_exist"),
    ({"deposit_action": {"action": "aggregate"}}, "deposit_action.not_available"),
    ({"deposit_action": "transfer_to_parent"}, "deposit_action.invalid"),
]


@pytest.mark.parametrize(("change", "code"), BROKEN_INDIVIDUALS)
def test_an_individual_that_breaks_a_rule_is_refused_and_leaves_nothing(asker, sandbox, change, code):
    reply = asker.create(individual(**change))
    assert reply.status_code == 422
    assert code in reply.json()["errors"]
    assert sandbox.state()["counts"]["customers"] == 0


def test_a_missing_field_yields_two_codes_and_a_wrong_one_exactly_its_own(asker):
    missing = asker.create(individual(email=...)).json()["errors"]
    assert missing == ["resource.customers.missing_email", "resource.customers.empty_email"]
    assert asker.create(individual(email="nobody")).json()["errors"] == ["email.invalid"]


@pytest.mark.parametrize(
    "change",
    [
        {"nationality": "FR", "id_number": ...},
        {"is_pep_related": True, "pep_related_data": "Sister of a member of parliament"},
        {"deposit_action": {"action": "none"}},
        {"doc_type": "Passport", "doc_number": "A1", "doc_expire": "2030-01-01", "doc_country": "ZA"},
        {"occupation": "Compensation, Benefit, and Job Analysi Specialist"},
        {"last_name": "O’Neil-St. John 王"},
    ],
)
def test_what_the_documents_allow_is_taken(asker, change):
    assert asker.create(individual(**change)).status_code == 201


def test_eighteen_years_are_reached_on_the_birthday(asker):
    today = datetime.now(UTC).date()
    day = today.day if (today.month, today.day) != (2, 29) else 28
    assert (
        asker.create(individual(dob=date(today.year - 18, today.month, day).isoformat())).status_code == 201
    )
    young = date(today.year - 17, today.month, 1).isoformat()
    assert asker.create(individual(dob=young)).json()["errors"] == ["dob.under_age"]


def test_the_day_can_be_set(asker, sandbox):
    sandbox.set_faults(today="2030-02-28")
    assert asker.create(individual(dob="2012-02-29")).json()["errors"] == ["dob.under_age"]
    sandbox.set_faults(today="2030-03-01")
    assert asker.create(individual(dob="2012-02-29")).status_code == 201


BROKEN_BUSINESSES = [
    *[
        (business(profile={field: ...}), f"{PREFIX}business_profile.missing_{field}")
        for field in business()["business_profile"]
    ],
    *[
        (business(ubos=[ubo(**{field: ...})]), f"{PREFIX}ubos[0].missing_{field}")
        for field in ubo()
        if field != "is_director"
    ],
    (business(account_name=...), f"{PREFIX}missing_account_name"),
    (business(business_profile=...), f"{PREFIX}missing_business_profile"),
    (business(business_profile="ACME"), "business_profile.invalid"),
    (business(ubos=[]), f"{PREFIX}empty_ubos"),
    (business(ubos="Jane"), "ubos.invalid"),
    (business(profile={"registration_country": "Z"}), "business_profile.registration_country.invalid"),
    (business(profile={"country": "ZAF"}), "business_profile.country.invalid"),
    (
        business(profile={"expected_monthly_volume_usd": "a lot"}),
        "business_profile.expected_monthly_volume_usd.invalid",
    ),
    (business(profile={"license_status": "licensed"}), "business_profile.license_status.inclusion"),
    (business(profile={"license_status": "Licensed"}), f"{PREFIX}business_profile.missing_license_number"),
    (
        business(profile={"license_status": "Licensed", "license_number": "1", "license_jurisdictions": []}),
        f"{PREFIX}business_profile.empty_license_jurisdictions",
    ),
    (
        business(profile={"jurisdictions_of_operation": ["ZA", "Mars"]}),
        "business_profile.jurisdictions_of_operation.invalid",
    ),
    (business(ubos=[ubo(), ubo(ownership_percentage=4.9)]), "ubos[1].ownership_percentage.out_of_range"),
    (business(ubos=[ubo(ownership_percentage=101)]), "ubos[0].ownership_percentage.out_of_range"),
    (business(ubos=[ubo(dob="2015-01-01")]), "ubos[0].dob.under_age"),
    (business(ubos=[ubo(is_pip=True)]), f"{PREFIX}ubos[0].missing_pip_data"),
]


@pytest.mark.parametrize(("body", "code"), BROKEN_BUSINESSES)
def test_a_business_that_breaks_a_rule_is_refused_and_leaves_nothing(asker, sandbox, body, code):
    reply = asker.create(body)
    assert reply.status_code == 422
    assert code in reply.json()["errors"]
    counts = sandbox.state()["counts"]
    assert (counts["customers"], counts["ubos"]) == (0, 0)


def test_an_email_is_unique_within_a_merchant_whatever_the_entity_type(asker, sandbox):
    first, second = sandbox.add_merchant(name="Acme"), sandbox.add_merchant(name="Globex")
    assert asker.create(individual(email="Jane@Example.com", merchant_uid=first)).status_code == 201
    again = asker.create(business(email="jane@example.com", merchant_uid=first))
    assert (again.status_code, again.json()["errors"]) == (422, ["email.taken"])
    assert asker.create(individual(email="jane@example.com", merchant_uid=second)).status_code == 201
    assert asker.create(individual(email="jane@example.com")).status_code == 201


def test_a_ubos_email_is_taken_too(asker):
    asker.create(individual(email="jane@example.com"))
    body = business(ubos=[ubo(), ubo(email="jane@example.com")])
    assert asker.create(body).json()["errors"] == ["ubos[1].email.taken"]
    twice = business(ubos=[ubo(email="same@example.com"), ubo(email="same@example.com")])
    assert asker.create(twice).json()["errors"] == ["ubos[1].email.taken"]
    made = business()
    asker.create(made)
    assert asker.create(individual(email=made["ubos"][0]["email"])).json()["errors"] == ["email.taken"]


def test_ubo_emails_can_be_counted_within_their_business_alone(asker, sandbox):
    sandbox.set_faults(ubo_email_scope="business")
    asker.create(individual(email="jane@example.com"))
    assert asker.create(business(ubos=[ubo(email="jane@example.com")])).status_code == 201
    assert asker.create(business(ubos=[ubo(email="john@example.com")])).status_code == 201
    assert asker.create(individual(email="john@example.com")).status_code == 201
    twice = business(ubos=[ubo(email="same@example.com"), ubo(email="same@example.com")])
    assert asker.create(twice).json()["errors"] == ["ubos[1].email.taken"]


def test_two_at_once_with_one_email_end_with_one_unless_the_check_is_racy(asker, sandbox):
    def create_twice(email):
        with ThreadPoolExecutor(2) as pool:
            futures = [pool.submit(Asker(sandbox).create, individual(email=email)) for _ in range(2)]
            return sorted(future.result().status_code for future in futures)

    assert create_twice("calm@example.com") == [201, 422]
    sandbox.set_faults(racy_email_seconds=0.3)
    assert create_twice("racy@example.com") == [201, 201]
    assert asker.create(individual(email="racy@example.com")).status_code == 422


def test_flat_fields_are_taken_from_a_form_too(asker, sandbox):
    reply = asker.ask("POST", CUSTOMERS, data=individual(is_pip="false"))
    assert reply.status_code == 201
    assert asker.ask("POST", CUSTOMERS, data=individual(is_pip="perhaps")).json()["errors"] == [
        "is_pip.invalid"
    ]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"', b'{"dob": NaN}', b'{"city": "\\ud800"}', b"\xff"])
def test_a_body_that_is_not_a_json_object_is_400(asker, body):
    reply = asker.ask("POST", CUSTOMERS, data=body, headers_={"Content-Type": "application/json"})
    assert (reply.status_code, reply.json()["errors"]) == (400, ["server.method.invalid_message_body"])


def test_update_takes_the_two_fields_and_nothing_else(asker):
    uid = asker.uid()
    reply = asker.ask("PUT", f"{CUSTOMERS}/{uid}", json={"custom_id": "CUST-1", "first_name": "Other"})
    assert (reply.status_code, reply.json()["custom_id"]) == (200, "CUST-1")
    assert reply.json()["profile"]["first_name"] == "Noël"
    assert asker.ask("PUT", f"{CUSTOMERS}/{uid}", json={"custom_id": 5}).status_code == 422
    assert asker.ask("PUT", f"{CUSTOMERS}/ID0", json={"custom_id": "x"}).json() == {
        "errors": ["record.not_found"]
    }
    assert asker.get(f"{CUSTOMERS}/ID0").status_code == 404


def test_pages_have_headers_and_end_in_an_empty_list(asker, sandbox):
    uids = [asker.uid() for _ in range(5)]
    first = asker.get(f"{CUSTOMERS}?page=1&limit=2")
    assert [row["uid"] for row in first.json()] == uids[:2]
    assert [first.headers[name] for name in ("Page", "Per-Page", "Total")] == ["1", "2", "5"]
    assert set(first.json()[0]) == {"uid", "account_name", "state", "custom_id", "kyc_status", "created_at"}
    beyond = asker.get(f"{CUSTOMERS}?page=9&limit=2")
    assert (beyond.status_code, beyond.json(), beyond.headers["Page"], beyond.headers["Total"]) == (
        200,
        [],
        "9",
        "5",
    )
    assert asker.get(CUSTOMERS).headers["Per-Page"] == "100"


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=ten", "page=0", "page=-1", "page=x"])
def test_a_page_or_limit_outside_its_range_is_refused(asker, query):
    assert asker.get(f"{CUSTOMERS}?{query}").status_code == 422
    assert asker.get(f"{MERCHANTS}?{query}").status_code == 422


def test_the_list_can_be_narrowed_to_a_merchant(asker, sandbox):
    merchant = sandbox.add_merchant(name="Acme")
    asker.uid()
    theirs = asker.uid(individual(merchant_uid=merchant))
    assert [row["uid"] for row in asker.get(f"{CUSTOMERS}?merchant_uid={merchant}").json()] == [theirs]
    assert [row["uid"] for row in asker.get(f"{MERCHANTS}/{merchant}/customers").json()] == [theirs]
    assert asker.get(f"{MERCHANTS}/{theirs}/customers").status_code == 404
    assert len(asker.get(CUSTOMERS).json()) == 2


def test_merchants_are_made_by_the_api_in_the_newest_dialect_only(asker, sandbox):
    assert asker.ask("POST", MERCHANTS, json=business()).status_code == 405
    sandbox.set_faults(dialect="2026-04")
    reply = asker.ask("POST", MERCHANTS, json=business())
    assert (reply.status_code, reply.json()["state"], len(reply.json()["ubos"])) == (201, "pending", 2)
    uid = reply.json()["uid"]
    assert asker.get(f"{MERCHANTS}/{uid}").json()["ubos"][0]["kyc_status"] == "pending"
    assert asker.get(f"{MERCHANTS}/ID0").status_code == 404
    assert asker.create(individual(merchant_uid=uid)).status_code == 201
    assert asker.ask("POST", MERCHANTS, json=individual()).status_code == 422


def test_its_closed_lists_are_whole():
    lists = json.loads((Path("exchange/sandbox") / "lists.json").read_text("utf-8"))
    assert len(set(lists["occupations"])) == len(lists["occupations"]) == 757
    assert len(set(lists["source_of_funds"])) == len(lists["source_of_funds"]) == 22
