import time

import pytest
import requests

from exchange.sandbox.configuration import DEFAULT_KEY, DEFAULT_SECRET

from .asking import CUSTOMERS, MERCHANTS, fresh_nonce, headers, sign


def test_the_published_vector_is_what_we_sign_with():
    """The pair that the sandbox starts with, and the vector, come from the original stack's documentation."""
    assert sign(DEFAULT_KEY, DEFAULT_SECRET, "1584524005143") == (
        "bd42b945e095880e28d046846dbecf655fdf09d95a396a24fe6fe1df42f15d13"
    )


def answer(sandbox, given, method="GET", path=CUSTOMERS):
    reply = requests.request(method, sandbox.base_url + path, headers=given, timeout=5)
    return reply.status_code, reply.json()["errors"], reply.headers["Content-Type"]


def test_no_headers_at_all_is_an_invalid_session_and_a_missing_token_when_changing(sandbox):
    assert answer(sandbox, {}) == (401, ["authz.invalid_session"], "text/html")
    assert answer(sandbox, {}, "POST") == (401, ["authz.missing_csrf_token"], "text/html")


def now(offset_ms=0):
    return str(int(time.time() * 1000) + offset_ms)


def wrong_headers(key, secret):
    """(what is wrong, headers, status, code); the first check that fails decides."""
    nonce = now()
    right = sign(key, secret, nonce)
    return {
        "signature missing": (
            headers(key, secret, **{"X-Auth-Signature": None}),
            422,
            "invalid_api_key_headers",
        ),
        "nonce blank": (headers(key, secret, **{"X-Auth-Nonce": ""}), 422, "invalid_api_key_headers"),
        "unknown key wins over a bad nonce": (
            {"X-Auth-Apikey": "nobody", "X-Auth-Nonce": "x", "X-Auth-Signature": "y"},
            401,
            "unexistent_apikey",
        ),
        "nonce is text": (headers(key, secret, "soon"), 401, "nonce_not_valid_timestamp"),
        "nonce is zero": (headers(key, secret, "0"), 401, "nonce_not_valid_timestamp"),
        "nonce is negative": (headers(key, secret, "-5"), 401, "nonce_not_valid_timestamp"),
        "nonce in seconds": (headers(key, secret, str(int(time.time()))), 401, "nonce_expired"),
        "nonce too old": (headers(key, secret, now(-5100)), 401, "nonce_expired"),
        "nonce too new": (headers(key, secret, now(5500)), 401, "nonce_expired"),
        "an old nonce wins over a bad signature": (
            headers(key, secret, now(-6000), **{"X-Auth-Signature": "0" * 64}),
            401,
            "nonce_expired",
        ),
        "wrong signature": (headers(key, secret, **{"X-Auth-Signature": "0" * 64}), 401, "invalid_signature"),
        "upper case": (
            headers(key, secret, nonce, **{"X-Auth-Signature": right.upper()}),
            401,
            "invalid_signature",
        ),
        "key before nonce": (
            headers(key, secret, nonce, **{"X-Auth-Signature": sign(nonce, secret, key)}),
            401,
            "invalid_signature",
        ),
    }


@pytest.mark.parametrize("what", wrong_headers("k", "s"))
def test_wrong_credentials_are_refused_with_the_code_of_the_first_failing_check(sandbox, what):
    given, status, code = wrong_headers(sandbox.key, sandbox.secret)[what]
    assert answer(sandbox, given) == (status, [f"authz.{code}"], "text/html")


def test_a_nonce_inside_the_window_passes_on_both_sides(sandbox):
    for offset in (-4000, 4000):
        reply = requests.get(
            sandbox.base_url + CUSTOMERS, headers=headers(sandbox.key, sandbox.secret, now(offset)), timeout=5
        )
        assert reply.status_code == 200


