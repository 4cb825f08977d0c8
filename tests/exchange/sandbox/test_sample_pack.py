"""The sample pack, row by row as it stands: the sandbox takes what the pack's own answers call good."""

import csv
import json
from pathlib import Path

import pytest

from .asking import Asker

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
PACK = SAMPLES / "pack"
EXPECTED = json.loads((SAMPLES / "pack-expected.json").read_text("utf-8"))
FLAGS = ("is_pep_occupation", "is_pep_related", "is_pip", "is_director", "is_authorized_signatory")
DAY = "2026-11-21"
NUMBERS = ("expected_monthly_volume_usd", "employee_count", "ownership_percentage")
LISTS = ("jurisdictions_of_operation", "license_jurisdictions")


def rows(name):
    with (PACK / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def typed(field, text):
    if field in FLAGS and text in ("true", "false"):
        return text == "true"
    if field in NUMBERS:
        return float(text)
    return text.split(";") if field in LISTS else text


def fields_of(row):
    return {name: typed(name, value) for name, value in row.items() if value != "" and name != "reference"}


def body_of(row, ubos):
    flat = fields_of(row)
    body = {name: value for name, value in flat.items() if not name.startswith("business_profile.")}
    if row["entity_type"] == "business":
        names = {name.removeprefix("business_profile."): name for name in flat if name not in body}
        body["business_profile"] = {short: typed(short, flat[name]) for short, name in names.items()}
        body["ubos"] = [fields_of(ubo) for ubo in ubos if ubo["reference"] == row["reference"]]
        body.setdefault("account_name", body["business_profile"]["company_name"])
    return body


@pytest.fixture
def made(asker: Asker, sandbox):
    """What the sandbox answered to each row of the pack, by reference; on a day the pack was made for."""
    sandbox.set_faults(today=DAY, review_seconds=0)
    ubos = rows("ubos")
    return {row["reference"]: asker.create(body_of(row, ubos)) for row in rows("customers")}


def test_it_takes_the_good_rows_and_refuses_the_bad_ones_for_the_field_at_fault(made):
    assert {reference for reference, reply in made.items() if reply.status_code == 201} == set(
        EXPECTED["accepted"]
    )
    for reference, columns in EXPECTED["rejected"].items():
        codes = " ".join(made[reference].json()["errors"])
        assert all(column in codes for column in columns), (reference, codes)


def test_it_takes_every_document_of_the_good_rows(asker, made, sandbox):
    for row in rows("documents"):
        if row["reference"] not in EXPECTED["accepted"]:
            continue
        owner = made[row["reference"]].json()
        field, uid = "customer_uid", owner["uid"]
        if row["ubo_email"]:
            field = "customer_ubo_uid"
            uid = next(one["uid"] for one in owner["ubos"] if one["email"] == row["ubo_email"])
        details = {name: row[name] for name in ("doc_type", "doc_number", "doc_expire") if row[name]}
        path = PACK / row["file"]
        reply = asker.upload(path.read_bytes(), path.name, **{field: uid}, **details)
        assert reply.status_code == 200, (row, reply.text)
    state = sandbox.state()
    held = {one["uid"]: one for one in state["customers"]}
    for reference in EXPECTED["accepted"]:
        customer = held[made[reference].json()["uid"]]
        wanted = sorted(tuple(one) for one in EXPECTED["documents"][reference])
        emails = {customer["uid"]: "", **{one["uid"]: one["email"] for one in customer["ubos"]}}
        kept = [one for one in state["documents"] if one["owner_uid"] in emails]
        assert sorted((emails[one["owner_uid"]], one["doc_type"], one["sha256"]) for one in kept) == wanted
        expected = "verified" if customer["entity_type"] == "individual" else "pending"
        assert (customer["complete"], customer["kyc_status"]) == (True, expected)
