"""What `manage.py check` says about the settings; with `--deploy` also what a production needs.

They look at settings only: nothing is called, and no secret is shown.
"""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured


@register("exchange")
def check_exchange(**kwargs: Any) -> list[CheckMessage]:
    """The dialect is one we speak and the address one we may send a signature to."""
    if not {"EXCHANGE_BASE_URL", "EXCHANGE_DIALECT"} & settings.SETTINGS_GIVEN:
        return []  # nothing was given; and every command would pay for loading the client
    from exchange.client.client import origin
    from exchange.client.dialects import dialect_named

    found: list[CheckMessage] = []
    try:
        dialect_named(settings.EXCHANGE_DIALECT)
    except ValueError as error:
        found.append(Error(str(error), hint="Set EXCHANGE_DIALECT to one of them.", id="portal.E001"))
    try:
        origin(settings.EXCHANGE_BASE_URL)
    except ValueError as error:
        found.append(Error(str(error), hint="Give scheme, host and port only.", id="portal.E002"))
    return found


@register("keys")
def check_keys(**kwargs: Any) -> list[CheckMessage]:
    """PORTAL_KEYS can be read."""
    from vault.keys import parse_keys

    try:
        parse_keys(settings.PORTAL_KEYS)
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="docs/operations.md, “Keys”, says how to make one.", id="portal.E003")]
    return []


@register(Tags.security, deploy=True)
def check_secrets_are_given(**kwargs: Any) -> list[CheckMessage]:
    """What the embedded default makes for itself comes from the environment."""
    return [
        Error(
            f"{name} is not set, so this host made one for itself.",
            hint="Every host of one installation must be given the same. docs/operations.md, “Keys”.",
            id="portal.E004",
        )
        for name in ("SECRET_KEY", "PORTAL_KEYS")
        if name not in settings.SETTINGS_GIVEN
    ]


@register(Tags.security, deploy=True)
def check_exchange_is_real(**kwargs: Any) -> list[CheckMessage]:
    if not settings.USES_SANDBOX:
        return []
    return [
        Error(
            "No exchange is named: customers would go to a sandbox on this machine.",
            hint="Set EXCHANGE_BASE_URL, EXCHANGE_API_KEY and EXCHANGE_API_SECRET.",
            id="portal.E005",
        )
    ]


@register(Tags.security, deploy=True)
def check_hosts_are_given(**kwargs: Any) -> list[CheckMessage]:
    if not settings.IS_EMBEDDED:
        return []
    return [
        Error(
            "ALLOWED_HOSTS is not set: the portal answers on this machine only, and over plain http.",
            hint="Set ALLOWED_HOSTS to the names under which it is reached.",
            id="portal.E006",
        )
    ]


@register(Tags.database, deploy=True)
def check_database_is_a_server(**kwargs: Any) -> list[CheckMessage]:
    if not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return []
    return [
        Warning(
            "The database is SQLite, which serves one host and one writer at a time.",
            hint="Set DATABASE_URL to a PostgreSQL.",
            id="portal.W001",
        )
    ]


@register(Tags.files, deploy=True)
def check_documents_have_a_place(**kwargs: Any) -> list[CheckMessage]:
    if settings.S3_BUCKET or "MEDIA_ROOT" in settings.SETTINGS_GIVEN:
        return []
    return [
        Warning(
            "Documents are kept inside the checkout.",
            hint="Set MEDIA_ROOT to a backed-up folder that all hosts share, or S3_BUCKET.",
            id="portal.W002",
        )
    ]


@register(Tags.security, deploy=True)
def check_cache_is_shared(**kwargs: Any) -> list[CheckMessage]:
    """A cache of each process's own would count sign-in attempts once per process."""
    backend = settings.CACHES["default"]["BACKEND"]
    if backend.endswith(("LocMemCache", "DummyCache")):
        return [
            Error(
                "CACHE_URL names a cache that processes do not share: limits and used codes live in it.",
                hint="Name a Redis, or leave CACHE_URL out: then the database holds it.",
                id="portal.E007",
            )
        ]
    return []
