"""The portal's keys: versions, the file of the embedded default, what is said when they are wrong."""

import base64
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from vault.keys import ensure_key_file, key_for, keyring, parse_keys
from vault.lasting import lasting_key

PROJECT = Path(__file__).resolve().parents[2]


def entry(version, byte):
    return f"{version}:{base64.b64encode(byte * 32).decode()}"


def test_the_highest_version_wraps_and_the_lowest_derives_what_never_changes():
    ring = parse_keys(f"{entry(3, b'c')},{entry(1, b'a')}, {entry(2, b'b')}")
    assert (ring.current, ring.oldest) == (3, 1)


def test_a_new_version_leaves_the_older_ones_keys_and_what_lasts_as_they_were(settings):
    settings.PORTAL_KEYS = entry(1, b"a")
    before = key_for("index/phone", 1), lasting_key("token"), lasting_key("something newer")
    settings.PORTAL_KEYS = f"{entry(1, b'a')},{entry(2, b'b')}"
    assert (key_for("index/phone", 1), lasting_key("token"), lasting_key("something newer")) == before
    assert keyring().current == 2
    assert key_for("index/phone", 2) != key_for("index/phone", 1)


def test_each_purpose_has_a_key_of_its_own(settings):
    settings.PORTAL_KEYS = entry(1, b"a")
    keys = {
        key_for(purpose, 1)
        for purpose in ("wrap", "token", "index/phone", "index/id_number", "digest/content")
    }
    assert len(keys) == 5
    assert b"a" * 32 not in keys


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no key"),
        ("   ,", "holds no key"),
        ("nonsense", "entry 1"),
        ("1:not base64!", "entry 1"),
        (f"{entry(1, b'a')},{entry(1, b'b')}", "a number of its own"),
        (entry(0, b"a"), "a number of its own"),
        (entry(65536, b"a"), "a number of its own"),
        ("1:" + base64.b64encode(b"short").decode(), "32 bytes"),
    ],
)
def test_wrong_keys_are_named_by_place_and_never_by_value(text, said):
    with pytest.raises(ImproperlyConfigured, match=said) as error:
        parse_keys(text)
    assert base64.b64encode(b"a" * 32).decode() not in str(error.value)


def test_a_keyring_does_not_show_its_keys():
    assert "YWFh" not in repr(parse_keys(entry(1, b"a")))
    assert "aaaa" not in repr(parse_keys(entry(1, b"a")))


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "var" / "portal-keys"
    text = ensure_key_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_key_file(path) == text
    assert parse_keys(text).current == 1
    assert [file.name for file in path.parent.iterdir()] == ["portal-keys"]


def test_threads_that_start_together_agree_on_one_key(tmp_path):
    path = tmp_path / "portal-keys"
    with ThreadPoolExecutor(16) as pool:
        texts = set(pool.map(lambda _: ensure_key_file(path), range(64)))
    assert texts == {path.read_text().strip()}


def test_processes_that_start_together_agree_on_one_key(tmp_path):
    path = tmp_path / "portal-keys"
    program = (
        "import sys; from pathlib import Path; from vault.keys import ensure_key_file;"
        "print(ensure_key_file(Path(sys.argv[1])))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, cwd=PROJECT)
        for _ in range(4)
    ]
    said = {process.communicate(timeout=30)[0] for process in started}
    assert said == {path.read_bytes()}
