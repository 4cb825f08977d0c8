"""One individual and one business, marked, from the pack to the exchange and through every page: then no mark
is where none may be. `make canary` is the long form."""

import json

import pytest

from tests.canary.installation import Marked
from tests.canary.searching import Leak, forms_of, leaks
from tests.canary.secret_settings import OF_AWS, OPEN, SECRET, WITH_PASSWORD

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def onboarded(tmp_path_factory):
    marked = Marked(tmp_path_factory.mktemp("canary"))
    marked.start()
    try:
        pack = marked.write_pack()
        # The second time with a column spoiled: every row is refused, with what it holds.
        assert marked.run("import_pack", str(pack), "--submit", "--accept-warnings", "looked at") == 0
        table = pack / "customers.csv"
        table.write_text(table.read_text().replace("Historian", "Astronaut of Mars").replace("K-", "X-"))
        assert marked.run("import_pack", str(pack)) == 1
        assert marked.run("deliver_outbox", "--until-idle") == 0
        assert marked.run("poll_verifications") == 0
        files = [str(marked.folder / "marks.json"), str(marked.folder / "visited")]
        assert marked.run(*files, module="tests.canary.visitor") == 0, _last_log(marked)
        # What the visitor asked for: a payment reference with its webhook.
        assert marked.run("deliver_outbox", "--until-idle") == 0
        assert marked.run("seal_audit") == 0
        yield marked
    finally:
        marked.stop()


def _last_log(marked: Marked) -> str:
    return sorted(marked.logs.iterdir())[-1].read_text()[-3000:]


def test_everything_was_done_with_marks_in_every_encrypted_field(onboarded):
    """Or the search would find nothing because there was nothing."""
    assert json.loads((onboarded.folder / "visited" / "unmarked.json").read_text()) == []
    state = json.dumps(onboarded.sandbox.state())
    assert onboarded.marks.sealed["individual.dob"] in state
    assert onboarded.marks.named["ubo.last_name"] in state
    assert "DEBUG" in "".join(path.read_text() for path in onboarded.logs.iterdir())
    answers = sorted(path.name for path in (onboarded.folder / "visited" / "pages").iterdir())
    assert len(answers) > 15
    assert all(name.endswith(("-200.txt", "-302.txt")) for name in answers), answers
    broken = {path.name[-7:-4] for path in (onboarded.folder / "visited" / "errors").iterdir()}
    assert broken == {"400", "404", "500", "503"}


def test_no_mark_is_in_the_log(onboarded):
    logged = "".join(path.read_text() for path in onboarded.logs.iterdir())
    assert "ValueError" in logged, "nothing broke: what an error says was not tried"
    assert leaks([onboarded.logs], onboarded.marks.everything) == []


def test_nothing_that_is_sealed_is_in_the_database_the_storage_or_the_heads(onboarded):
    folder = onboarded.folder
    assert onboarded.database_files
    held = [*onboarded.database_files, folder / "media", folder / "heads", folder / "erased.jsonl"]
    assert leaks(held, onboarded.marks.hidden) == []


def test_no_mark_is_left_among_the_temporary_files(onboarded):
    assert leaks([onboarded.temporary], onboarded.marks.everything) == []


def test_no_mark_is_in_the_audit_trail(onboarded):
    assert leaks([onboarded.folder / "visited" / "trail.json"], onboarded.marks.everything) == []


def test_no_mark_is_on_an_error_page(onboarded):
    assert leaks([onboarded.folder / "visited" / "errors"], onboarded.marks.everything) == []


def test_no_mark_is_in_a_letter_about_an_error(onboarded):
    letters = [path.read_text() for path in sorted((onboarded.folder / "letters").iterdir())]
    assert any("ValueError" in letter for letter in letters), "nobody was told that something broke"
    assert leaks([onboarded.folder / "letters"], onboarded.marks.everything) == []


def test_the_log_knows_every_secret_setting_that_the_process_holds(onboarded):
    """Written on purpose, none of them comes through."""
    assert json.loads((onboarded.folder / "visited" / "unknown.json").read_text()) == []


def test_every_secret_setting_has_its_mark_and_every_setting_is_known_as_secret_or_open(tmp_path):
    from portal.settings import _KNOWN

    assert SECRET | WITH_PASSWORD | OPEN == _KNOWN, "name it in tests/canary/secret_settings.py"
    assert not OPEN & (SECRET | WITH_PASSWORD)
    marked = Marked(tmp_path, database="postgres://root@127.0.0.1:5432/portal")
    for name in SECRET | WITH_PASSWORD | OF_AWS:
        assert marked.marks.secrets[name] in marked.environment[name], name
    assert {"PORTAL_KEYS, version 2", "password", "totp"} <= set(marked.marks.secrets)


def test_nothing_that_is_sealed_is_on_a_page_that_nobody_asked_to_show_it(onboarded):
    assert leaks([onboarded.folder / "visited" / "pages"], onboarded.marks.hidden) == []


def test_no_secret_is_printed(onboarded):
    assert leaks([onboarded.said], onboarded.marks.secrets) == []


# The search has teeth.


def test_a_leak_is_found_wherever_it_is_planted(tmp_path):
    """A field that is not encrypted, a line of the log, a temporary file. (A broker's message: by hand.)"""
    marked = Marked(tmp_path, seed=8, CANARY_PLAIN="phone_number", CANARY_LEAKS="log,temporary")
    pack = marked.write_pack()
    assert marked.run("import_pack", str(pack)) in (0, 1)
    phones = {"individual.phone_number", "business.phone_number", "ubo.phone_number"}
    assert {leak.mark for leak in leaks(marked.database_files, marked.marks.hidden)} == phones
    for place in (marked.logs, marked.temporary):
        found = {leak.mark for leak in leaks([place], marked.marks.hidden)}
        assert found >= {"individual.address", "individual.pip_data", "ubo.address"}, place


@pytest.mark.parametrize(
    "written",
    [
        b"x Kanarie street 5 y",
        "Kanarie street 5".encode("utf-16-le"),
        b"S2FuYXJpZSBzdHJlZXQgNQ==",
        b"eEthbmFyaWUgc3RyZWV0IDV5",
        b"eHhLYW5hcmllIHN0cmVldCA1eQ==",
        b"Kanarie street 5".hex().encode(),
        b"q=Kanarie+street+5",
        b"/Kanarie%20street%205/",
        b"KANARIE STREET 5",
    ],
)
def test_a_mark_is_found_however_it_is_written(tmp_path, written):
    (tmp_path / "a.bin").write_bytes(b"\x00" * 7 + written)
    assert leaks([tmp_path], {"address": "Kanarie street 5"}) == [Leak("address", "a.bin")]
    assert leaks([tmp_path], {"address": "Kanarie strait 5"}) == []


def test_a_mark_in_the_name_of_a_file_is_found(tmp_path):
    (tmp_path / "kanarieabcdef.jpg").touch()
    assert leaks([tmp_path], {"name": "kanarieabcdef.jpg"}) == [Leak("name", "kanarieabcdef.jpg")]


def test_every_form_is_long_enough_to_be_no_accident():
    assert min(map(len, forms_of("1934-07-23"))) >= 10
