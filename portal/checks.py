"""What `manage.py check` says about the settings; with `--deploy` also what a production needs.

They look at settings only: nothing is called, and no secret is shown.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured


@register("exchange")
def check_exchange(**kwargs: Any) -> list[CheckMessage]:
    """The dialect is one we speak and the address one we may send a signature to."""
    if not {"EXCHANGE_BASE_URL", "EXCHANGE_DIALECT"} & settings.SETTINGS_GIVEN:
        return []  # nothing was given; and every command would pay for loading the client
    from exchange.client.dialects import dialect_named
    from exchange.client.origin import origin

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


@register(Tags.database)
def check_keys_are_the_databases(databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """PORTAL_KEYS are those with which the database was written; asked with `--database default` alone."""
    if not databases or "default" not in databases:
        return []
    from django.db import DatabaseError

    from portal.known_keys import REMEDY, problems

    try:
        return [Error(problem, hint=REMEDY, id="portal.E009") for problem in problems()]
    except DatabaseError:
        # It does not answer, or has no tables yet: whatever needs it says so itself.
        return []
    except ImproperlyConfigured:
        return []  # told by check_keys


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
def check_heads_have_a_place_of_their_own(**kwargs: Any) -> list[CheckMessage]:
    """The audit chain's heads go where a thief of the database is not."""
    if "AUDIT_HEADS" in settings.SETTINGS_GIVEN:
        return []
    return [
        Warning(
            "The signed heads of the audit trail are kept on this host, where they prove little.",
            hint="Set AUDIT_HEADS to a bucket with Object Lock, or another host's folder. "
            "docs/operations.md, “The audit trail”.",
            id="portal.W003",
        )
    ]


@register("scanner")
def check_scanner(**kwargs: Any) -> list[CheckMessage]:
    """CLAMAV_ADDRESS can be read."""
    if not settings.CLAMAV_ADDRESS:
        return []
    from kyc.scanning.clamd import read_address

    try:
        read_address(settings.CLAMAV_ADDRESS)
    except ValueError as error:
        hint = "Name it as unix:///run/clamav/clamd.ctl or tcp://host:3310."
        return [Error(f"CLAMAV_ADDRESS can't be used: {error}.", hint=hint, id="portal.E008")]
    return []


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


@register(Tags.security, deploy=True)
def check_sign_in(**kwargs: Any) -> list[CheckMessage]:
    """What sign-in needs of a production: a second factor, letters that arrive, addresses that are true."""
    found: list[CheckMessage] = []
    if settings.DEMO_WITHOUT_MFA:
        found.append(
            Error(
                "DEMO_WITHOUT_MFA is set: a password alone opens the portal.",
                hint="Take it away.",
                id="portal.E020",
            )
        )
    if "EMAIL_URL" not in settings.SETTINGS_GIVEN:
        found.append(
            Error(
                "EMAIL_URL is not set: invitations and new passwords reach nobody.",
                hint="Name a mail server, such as smtp+tls://user:password@host:587.",
                id="portal.E021",
            )
        )
    if settings.SECURE_PROXY and not settings.TRUSTED_PROXIES:
        found.append(
            Error(
                "SECURE_PROXY is set and TRUSTED_PROXIES is not: everybody seems to come from the proxy's "
                "address, and ten wrong passwords lock all of them out.",
                hint="Have the proxy append to X-Forwarded-For, and set TRUSTED_PROXIES to how many do (1).",
                id="portal.E022",
            )
        )
    address = urlsplit(settings.PORTAL_URL)
    if address.scheme != "https" or not address.hostname or address.path:
        found.append(
            Error(
                "PORTAL_URL is no origin with https: the links of letters would lead nowhere, or past TLS.",
                hint="Set it to the portal's origin, such as https://portal.example.com.",
                id="portal.E023",
            )
        )
    return found


@register(Tags.files)
def check_documents_are_not_public(**kwargs: Any) -> list[CheckMessage]:
    """Documents lie where no address leads."""
    documents, public = Path(settings.MEDIA_ROOT).resolve(), Path(settings.STATIC_ROOT).resolve()
    if documents != public and public not in documents.parents and documents not in public.parents:
        return []
    return [
        Error(
            "MEDIA_ROOT lies within the folder of the static files, or around it: documents would be served.",
            hint="Choose a folder of its own.",
            id="portal.E024",
        )
    ]
