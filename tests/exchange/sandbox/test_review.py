import subprocess
import sys
import time

import pytest
import requests

from exchange.sandbox.testing import SandboxProcess

from .asking import BUSINESS_TYPES, CUSTOMERS, Asker, business


def wait_for(asker, uid, status, seconds=3):
    deadline = time.monotonic() + seconds
    while (seen := asker.get(f"{CUSTOMERS}/{uid}").json()["kyc_status"]) != status:
        assert time.monotonic() < deadline, seen
        time.sleep(0.02)


def send_business_set(asker, made, types=BUSINESS_TYPES):
    for doc_type in types:
        assert asker.upload(customer_uid=made["uid"], doc_type=doc_type).status_code == 200


def test_an_individual_is_verified_a_little_after_the_last_needed_document(asker, sandbox):
    uid = asker.uid()
    sandbox.set_faults(review_seconds=0.4)
    asker.send_person_set(uid)
    assert asker.customer(uid)["kyc_status"] == "pending"
    wait_for(asker, uid, "verified")
    assert asker.get(CUSTOMERS).json()[0]["kyc_status"] == "verified"


@pytest.mark.parametrize(
    ("front", "back"),
    [("Identity card", "Identity card back"), ("Driver license", "Drivers license back")],
)
def test_a_paper_with_two_sides_needs_its_back(asker, sandbox, front, back):
    sandbox.set_faults(review_seconds=0)
    uid = asker.uid()
    for doc_type in (front, "Selfie", "Proof of Address"):
        asker.upload(customer_uid=uid, doc_type=doc_type, doc_number="A1")
    assert asker.customer(uid)["kyc_status"] == "pending"
    asker.upload(customer_uid=uid, doc_type=back, doc_number="A1")
    assert asker.customer(uid)["kyc_status"] == "verified"


def test_a_business_with_everything_waits_for_a_person(asker, sandbox):
    sandbox.set_faults(review_seconds=0)
    made = asker.create(business()).json()
    send_business_set(asker, made)
    asker.send_person_set(made["ubos"][0]["uid"], "customer_ubo_uid")
    assert asker.customer(made["uid"])["complete"] is False
    asker.send_person_set(made["ubos"][1]["uid"], "customer_ubo_uid")
    held = asker.customer(made["uid"])
    assert (held["complete"], held["kyc_status"]) == (True, "pending")
    assert {one["kyc_status"] for one in held["ubos"]} == {"verified"}
    sandbox.verify(made["uid"])
    seen = asker.get(f"{CUSTOMERS}/{made['uid']}").json()
    assert (seen["state"], seen["kyc_status"]) == ("active", "verified")


def test_a_business_is_complete_also_when_its_own_documents_come_last(asker):
    made = asker.create(business()).json()
    for one in made["ubos"]:
        asker.send_person_set(one["uid"], "customer_ubo_uid")
    send_business_set(asker, made, BUSINESS_TYPES[:-1])
    assert asker.customer(made["uid"])["complete"] is False
    send_business_set(asker, made, BUSINESS_TYPES[-1:])
    assert asker.customer(made["uid"])["complete"] is True


def test_a_rejected_customer_that_sends_a_new_document_is_looked_at_again(asker, sandbox):
    sandbox.set_faults(review_seconds=0)
    uid = asker.uid()
    asker.send_person_set(uid)
    sandbox.reject(uid)
    assert asker.get(f"{CUSTOMERS}/{uid}").json()["kyc_status"] == "rejected"
    asker.upload(customer_uid=uid, doc_type="Selfie")
    assert asker.customer(uid)["kyc_status"] == "verified"


def test_a_verified_customer_stays_verified_unless_the_quirk_says_otherwise(asker, sandbox):
    sandbox.set_faults(review_seconds=0)
    uid = asker.uid()
    asker.send_person_set(uid)
    asker.upload(customer_uid=uid, doc_type="Selfie")
    assert asker.customer(uid)["kyc_status"] == "verified"
    sandbox.set_faults(review_seconds=60, upload_resets_verdict=True)
    asker.upload(customer_uid=uid, doc_type="Selfie")
    assert asker.customer(uid)["kyc_status"] == "pending"


def test_a_verdict_on_an_unknown_uid_is_refused(sandbox):
    with pytest.raises(RuntimeError, match="404"):
        sandbox.verify("ID0000000000")


def test_a_killed_sandbox_keeps_what_it_answered_and_goes_on_reviewing(tmp_path):
    server = SandboxProcess(tmp_path / "store", review_seconds=0.5).start()
    try:
        asker = Asker(server)
        merchant = server.add_merchant(name="Acme")
        uid = asker.uid()
        asker.send_person_set(uid)
        server.set_faults({"kind": "rate_limited", "route": "documents.upload"}, list_order="desc")
        before, log = server.state(), server.oracle()
        server.kill()
        with pytest.raises(requests.ConnectionError):
            requests.get(server.base_url, timeout=1)
        server.start()
        after = server.state()
        assert [one["uid"] for one in after["merchants"]] == [merchant]
        assert after["documents"] == before["documents"]
        assert [one["fields"] for one in after["customers"]] == [one["fields"] for one in before["customers"]]
        assert server.oracle() == log
        assert asker.upload(customer_uid=uid, doc_type="Selfie").status_code == 429
        wait_for(asker, uid, "verified")
        asker.uid()
        assert server.oracle()[-1]["request"] > log[-1]["request"]
    finally:
        server.stop()


def test_a_sandbox_ends_with_the_process_that_started_it(tmp_path):
    program = (
        "import time; from exchange.sandbox.testing import SandboxProcess as S;"
        f"print(S({str(tmp_path)!r}).start().base_url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as starter:
        address = starter.stdout.readline().strip()
        assert requests.get(f"{address}/_sandbox/", timeout=2).ok
        starter.kill()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            requests.get(f"{address}/_sandbox/", timeout=2)
        except requests.ConnectionError:
            return
        time.sleep(0.05)
    pytest.fail("it is still there")
