"""What staff note of a merchant is sealed, under a key of its own that goes along when keys rotate."""

import os
import sqlite3
import subprocess
import sys
import uuid

import pytest
from django.db import connection

from accounts.models import AuditEntry
from customers.merchant_contacts import CONTACT_FIELDS, change_contact
from customers.models import Merchant
from customers.rewrapping import data_keys_by_version, rewrap_data_keys
from tests.canary.searching import leaks
from tests.customers.test_rewrapping import key
from vault.envelope import CannotOpen

NOTED = {
    "contact_name": "Musa Dlamini",
    "contact_email": "musa.dlamini@shop.example",
    "contact_phone": "+27825550177",
    "notes": "Calls on Mondays, never before ten.",
}


@pytest.fixture
def noted(corner_shop, thandi):
    change_contact(merchant=corner_shop, data=NOTED, actor=thandi)
    return Merchant.objects.get(pk=corner_shop.pk)


def contacts(merchant) -> dict[str, str]:
    return {name: getattr(merchant, name) for name in CONTACT_FIELDS}


def in_the_database() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(CONTACT_FIELDS)} FROM customers_merchant")  # noqa: S608 - of ours
        return [bytes(value) for row in cursor.fetchall() for value in row if value is not None]


def test_the_database_holds_it_sealed_and_python_sees_it_plain(noted):
    assert contacts(noted) == NOTED
    held = in_the_database()
    assert len(held) == len(NOTED)
    assert not any(text.encode() in value for text in NOTED.values() for value in held)


def test_what_is_taken_out_again_is_held_nowhere(noted, thandi):
    assert change_contact(merchant=noted, data={**NOTED, "contact_phone": ""}, actor=thandi) == [
        "contact_phone"
    ]
    assert contacts(Merchant.objects.get()) == {**NOTED, "contact_phone": ""}
    assert len(in_the_database()) == len(NOTED) - 1


def test_of_whom_nothing_is_noted_there_is_no_key(corner_shop, thandi):
    change_contact(merchant=corner_shop, data=dict.fromkeys(NOTED, ""), actor=thandi)
    assert bytes(Merchant.objects.get().wrapped_key) == b""
    assert data_keys_by_version() == {}


def test_another_merchants_contact_does_not_open_as_ones_own(noted, own_merchant):
    Merchant.objects.filter(pk=own_merchant.pk).update(wrapped_key=noted.wrapped_key)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_merchant SET contact_phone = "
            "(SELECT contact_phone FROM customers_merchant WHERE uid = %s)",
            [noted.uid],
        )
    with pytest.raises(CannotOpen):
        Merchant.objects.get(pk=own_merchant.pk).contact_phone  # noqa: B018 - it opens when it is read


def test_the_audit_trail_masks_what_it_was_and_is(noted):
    told = str(AuditEntry.objects.get(action="merchant.change").changes)
    assert not any(text in told for text in NOTED.values())


def test_its_key_goes_under_a_new_version_with_the_customers(corner_shop, thandi, settings):
    settings.PORTAL_KEYS = key("a")
    change_contact(merchant=corner_shop, data=NOTED, actor=thandi)
    settings.PORTAL_KEYS = f"{key('a')},{key('b', 2)}"
    assert data_keys_by_version() == {1: 1}
    assert rewrap_data_keys(lambda count: None) == (1, [])
    assert data_keys_by_version() == {2: 1}
    settings.PORTAL_KEYS = key("b", 2)
    assert contacts(Merchant.objects.get(pk=corner_shop.pk)) == NOTED


@pytest.mark.processes
def test_what_was_noted_before_it_was_sealed_is_sealed_by_the_upgrade(tmp_path):
    path = tmp_path / "portal.sqlite3"

    def python(*words: str) -> str:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH")}
        more = {"DATABASE_URL": f"sqlite:///{path}", "PORTAL_KEYS": key("a"), "SECRET_KEY": "s" * 50}
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            env=kept | more,
            capture_output=True,
            check=True,
            text=True,
            timeout=120,
        ).stdout

    python("migrate", "customers", "0006", "--verbosity", "0", "--skip-checks")
    noted, silent = uuid.uuid4().hex, uuid.uuid4().hex
    with sqlite3.connect(path) as database:
        for pk, values in ((noted, list(NOTED.values())), (silent, [""] * 4)):
            database.execute(
                f"INSERT INTO customers_merchant (id, uid, is_self, name, email, exchange_state, settings, "  # noqa: S608
                f"created_at, {', '.join(NOTED)}) "
                "VALUES (?, ?, 0, '', '', '', '{}', '2026-01-01', ?, ?, ?, ?)",
                [pk, pk, *values],
            )
    database.close()
    python("migrate", "--verbosity", "0", "--skip-checks")
    with sqlite3.connect(path) as database:
        database.execute("VACUUM")
    database.close()
    assert leaks([path], NOTED) == []
    said = python(
        "shell",
        "--command",
        "from customers.models import Merchant\n"
        f"shop = Merchant.objects.get(uid='{noted}')\n"
        f"print([getattr(shop, name) for name in {list(NOTED)!r}])\n"
        f"print(bytes(Merchant.objects.get(uid='{silent}').wrapped_key))",
    )
    assert said.splitlines()[-2:] == [repr(list(NOTED.values())), "b''"]
