from __future__ import annotations

import threading

import pytest
import requests

from exchange.client.signing import (
    Credentials,
    KeySignature,
    NonceFailed,
    increasing_nonce,
    process_nonce,
    signature,
)
from tests.exchange.client.conftest import KEY, SECRET

NONCE = 1584524005143
GOLDEN = "bd42b945e095880e28d046846dbecf655fdf09d95a396a24fe6fe1df42f15d13"


def signed(auth: KeySignature) -> requests.PreparedRequest:
    return requests.Request("GET", "http://127.0.0.1/", auth=auth).prepare()


def test_the_signature_is_the_one_that_the_original_code_accepts():
    assert signature(KEY, SECRET, NONCE) == GOLDEN


def test_the_headers_carry_key_nonce_and_signature():
    headers = signed(KeySignature(Credentials(KEY, SECRET), lambda: NONCE)).headers
    assert headers["X-Auth-Apikey"] == KEY
    assert headers["X-Auth-Nonce"] == str(NONCE)
    assert headers["X-Auth-Signature"] == GOLDEN
    assert "X-Auth-Subaccount-Uid" not in headers


def test_a_request_that_is_signed_again_gets_a_new_nonce():
    numbers = iter((NONCE, NONCE + 1))
    auth = KeySignature(Credentials(KEY, SECRET), lambda: next(numbers))
    request = auth(signed(auth))
    assert request.headers["X-Auth-Nonce"] == str(NONCE + 1)
    assert request.headers["X-Auth-Signature"] == signature(KEY, SECRET, NONCE + 1)


def test_the_same_millisecond_gives_different_nonces_and_a_clock_that_steps_back_none_twice():
    times = iter((5000, 5000, 4000, 6000))
    nonce = increasing_nonce(lambda: next(times))
    assert [nonce() for _ in range(4)] == [5000, 5001, 5002, 6000]


def test_threads_never_share_a_nonce():
    nonce, taken = increasing_nonce(lambda: 1), []
    threads = [threading.Thread(target=lambda: taken.extend([nonce() for _ in range(500)])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == 4000


def test_two_clients_with_one_key_share_one_source():
    assert process_nonce("a-key") is process_nonce("a-key")
    assert process_nonce("a-key") is not process_nonce("another-key")


@pytest.mark.parametrize("value", [0, -1, True, "1584524005143", None, 1.5])
def test_a_nonce_that_is_no_positive_whole_number_is_not_signed(value):
    with pytest.raises(NonceFailed):
        signed(KeySignature(Credentials(KEY, SECRET), lambda: value))


@pytest.mark.parametrize(("key", "secret"), [("", "s"), ("k", ""), ("k\n", "s"), ("k k", "s"), ("k", "é")])
def test_credentials_that_no_header_can_carry_are_refused(key, secret):
    with pytest.raises(ValueError, match="EXCHANGE_API_"):
        Credentials(key, secret)


def test_credentials_are_not_shown():
    assert SECRET not in repr(Credentials(KEY, SECRET))
    assert KEY not in repr(Credentials(KEY, SECRET))
