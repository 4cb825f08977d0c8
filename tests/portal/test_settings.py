"""Settings from the environment: none needed, `<NAME>_FILE` for each, loud where half set."""

import ast
import re

import pytest

from tests.portal.installation import ROOT, environment, manage

PRODUCTION = {
    "ALLOWED_HOSTS": "portal.example.com",
    "SECRET_KEY": "a-key-of-this-test-that-is-long-enough-for-the-check-0123456789",
    "PORTAL_KEYS": "1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
}
EXCHANGE = {
    "EXCHANGE_BASE_URL": "https://exchange.example.com",
    "EXCHANGE_API_KEY": "0123456789abcdef",
    "EXCHANGE_API_SECRET": "not-a-secret-of-anybody",
}


def values(*names, env):
    """What these settings are, read by a process of its own."""
    code = f"from django.conf import settings; print([getattr(settings, name) for name in {names!r}])"
    done = manage("shell", "--no-imports", "--command", code, env=env)
    assert done.returncode == 0, done.stderr
    return ast.literal_eval(done.stdout.strip())


def refusal(env):
    """What is said, on one line and without a traceback, where the settings can't be used."""
    done = manage("check", env=env)
    assert done.returncode == 3, done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


@pytest.mark.parametrize("missing", sorted(EXCHANGE))
def test_an_exchange_that_is_half_named_is_refused_with_the_name_that_is_missing(tmp_path, missing):
    given = {name: value for name, value in EXCHANGE.items() if name != missing}
    said = refusal(environment(tmp_path, **given))
    assert missing in said
    assert EXCHANGE["EXCHANGE_API_SECRET"] not in said


@pytest.mark.parametrize("missing", ["SECRET_KEY", "PORTAL_KEYS"])
def test_a_production_without_its_keys_is_refused(tmp_path, missing):
    given = {name: value for name, value in PRODUCTION.items() if name != missing}
    said = refusal(environment(tmp_path, **given))
    assert missing in said
    assert "ALLOWED_HOSTS" in said


def test_older_secret_keys_may_be_named_beside_the_new_one(tmp_path):
    assert values("SECRET_KEY_FALLBACKS", env=environment(tmp_path)) == [[]]
    given = environment(tmp_path, SECRET_KEY_FALLBACKS="one,two")
    assert values("SECRET_KEY_FALLBACKS", env=given) == [["one", "two"]]


def test_only_a_portal_for_one_machine_goes_without_a_second_factor(tmp_path):
    said = refusal(environment(tmp_path, **PRODUCTION, DEMO_WITHOUT_MFA="1"))
    assert "DEMO_WITHOUT_MFA" in said
    assert values("DEMO_WITHOUT_MFA", env=environment(tmp_path, DEMO_WITHOUT_MFA="1")) == [True]


@pytest.mark.parametrize("seconds", ["0", "301"])
def test_a_second_factor_counts_as_fresh_for_five_minutes_at_most(tmp_path, seconds):
    assert "STEP_UP_SECONDS" in refusal(environment(tmp_path, STEP_UP_SECONDS=seconds))


def test_a_production_has_cookies_that_no_other_host_can_set(tmp_path):
    names = ("SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEVICE_COOKIE_NAME")
    found = values(
        *names, "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", env=environment(tmp_path, **PRODUCTION)
    )
    assert all(name.startswith("__Host-") for name in found[:3])
    assert found[3:] == [True, True]
    domain = ("SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_PATH")
    assert values(*domain, env=environment(tmp_path, **PRODUCTION)) == [None, None, "/", "/"]


def test_letters_lead_to_the_named_address_or_the_first_host(tmp_path):
    assert values("PORTAL_URL", env=environment(tmp_path, **PRODUCTION)) == ["https://portal.example.com"]
    given = environment(tmp_path, **PRODUCTION, PORTAL_URL="https://other.example.com/")
    assert values("PORTAL_URL", env=given) == ["https://other.example.com"]


def test_a_number_that_is_none_is_refused_with_the_setting_it_stands_in(tmp_path):
    assert "PORT can't be read as int" in refusal(environment(tmp_path, PORT="eight thousand"))


def test_what_is_not_built_is_refused_rather_than_left_out(tmp_path):
    assert "SEND_CLEANED_IMAGES is not built" in refusal(environment(tmp_path, SEND_CLEANED_IMAGES="1"))


def test_an_address_of_no_database_is_refused_without_being_shown(tmp_path):
    said = refusal(environment(tmp_path, DATABASE_URL="postgre://user:hunter22@db/portal"))
    assert "DATABASE_URL" in said
    assert "hunter22" not in said


def test_a_setting_set_to_nothing_is_not_set(tmp_path):
    env = environment(tmp_path, EXCHANGE_DIALECT="", EXCHANGE_LANES="")
    assert values("EXCHANGE_DIALECT", "EXCHANGE_LANES", env=env) == ["2026-02", 16]


def test_a_secret_may_come_from_a_file(tmp_path):
    secret = tmp_path / "exchange-secret"
    secret.write_text("from-the-file\n")
    given = {**EXCHANGE, "EXCHANGE_API_SECRET_FILE": str(secret)}
    del given["EXCHANGE_API_SECRET"]
    assert values("EXCHANGE_API_SECRET", env=environment(tmp_path, **given)) == ["from-the-file"]


def test_a_value_stands_above_its_file(tmp_path):
    secret = tmp_path / "exchange-secret"
    secret.write_text("from-the-file\n")
    given = {**EXCHANGE, "EXCHANGE_API_SECRET_FILE": str(secret)}
    [secret] = values("EXCHANGE_API_SECRET", env=environment(tmp_path, **given))
    assert secret == EXCHANGE["EXCHANGE_API_SECRET"]


def test_a_file_that_can_not_be_read_is_refused(tmp_path):
    said = refusal(environment(tmp_path, EXCHANGE_API_SECRET_FILE=str(tmp_path / "absent")))
    assert "EXCHANGE_API_SECRET_FILE" in said


def test_with_nothing_set_the_portal_is_embedded_and_talks_to_its_sandbox(tmp_path):
    env = environment(tmp_path, SANDBOX_PORT="8123")
    found = values("USES_SANDBOX", "EXCHANGE_BASE_URL", "IS_EMBEDDED", "DEBUG", env=env)
    assert found == [True, "http://127.0.0.1:8123", True, False]


def test_two_installations_side_by_side_share_nothing(tmp_path):
    names = ("SANDBOX_STORE", "MEDIA_ROOT", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME")
    stores = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        stores.append(values(*names, env=environment(folder, PORT=str(8000 + number))))
    assert not set(stores[0]) & set(stores[1])


def names_read_by_the_settings():
    """The names of `env.<kind>("NAME")` in portal/settings.py, and those that may come from a file."""
    tree = ast.parse((ROOT / "portal" / "settings.py").read_text())
    read, known = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            is_env = isinstance(node.func.value, ast.Name) and node.func.value.id == "env"
            if is_env and isinstance(node.args[0], ast.Constant):
                read.add(node.args[0].value)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_KNOWN":
            known = ast.literal_eval(node.value)
    return read, known


def test_every_setting_that_is_read_may_come_from_a_file():
    read, known = names_read_by_the_settings()
    assert len(read) > 20
    assert read <= known


def test_the_readme_has_a_row_for_every_setting_and_for_no_other():
    _, known = names_read_by_the_settings()
    section = (ROOT / "README.md").read_text().split("## Settings", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \|", section, re.MULTILINE)
    assert sorted(rows) == sorted(known)
