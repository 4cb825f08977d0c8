"""What every test may ask for: a few fixed people, fresh keys, storage of its own, the sandbox."""

import base64
import os
import shutil

import pytest
from django.conf import settings

from portal import starting
from tests.tables import with_tables


@pytest.fixture(autouse=True)
def _own_storage(tmp_path, settings):
    """Each test's documents go to a folder of its own."""
    storages = {name: dict(value) for name, value in settings.STORAGES.items()}
    storages["documents"] = {
        "BACKEND": "vault.files.DurableFileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "media")},
    }
    storages["audit_heads"] = {
        "BACKEND": "accounts.audit_folder.AppendOnlyFolder",
        "OPTIONS": {"location": str(tmp_path / "audit-heads")},
    }
    settings.STORAGES = storages
    settings.MEDIA_ROOT = str(tmp_path / "media")


def pytest_configure(config):
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        starting.begin()  # the process that only hands tests out collects none, and would never end it
    from tests.socket_guard import refuse_the_world

    refuse_the_world()
    settings.PORTAL_KEYS = "1:" + base64.b64encode(b"k" * 32).decode()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # What an installation has collected, another process may be collecting anew as a test looks through it.
    settings.STATIC_ROOT = str(settings.VAR_DIR / "collected-by-no-test")
    # Most tests are about what one person does; those about two ask for `four_eyes`.
    settings.FOUR_EYES = frozenset()


def pytest_collection_modifyitems(config, items):
    """With DATABASE_TESTS_ONLY, as on PostgreSQL: what asks no database is the same on each of them."""
    if not os.environ.get("DATABASE_TESTS_ONLY"):
        return
    asks = {"db", "transactional_db", "django_db_setup", "live_server"}
    chosen, left_out = [], []
    for item in items:
        is_asking = item.get_closest_marker("django_db") or asks & set(item.fixturenames)
        (chosen if is_asking else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = chosen


def pytest_collection_finish():
    starting.everything_loaded()


@pytest.fixture(scope="session", autouse=True)
def _flush_empties_the_audit_trail():
    """The database refuses to empty it; between tests that commit, it has to."""
    from tests.accounts.audit_trail import flushes_the_audit_trail

    with flushes_the_audit_trail():
        yield


@pytest.fixture(scope="session", autouse=True)
def _flush_makes_no_permissions_anew():
    """Between tests that commit, Django would write some hundred rows; nothing here asks for most of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *_, **__: None)
        yield


@pytest.fixture(autouse=True)
def _no_lasting_keys_are_kept(monkeypatch):
    """A process asks the database once; a test that has rotated takes the next process's place by itself."""
    monkeypatch.setattr("vault.lasting._kept", {})


@pytest.fixture(autouse=True)
def _content_types_are_looked_up_anew():
    """A flush, or a test that is taken back, takes their rows away: the next that needs one makes it."""
    from django.contrib.contenttypes.models import ContentType

    ContentType.objects.clear_cache()


@pytest.fixture(autouse=True)
def _both_steps_of_the_sign_in(monkeypatch):
    """`client.force_login` leaves a session in which password and second factor were shown."""
    from django.test import Client

    from tests.accounts.signing_in import sign_in_at_once

    monkeypatch.setattr(Client, "force_login", sign_in_at_once)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, tmp_path_factory):
    """SQLite in a file, as in production: a shared database in memory locks whole tables between threads."""
    from django.db import connections

    database = connections["default"].settings_dict
    if database["ENGINE"].endswith("sqlite3"):
        file = tmp_path_factory.mktemp("database") / "test.sqlite3"
        shutil.copyfile(with_tables(), file)
        database["TEST"]["NAME"] = str(file)
        # No test outlives a power cut, and the disk's syncs would take a quarter of the suite's time.
        options = database["OPTIONS"]
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb):
    """The copied file has its tables already; a migration that it lacks is made up for."""
    from django.db import connection

    return django_db_keepdb or connection.vendor == "sqlite"


@pytest.fixture
def four_eyes(settings):
    """Everything that can need a second person does, as by default."""
    from accounts.four_eyes import MATTERS

    settings.FOUR_EYES = frozenset(MATTERS)


@pytest.fixture
def machine(db):
    """The machine's own account, as commands use it."""
    from accounts.models import User

    return User.objects.machine()


@pytest.fixture
def thandi(db):
    """Thandi, who holds every role for all merchants."""
    from accounts.roles import Role
    from tests.accounts.people import a_person

    return a_person("thandi@aggregator.example", *Role, name="Thandi Nkosi")


@pytest.fixture
def viewer(db):
    """Vusi, a viewer for all merchants."""
    from tests.accounts.people import a_person

    return a_person("vusi@aggregator.example", "viewer", name="Vusi Zulu")


@pytest.fixture
def agent(db):
    """Ayanda, an agent (maker) for all merchants."""
    from tests.accounts.people import a_person

    return a_person("ayanda@aggregator.example", "agent", name="Ayanda Cele")


@pytest.fixture
def officer(db):
    """Olivia, an officer (checker) for all merchants."""
    from tests.accounts.people import a_person

    return a_person("olivia@aggregator.example", "officer", name="Olivia Smit")


@pytest.fixture
def auditor(db):
    """Arno, an auditor for all merchants."""
    from tests.accounts.people import a_person

    return a_person("arno@aggregator.example", "auditor", name="Arno Kruger")


@pytest.fixture
def operator(db):
    """Oscar, an operator for all merchants."""
    from tests.accounts.people import a_person

    return a_person("oscar@aggregator.example", "operator", name="Oscar Maseko")


@pytest.fixture
def administrator(db):
    """Adele, an administrator, who sees no customers."""
    from tests.accounts.people import a_person

    return a_person("adele@aggregator.example", "administrator", name="Adele Pillay")


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


def pytest_xdist_auto_num_workers(config):
    """One more than there are cores: the slowest tests wait for other processes most of their time."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return mine + 1
