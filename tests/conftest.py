"""What every test may ask for: a few fixed people, fresh keys, storage of its own, the sandbox."""

import base64

import pytest
from django.conf import settings


@pytest.fixture(autouse=True)
def _own_storage(tmp_path, settings):
    """Each test's documents go to a folder of its own."""
    storages = {name: dict(value) for name, value in settings.STORAGES.items()}
    storages["documents"] = {
        "BACKEND": "vault.files.DurableFileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "media")},
    }
    settings.STORAGES = storages
    settings.MEDIA_ROOT = str(tmp_path / "media")


def pytest_configure():
    settings.PORTAL_KEYS = "1:" + base64.b64encode(b"k" * 32).decode()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """SQLite in a file, as in production: a shared database in memory locks whole tables between threads."""
    from django.db import connections

    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"]["NAME"] = str(tmp_path_factory.mktemp("database") / "test.sqlite3")


@pytest.fixture
def machine(db):
    """The machine's own account, as commands use it."""
    from accounts.models import User

    return User.objects.machine()


@pytest.fixture
def thandi(db):
    """Thandi, a compliance officer."""
    from accounts.models import User

    return User.objects.create_user(
        "thandi@aggregator.example", "a long enough passphrase", name="Thandi Nkosi"
    )


@pytest.fixture
def own_merchant(db):
    """The aggregator itself, as a merchant."""
    from customers.models import Merchant

    return Merchant.objects.own()


@pytest.fixture
def corner_shop(db):
    """A merchant under the aggregator."""
    from customers.models import Merchant

    return Merchant.objects.create(uid="CCT0000000001", name="Corner Shop")
