"""An exchange whose details say nothing of whom they are about."""

from exchange.client import client as client_module

HIDDEN = {"email": None, "profile": {"last_name": "****"}, "phone": {}, "business_profile": {}, "ubos": []}


def hide_details(monkeypatch) -> None:
    """From now on, until `monkeypatch` is undone."""
    read = client_module.customer_from
    monkeypatch.setattr(
        client_module, "customer_from", lambda document, **more: read({**document, **HIDDEN}, **more)
    )
