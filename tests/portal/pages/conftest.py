"""Thandi, signed in; and the exchange's part of the settings pointed at nothing that answers."""

import pytest
from django.core.cache import cache

from tests.accounts.people import elsewhere


@pytest.fixture(autouse=True)
def _no_exchange(settings):
    settings.EXCHANGE_BASE_URL = "http://127.0.0.1:9"
    cache_is_a_table = settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache")
    if cache_is_a_table:
        settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


@pytest.fixture
def staff(client, thandi):
    """A browser in which Thandi has signed in."""
    client.force_login(thandi)
    return client


@pytest.fixture
def nothing_in_scope(thandi):
    """Thandi's roles are for another merchant now, which has nothing. To be asked for after what is made."""
    elsewhere(thandi)
