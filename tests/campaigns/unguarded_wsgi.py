"""The product's web application without the guard that CAMPAIGN_GUARD_OFF names."""

from tests.campaigns.launch import prepare

prepare()

from portal.wsgi import application  # noqa: E402

__all__ = ["application"]
