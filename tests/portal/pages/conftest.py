"""Thandi, signed in; and the exchange's part of the settings pointed at nothing that answers."""

import pytest
from django.core.cache import cache


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
def nothing_in_scope(monkeypatch):
    """As a role without any merchant will see it: the scope that querysets ask for is empty."""
    monkeypatch.setattr("customers.models.merchant_scope", lambda user: frozenset())
    monkeypatch.setattr("portal.pages.waiting.queries.merchant_scope", lambda user: frozenset())
    monkeypatch.setattr("portal.pages.overview.outbox.merchant_scope", lambda user: frozenset())
    monkeypatch.setattr("portal.pages.sync.queries.merchant_scope", lambda user: frozenset())
    monkeypatch.setattr("portal.pages.sync.listing.merchant_scope", lambda user: frozenset())
