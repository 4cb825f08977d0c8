"""The daemon's protocol: a verdict only where it was given one; anything else is silence."""

import time

import pytest

from kyc.scanning import clamd
from tests.kyc import files
from tests.kyc.scanning.scanner import Scanner

INFECTED = files.pdf() + b"% " + clamd.EICAR


@pytest.fixture(params=["tcp", "local"])
def daemon(request, tmp_path):
    daemon = Scanner(str(tmp_path / "clamd.ctl") if request.param == "local" else "")
    yield daemon
    daemon.stop()


def ask(daemon, content, timeout=2.0):
    return clamd.scan(clamd.read_address(daemon.address), content, timeout=timeout)


def why(daemon, content=b"x" * 1_000_000, timeout=2.0):
    with pytest.raises(clamd.Silent) as silent:
        ask(daemon, content, timeout)
    return silent.value.why


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 4_000_000])
def test_a_clean_file_is_passed_whole(daemon, size):
    assert ask(daemon, b"\1" * size) == ""
    assert daemon.seen == [size]


def test_the_test_signature_is_found_and_named(daemon):
    assert ask(daemon, INFECTED) == "Eicar-Test-Signature"
    assert clamd.is_watching(clamd.read_address(daemon.address))


def test_a_scanner_without_signatures_is_found_out(daemon):
    daemon.mood = "knows nothing"
    assert ask(daemon, INFECTED) == ""
    assert not clamd.is_watching(clamd.read_address(daemon.address))


@pytest.mark.parametrize(
    ("mood", "expected"),
    [
        ("hangs", {"timeout"}),
        ("resets", {"reset", "closed"}),
        ("closes", {"closed"}),
        ("garbles", {"garbled"}),
        ("says OK and more", {"garbled"}),
        ("fails", {"error"}),
    ],
)
def test_anything_but_a_verdict_is_silence(daemon, mood, expected):
    daemon.mood = mood
    started = time.monotonic()
    assert why(daemon, timeout=0.5) in expected
    assert time.monotonic() - started < 2


def test_a_stream_over_the_daemons_limit_is_silence_and_no_pass(daemon):
    daemon.stream_max = 100_000
    assert why(daemon, b"\1" * 4_000_000) in {"error", "reset", "closed"}


def test_a_file_over_every_daemons_limit_is_not_even_sent(daemon):
    assert why(daemon, b"\1" * (clamd.MAX_BYTES + 1)) == "too_large"
    assert daemon.asked == 0


def test_a_daemon_that_is_down_is_silence(daemon, tmp_path):
    down = Scanner(str(tmp_path / "other.ctl"))
    down.stop()
    assert why(down) == "refused"
    gone = Scanner()
    gone.stop()
    assert why(gone) == "refused"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("unix:///run/clamav/clamd.ctl", clamd.Address(path="/run/clamav/clamd.ctl")),
        ("tcp://scanner:3311", clamd.Address(host="scanner", port=3311)),
        ("scanner:3311", clamd.Address(host="scanner", port=3311)),
        ("tcp://scanner", clamd.Address(host="scanner", port=3310)),
        ("tcp://[::1]:3310", clamd.Address(host="::1", port=3310)),
    ],
)
def test_an_address_is_read(text, address):
    assert clamd.read_address(text) == address


@pytest.mark.parametrize(
    "text",
    ["unix://clamd.ctl", "http://scanner:3310", "tcp://", "tcp://a:b", "tcp://a:3310/x", "tcp://u@a:3310"],
)
def test_an_address_that_makes_no_sense_is_refused(text):
    with pytest.raises(ValueError):
        clamd.read_address(text)
