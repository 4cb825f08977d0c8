"""The checks of the settings: each finds what it looks for, and is silent on a good production."""

import pytest
from django.core.checks import run_checks

from portal import checks
from tests.portal.installation import ROOT, environment, manage
from tests.portal.test_settings import EXCHANGE, PRODUCTION

GOOD = {
    **PRODUCTION,
    **EXCHANGE,
    "MEDIA_ROOT": "/srv/portal/media",
    "AUDIT_HEADS": "s3://heads/portal",
    "DATABASE_URL": "postgres://portal@database.example.com/portal",
    "EMAIL_URL": "smtp+tls://portal:secret@mail.example.com:587",
}


def ids(messages):
    return {message.id for message in messages}


def deploy_check(tmp_path, **changed):
    env = environment(tmp_path, **{**GOOD, **changed})
    return manage("check", "--deploy", "--fail-level", "WARNING", env={k: v for k, v in env.items() if v})


def test_a_production_with_all_it_needs_passes_without_a_word(tmp_path):
    done = deploy_check(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"EXCHANGE_DIALECT": "2027-01"}, "portal.E001"),
        ({"EXCHANGE_BASE_URL": "http://exchange.example.com"}, "portal.E002"),
        ({"EXCHANGE_BASE_URL": "https://exchange.example.com/api"}, "portal.E002"),
        ({"PORTAL_KEYS": "1:c2hvcnQ="}, "portal.E003"),
        (dict.fromkeys(EXCHANGE, ""), "portal.E005"),
        ({"ALLOWED_HOSTS": "", "SECRET_KEY": "", "PORTAL_KEYS": ""}, "portal.E004"),
        ({"ALLOWED_HOSTS": ""}, "portal.E006"),
        ({"CACHE_URL": "locmemcache://"}, "portal.E007"),
        ({"DATABASE_URL": "sqlite://:memory:"}, "portal.W001"),
        ({"MEDIA_ROOT": ""}, "portal.W002"),
        ({"AUDIT_HEADS": ""}, "portal.W003"),
        ({"DEBUG": "1"}, "security.W018"),
        ({"ALLOWED_HOSTS": "", "DEMO_WITHOUT_MFA": "1"}, "portal.E020"),
        ({"EMAIL_URL": ""}, "portal.E021"),
        ({"SECURE_PROXY": "1"}, "portal.E022"),
        ({"PORTAL_URL": "http://portal.example.com"}, "portal.E023"),
        ({"ALLOWED_HOSTS": "*"}, "portal.E023"),
        ({"MEDIA_ROOT": str(ROOT / "var" / "static" / "media")}, "portal.E024"),
    ],
)
def test_what_a_production_lacks_is_named(tmp_path, changed, expected):
    done = deploy_check(tmp_path, **changed)
    assert done.returncode == 1, done.stdout
    assert expected in done.stderr
    assert EXCHANGE["EXCHANGE_API_SECRET"] not in done.stderr


def test_the_embedded_default_passes_what_every_start_checks():
    assert not ids(run_checks()) & {"portal.E001", "portal.E002", "portal.E003"}


def test_keys_that_can_not_be_read_are_found_without_showing_them(settings):
    settings.PORTAL_KEYS = "1:bm90LWEta2V5"
    [message] = checks.check_keys()
    assert message.id == "portal.E003"
    assert "bm90" not in message.msg


def test_a_bucket_is_a_place_for_documents(settings):
    settings.SETTINGS_GIVEN = frozenset()
    settings.S3_BUCKET = ""
    assert ids(checks.check_documents_have_a_place()) == {"portal.W002"}
    settings.S3_BUCKET = "documents"
    assert checks.check_documents_have_a_place() == []