def test_the_nonce_may_carry_text_after_its_digits_when_that_text_was_signed(sandbox):
    given = headers(sandbox.key, sandbox.secret, now() + ".5")
    assert requests.get(sandbox.base_url + CUSTOMERS, headers=given, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("quirk", "code"),
    [
        ({"key_active": False}, "authz.apikey_not_active"),
        ({"owner_state": "banned"}, "authz.invalid_session"),
        ({"owner_2fa": False}, "authz.disabled_2fa"),
        ({"key_permitted": False}, "authz.invalid_permission"),
    ],
)
def test_a_key_that_may_not_is_refused_after_its_signature_was_checked(sandbox, quirk, code):
    sandbox.set_faults(**quirk)
    assert answer(sandbox, headers(sandbox.key, sandbox.secret))[:2] == (401, [code])
    wrong = headers(sandbox.key, sandbox.secret, **{"X-Auth-Signature": "0" * 64})
    assert answer(sandbox, wrong)[:2] == (401, ["authz.invalid_signature"])


def test_replays_pass_by_default_and_are_counted_and_can_be_refused(sandbox):
    same = headers(sandbox.key, sandbox.secret)
    replies = [requests.get(sandbox.base_url + CUSTOMERS, headers=same, timeout=5) for _ in range(2)]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert sandbox.state()["counts"]["repeated_nonces"] == 1
    sandbox.set_faults(nonce_unique=True)
    assert answer(sandbox, same)[:2] == (401, ["authz.signature_blacklisted"])


def test_nonces_can_be_made_to_rise_strictly(sandbox):
    sandbox.set_faults(nonce_increasing=True)
    newer, older = fresh_nonce(), now(-2000)
    assert requests.get(
        sandbox.base_url + CUSTOMERS, headers=headers(sandbox.key, sandbox.secret, newer), timeout=5
    ).ok
    assert answer(sandbox, headers(sandbox.key, sandbox.secret, older))[:2] == (
        401,
        ["authz.nonce_not_increasing"],
    )


def test_the_window_can_be_narrowed(sandbox):
    sandbox.set_faults(nonce_window_ms=500)
    assert answer(sandbox, headers(sandbox.key, sandbox.secret, now(-900)))[:2] == (
        401,
        ["authz.nonce_expired"],
    )


def test_alive_needs_no_key_and_passes_with_a_broken_one(sandbox):
    address = sandbox.base_url + "/api/v2/atlas/public/health/alive"
    assert requests.get(address, timeout=5).status_code == 200
    assert requests.get(address, headers={"X-Auth-Apikey": "broken"}, timeout=5).status_code == 200


def test_unknown_paths_and_methods(asker):
    gateway = asker.get("/api/v2/nowhere/at/all")
    assert (gateway.status_code, gateway.json()) == (401, {"errors": ["authz.invalid_permission"]})
    inside = asker.get("/api/v2/persona/resource/nothing")
    assert (inside.status_code, inside.json()) == (404, {"error": "Not Found"})
    verb = asker.ask("DELETE", CUSTOMERS)
    assert (verb.status_code, verb.json()) == (405, {"errors": "server.method_not_allowed"})


@pytest.mark.parametrize("uid", ["", "ID0000000000"])
def test_an_empty_or_unknown_sub_account_is_forbidden(asker, uid):
    reply = asker.get(CUSTOMERS, headers_={"X-Auth-Subaccount-Uid": uid})
    assert (reply.status_code, reply.json()["errors"]) == (403, ["user.ability.not_permitted"])


def test_acting_as_a_merchant_sees_and_makes_only_that_merchants_customers(asker, sandbox):
    merchant = sandbox.add_merchant(name="Acme")
    own = asker.uid()
    made = asker.create(headers_={"X-Auth-Subaccount-UID": merchant})
    assert asker.customer(made.json()["uid"])["merchant_uid"] == merchant
    seen = asker.get(CUSTOMERS, headers_={"X-Auth-Subaccount-Uid": merchant}).json()
    assert [row["uid"] for row in seen] == [made.json()["uid"]]
    assert asker.get(f"{CUSTOMERS}/{own}", headers_={"X-Auth-Subaccount-Uid": merchant}).status_code == 404
    assert asker.get(MERCHANTS).json()[0]["uid"] == merchant
