import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from exchange.sandbox.testing import SandboxProcess

from .asking import JPEG, business, individual


@pytest.fixture
def browser(sandbox):
    session = requests.Session()
    session.trust_env = False

    def go(method, path, **options):
        return session.request(method, sandbox.base_url + path, timeout=5, **options)

    return go


def test_the_overview_lists_merchants_and_customers_and_says_what_it_is(asker, browser, sandbox):
    merchant = sandbox.add_merchant(name="Acme <b>& Co")
    uid = asker.uid(individual(account_name="<script>alert(1)</script>", merchant_uid=merchant))
    asker.upload(customer_uid=uid, doc_type="Selfie")
    page = browser("GET", "/_sandbox/")
    assert page.status_code == 200
    assert "An imitation of the exchange" in page.text
    assert "Acme &lt;b&gt;&amp; Co" in page.text
    assert uid in page.text
    assert "<script" not in page.text
    assert browser("GET", "/").url.endswith("/_sandbox/")


def test_a_strict_policy_holds_and_nothing_is_inline(asker, browser):
    uid = asker.uid(business())
    for path in (
        "/_sandbox/",
        "/_sandbox/switches",
        "/_sandbox/log",
        f"/_sandbox/accounts/{uid}",
        "/_sandbox/no",
    ):
        page = browser("GET", path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
        assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    for asset in ("console.css", "icon.svg"):
        assert browser("GET", f"/_sandbox/{asset}").status_code == 200


def test_a_customers_page_shows_what_was_sent_and_gives_the_bytes_as_a_download(asker, browser, sandbox):
    made = asker.create(business()).json()
    asker.upload(customer_uid=made["uid"], doc_type="AML Policy")
    (held,) = sandbox.state()["documents"]
    page = browser("GET", f"/_sandbox/accounts/{made['uid']}").text
    for shown in (made["ubos"][0]["uid"], "2020/123456/07", "AML Policy", held["sha256"][:12]):
        assert shown in page
    download = browser("GET", f"/_sandbox/documents/{held['id']}")
    assert download.content == JPEG
    assert download.headers["Content-Disposition"].startswith("attachment")
    assert download.headers["X-Content-Type-Options"] == "nosniff"


def test_a_person_adds_a_merchant_verifies_and_rejects(asker, browser, sandbox):
    said = browser("POST", "/_sandbox/merchants", data={"name": "Acme", "email": ""})
    merchant = sandbox.state()["merchants"][0]
    assert f"Merchant {merchant['uid']} was added" in said.text
    made = asker.create(business()).json()
    assert "is now verified" in browser("POST", f"/_sandbox/accounts/{made['uid']}/verify").text
    assert asker.customer(made["uid"])["kyc_status"] == "verified"
    page = browser("POST", f"/_sandbox/accounts/{made['ubos'][0]['uid']}/reject")
    assert page.url.split("?")[0].endswith(made["uid"])
    assert asker.customer(made["uid"])["ubos"][0]["kyc_status"] == "rejected"


def test_faults_and_quirks_are_switched_by_forms(asker, browser, sandbox):
    form = {
        "kind": "error_before",
        "route": "customers.create",
        "count": "1",
        "probability": "1",
        "seconds": "",
    }
    assert "error_before is on" in browser("POST", "/_sandbox/switches/faults", data=form).text
    assert asker.create().status_code == 500
    browser("POST", "/_sandbox/switches/quirks", data={"masking": "true", "list_order": "desc"})
    quirks = sandbox.call("GET", "faults")["quirks"]
    assert (quirks["masking"], quirks["list_order"], quirks["owner_2fa"]) == (True, "desc", False)
    wrong = browser("POST", "/_sandbox/switches/quirks", data={"list_order": "sideways"})
    assert "Nothing was changed" in wrong.text
    browser("POST", "/_sandbox/switches/clear")
    assert sandbox.call("GET", "faults")["quirks"]["owner_2fa"] is True


def test_the_list_is_searched_and_paged(asker, browser):
    for number in range(51):
        asker.uid(individual(account_name=f"Customer {number}"))
    assert "Page 1 of 2" in browser("GET", "/_sandbox/").text
    assert "Customer 0<" in browser("GET", "/_sandbox/?page=2").text
    found = browser("GET", "/_sandbox/?q=customer+17").text
    assert "Customer 17<" in found
    assert "Customer 18<" not in found


def test_emptying_needs_a_tick(asker, browser, sandbox):
    asker.uid()
    browser("POST", "/_sandbox/reset")
    assert sandbox.state()["counts"]["customers"] == 1
    browser("POST", "/_sandbox/reset", data={"sure": "yes"})
    assert sandbox.state()["counts"]["customers"] == 0


@pytest.mark.parametrize("given", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_another_sites_page_can_switch_nothing(browser, sandbox, given):
    assert browser("POST", "/_sandbox/merchants", data={"name": "Acme"}, headers=given).status_code == 403
    assert browser("POST", "/_sandbox/api/reset", headers=given).status_code == 403
    assert browser("POST", "/_sandbox/merchants", data={"name": "A"}, headers={"Origin": sandbox.base_url}).ok
    assert len(sandbox.state()["merchants"]) == 1


def test_control_calls_that_make_no_sense_say_so(browser, sandbox):
    assert browser("GET", "/_sandbox/api/nothing").status_code == 404
    assert browser("PUT", "/_sandbox/api/faults", data=b"{").json() == {"error": "the body is not JSON"}
    assert browser("POST", "/_sandbox/api/merchants", json={}).json() == {"error": "a merchant needs a name"}
    uid = sandbox.add_merchant(name="Acme", email="a@merchants.example", uid="CCT1234567")
    assert uid == "CCT1234567"
    assert browser("POST", "/_sandbox/api/merchants", json={"name": "B", "uid": uid}).status_code == 422


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "exchange.sandbox", *arguments],
        capture_output=True,
        text=True,
        timeout=10,
        env={"PATH": "/usr/bin", **environment},
    )


def test_a_taken_port_is_one_clear_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("--port", str(port), "--store", str(tmp_path))
    assert ended.returncode == 1
    assert f"can't listen on 127.0.0.1:{port}" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "environment",
    [{"SANDBOX_PORT": "high"}, {"SANDBOX_DIALECT": "2020"}, {"SANDBOX_REVIEW_SECONDS": "soon"}],
)
def test_a_setting_that_makes_no_sense_is_one_clear_line(environment):
    ended = run(**environment)
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1


def test_it_leaves_nothing_but_its_store(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    with SandboxProcess(tmp_path / "store") as server:
        server.add_merchant(name="Acme")
    left = {str(path.relative_to(tmp_path)) for path in Path(tmp_path).rglob("*") if path.is_file()}
    assert {name for name in left if not name.startswith("store/sandbox.sqlite3")} == set()
