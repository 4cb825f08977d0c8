"""Every setting of the product, from the environment. Runs with none set: the embedded default.

Each setting may also be given as `<NAME>_FILE`, the path of a file that holds the value, or stand in a Vault.
README.md has the table.
"""

import os
import secrets
import sys
import warnings
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from portal.logs import configuration
from portal.secret_store import from_vault
from vault.keys import ensure_key_file

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"


def _from_files() -> dict[str, str]:
    """The environment, with every `<NAME>_FILE` read into `<NAME>` where that is not set itself.

    What is set to nothing counts as not set.
    """
    merged = {name: value for name, value in os.environ.items() if value or name not in _KNOWN}
    for name in (name for name in os.environ if name.endswith("_FILE") and name != "DJANGO_ENV_FILE"):
        if (target := name.removesuffix("_FILE")) in _KNOWN and target not in merged:
            try:
                merged[target] = Path(os.environ[name]).read_text().strip()
            except OSError as error:
                raise ImproperlyConfigured(
                    f"{name} names a file that can't be read: {error.strerror}."
                ) from None
    return merged


_KNOWN = {
    "SECRET_KEY", "SECRET_KEY_FALLBACKS", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "DATABASE_URL",
    "MEDIA_ROOT",
    "LOG_FORMAT", "ERROR_MAIL_TO", "PORTAL_KEYS", "AUDIT_HEADS", "BROKER_URL", "CACHE_URL", "EMAIL_URL",
    "EXCHANGE_BASE_URL", "EXCHANGE_API_KEY", "EXCHANGE_API_SECRET",
    "EXCHANGE_DIALECT", "EXCHANGE_RATE_PER_SECOND", "EXCHANGE_LANES", "OUTBOX_LEASE_SECONDS",
    "OUTBOX_UPLOAD_LEASE_SECONDS", "OUTBOX_SETTLE_SECONDS", "UPLOAD_UNKNOWN_RESENDS", "SEND_CLEANED_IMAGES",
    "OUTBOX_TOKEN_FORM", "RECOVERY_EPOCH", "WORKER_STALL_SECONDS", "METRICS_TOKEN",
    "POLL_SECONDS", "PORT", "SANDBOX_PORT", "SANDBOX_STORE", "LOG_LEVEL", "S3_BUCKET", "S3_ENDPOINT_URL",
    "S3_REGION", "SECURE_PROXY", "LANGUAGE_CODE", "TIME_ZONE", "FOUR_EYES", "FOUR_EYES_COMMANDS",
    "RETENTION_YEARS", "RETENTION_UNSENT_DAYS", "ERASURE_LEDGER", "CLAMAV_ADDRESS",
    "PORTAL_URL", "TRUSTED_PROXIES", "EMAIL_FROM", "DEMO_WITHOUT_MFA", "STEP_UP_SECONDS",
    "BREACHED_PASSWORDS", "VAULT_ADDR", "VAULT_TOKEN", "VAULT_SECRET", "VAULT_NAMESPACE", "VAULT_CACERT",
}  # fmt: skip


class _Env(environ.Env):
    """django-environ, which says of a value that can't be read whose it is."""

    def get_value(self, var, cast=None, default=environ.Env.NOTSET, parse_default=False):
        try:
            return super().get_value(var, cast, default, parse_default)
        except (ValueError, TypeError):
            kind = getattr(cast, "__name__", "value")
            raise ImproperlyConfigured(f"{var} can't be read as {kind}.") from None


env = _Env()
# A file `.env` beside manage.py fills what the environment leaves open; the tests never read it.
if "pytest" not in sys.modules:
    environ.Env.read_env(BASE_DIR / ".env")
env.ENVIRON = _from_files()
env.ENVIRON = from_vault(env.ENVIRON, _KNOWN) | env.ENVIRON
# The names that were given a value: what a check may tell from a default.
SETTINGS_GIVEN = frozenset(name for name in _KNOWN if env.ENVIRON.get(name))

# --- Web -----------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", False)
PORT = env.int("PORT", 8000)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Embedded means: on this machine alone, over plain http on loopback. Everything else is production.
IS_EMBEDDED = "ALLOWED_HOSTS" not in env.ENVIRON
# Where the portal is reached, for the links in its letters: never taken from a request, which may lie.
PORTAL_URL = env.str("PORTAL_URL", "").rstrip("/") or (
    f"http://127.0.0.1:{PORT}" if IS_EMBEDDED else f"https://{ALLOWED_HOSTS[0].lstrip('.*')}"
)
SECURE_PROXY = env.bool("SECURE_PROXY", False)
# Proxies of ours that each append to X-Forwarded-For; whatever stands further left is not believed.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)


def _embedded_secret() -> str:
    path = VAR_DIR / "secret-key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(50))
        except FileExistsError:
            pass
    return path.read_text()


_production_needs = [name for name in ("SECRET_KEY", "PORTAL_KEYS") if not env.str(name, "")]
if not IS_EMBEDDED and _production_needs:
    # Made here, they would differ from host to host, and what one encrypts no other could read.
    raise ImproperlyConfigured(
        f"ALLOWED_HOSTS is set, {' and '.join(_production_needs)} not: a production must name its keys. "
        "See docs/operations.md, “Keys”."
    )
# So that logs know it; the settings that came with it are read by now.
VAULT_TOKEN = env.str("VAULT_TOKEN", "")
SECRET_KEY = env.str("SECRET_KEY", "") or _embedded_secret()
# What was signed with these is believed, and nothing is signed with them any more.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

INSTALLED_APPS = [
    "portal.configuration.ConfigurationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_filters",
    "django_htmx",
    "lucide",
    "rest_framework",
    "vault",
    "exchange",
    "accounts",
    "customers",
    "kyc",
    "payments",
    "portal",
]

MIDDLEWARE = [
    "portal.edge.edge",
    "portal.answer_headers.HeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.answer_headers.NoStoreMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.body_limit.body_limit",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.doors.DoorsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.doors.for_templates",
            ],
            "builtins": ["lucide.templatetags.lucide"],
        },
    }
]

# --- Data ----------------------------------------------------------------------------------------

with warnings.catch_warnings():
    # The library would print an address that it does not know, password and all.
    warnings.simplefilter("ignore", UserWarning)
    DATABASES = {"default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'portal.sqlite3'}")}
_database = DATABASES["default"]
if not _database.get("ENGINE", "").endswith((".sqlite3", ".postgresql")):
    raise ImproperlyConfigured(
        "DATABASE_URL is not of the form sqlite:////path or postgres://user@host/name."
    )
if _database["ENGINE"].endswith("sqlite3"):
    Path(str(_database["NAME"])).parent.mkdir(parents=True, exist_ok=True)
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: what was acknowledged survives a power cut.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
elif "postgresql" in _database["ENGINE"]:
    _database["CONN_HEALTH_CHECKS"] = True
    _database["CONN_MAX_AGE"] = 60
    # A host that is gone says nothing: ask, rather than wait for hours.
    _database.setdefault("OPTIONS", {}).update(
        connect_timeout=5,
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        tcp_user_timeout=30_000,
        # Statements that ask for it are planned once a connection (`prepare=True`); Django turns that off. A
        # pooler that lends a connection for one transaction does not know what was prepared on it.
        prepare_threshold=None if _database.get("DISABLE_SERVER_SIDE_CURSORS") else 5,
    )
    _database["OPTIONS"]["options"] = (
        "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s"
    )
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


def _beside_database(suffix: str) -> str:
    """A path that belongs to this database: two installations that share a folder do not share it."""
    if _database["ENGINE"].endswith("sqlite3"):
        return str(Path(str(_database["NAME"])).with_suffix(suffix))
    where = f"{_database['HOST'] or 'local'}-{_database['PORT'] or 5432}-{_database['NAME']}"
    return str(VAR_DIR / f"{where}{suffix}")


# The embedded default makes its keys once; production must name them.
PORTAL_KEYS = env.str("PORTAL_KEYS", "") or ensure_key_file(VAR_DIR / "portal-keys")

MEDIA_ROOT = env.str("MEDIA_ROOT", str(VAR_DIR / "media"))
S3_BUCKET = env.str("S3_BUCKET", "")
# Where the signed heads of the audit chain go: a folder, or s3://bucket/prefix. Best where whoever can write
# to the database can't.
AUDIT_HEADS = env.str("AUDIT_HEADS", "") or _beside_database(".audit-heads")
_heads_in_s3 = urlsplit(AUDIT_HEADS)
if _heads_in_s3.scheme == "s3" and not _heads_in_s3.netloc:
    raise ImproperlyConfigured("AUDIT_HEADS is a folder, or s3://bucket/prefix.")
_STATIC_BACKEND = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if "pytest" in sys.modules
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT},
    },
    # Sealed documents: no URL leads here, and every byte is encrypted before it arrives.
    "documents": {
        "BACKEND": "vault.object_storage.ObjectStorage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,
            "region_name": env.str("S3_REGION", "") or None,
        },
    }
    if S3_BUCKET
    else {"BACKEND": "vault.files.DurableFileSystemStorage", "OPTIONS": {"location": MEDIA_ROOT}},
    "audit_heads": {
        "BACKEND": "vault.object_storage.ObjectStorage",
        "OPTIONS": {
            "bucket_name": _heads_in_s3.netloc,
            "location": _heads_in_s3.path.strip("/"),
            "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,
            "region_name": env.str("S3_REGION", "") or None,
        },
    }
    if _heads_in_s3.scheme == "s3"
    else {"BACKEND": "accounts.audit_folder.AppendOnlyFolder", "OPTIONS": {"location": AUDIT_HEADS}},
    "staticfiles": {"BACKEND": _STATIC_BACKEND},
}

# The virus scanner that every document must pass; none is asked where none is named.
CLAMAV_ADDRESS = env.str("CLAMAV_ADDRESS", "")

CACHES = {
    "default": env.cache_url("CACHE_URL")
    if env.str("CACHE_URL", "")
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "portal_cache"}
}
SESSION_ENGINE = "accounts.sign_in.session_store"
# What is said to somebody may name others: not in a cookie.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Sign-in -------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.sign_in.passwords.LengthWithin"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "accounts.sign_in.passwords.NotSoonGuessed"},
    {"NAME": "accounts.sign_in.passwords.NotBreached"},
]
# A file of leaked passwords, for those who keep one: see docs/operations.md, “Passwords”.
BREACHED_PASSWORDS = env.str("BREACHED_PASSWORDS", "")
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
# The library's own would write a second list of addresses, and mail to one that was changed.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
PASSWORD_RESET_TIMEOUT = 60 * 60
# Beside accounts.lock_out, which counts for good. No limit per account here: strangers would use it up.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "30/m/ip"}
# Seconds for which a second factor that was shown counts as fresh.
STEP_UP_SECONDS = ACCOUNT_REAUTHENTICATION_TIMEOUT = env.int("STEP_UP_SECONDS", 300)
if not 0 < STEP_UP_SECONDS <= 300:
    raise ImproperlyConfigured("STEP_UP_SECONDS is a number of seconds from 1 to 300.")
ACCOUNT_FORMS = {"change_password": "accounts.sign_in.forms.PasswordChangeForm"}
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.sign_in.forms.SignInCodeForm",
    "authenticate_webauthn": "accounts.sign_in.forms.SignInKeyForm",
    "activate_totp": "accounts.sign_in.forms.EnrolAppForm",
    "add_webauthn": "accounts.sign_in.forms.AddKeyForm",
}
MFA_TOTP_ISSUER = "Onboarding portal"
# A code is good in its own half minute only, and once (accounts.sign_in.second_factor).
MFA_TOTP_TOLERANCE = 0
MFA_RECOVERY_CODE_DIGITS = 10
MFA_RECOVERY_CODES_SHOW_ONCE = True
# Addresses are an administrator's matter: they invite, nobody changes their own.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# To look at the product without a second factor: on one machine, for itself alone.
DEMO_WITHOUT_MFA = env.bool("DEMO_WITHOUT_MFA", False)
if DEMO_WITHOUT_MFA and not IS_EMBEDDED:
    raise ImproperlyConfigured(
        "DEMO_WITHOUT_MFA and ALLOWED_HOSTS are both set: only a portal for one machine goes without a "
        "second factor. Take one of them away."
    )
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "account_login"

# --- Four eyes -----------------------------------------------------------------------------------

# What was proposed and approved is done by these. A matter that the subject itself tells needs none.
FOUR_EYES_HANDLERS = {
    "warning.accept": "kyc.approvals.warnings",
    "document.waive": "kyc.approvals.waivers",
    "customer.reject": "kyc.retention.ending",
    "customer.withdraw": "kyc.retention.ending",
    "customer.close": "kyc.retention.ending",
    "customer.erase": "kyc.retention.erasing",
    "intent.confirm": "kyc.reconciliation.confirming",
    "role.change": "accounts.granting",
}
_matters = frozenset({"customer.submit", *FOUR_EYES_HANDLERS})
_four_eyes_given = env.str("FOUR_EYES", "all").strip()
# What needs a second person, by the policy's names.
FOUR_EYES: frozenset[str] = {"all": _matters, "none": frozenset()}.get(
    _four_eyes_given, frozenset(name.strip() for name in _four_eyes_given.split(","))
)
if FOUR_EYES - _matters:
    raise ImproperlyConfigured(
        f"FOUR_EYES is all, none, or some of these with commas between: {', '.join(sorted(_matters))}."
    )
# Whether commands do, too.
FOUR_EYES_COMMANDS = env.bool("FOUR_EYES_COMMANDS", False)

# --- Retention -----------------------------------------------------------------------------------

# How long data is kept after the end of the relationship: of whom the exchange was told; of all others.
RETENTION_YEARS = env.int("RETENTION_YEARS", 5)
RETENTION_UNSENT_DAYS = env.int("RETENTION_UNSENT_DAYS", 180)
if RETENTION_YEARS < 0 or RETENTION_UNSENT_DAYS < 0:
    raise ImproperlyConfigured("RETENTION_YEARS and RETENTION_UNSENT_DAYS are 0 or more.")
# Whose data was destroyed. It belongs where a restore of the database does not reach.
ERASURE_LEDGER = env.str("ERASURE_LEDGER", str(VAR_DIR / "erased.jsonl"))

# --- The web's edges -----------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
WHITENOISE_ALLOW_ALL_ORIGINS = False
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
# A session is over before that: accounts.sessions.
SESSION_COOKIE_AGE = 10 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
if not IS_EMBEDDED:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # The prefix has browsers refuse a cookie that another host of the domain, or plain http, would set.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    DEVICE_COOKIE_NAME = "__Host-device"
    SECURE_SSL_REDIRECT = True
    # Load balancers ask over plain http.
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # Browsers' preload lists are entered by a domain's owner, not by one of its sites.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    if SECURE_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
else:
    # Two installs side by side share the host name, and cookies know no ports.
    SESSION_COOKIE_NAME = f"sessionid_{PORT}"
    CSRF_COOKIE_NAME = f"csrftoken_{PORT}"
    DEVICE_COOKIE_NAME = f"device_{PORT}"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# --- Language, time, static files ----------------------------------------------------------------

LANGUAGE_CODE = env.str("LANGUAGE_CODE", "en")
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "Africa/Johannesburg")
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "portal.static_files.ServedFiles",
]

# --- The exchange --------------------------------------------------------------------------------

SANDBOX_PORT = env.int("SANDBOX_PORT", 8001)
# The sandbox's store belongs to the database whose customers it holds.
SANDBOX_STORE = env.str("SANDBOX_STORE", "") or _beside_database(".sandbox")
# The sandbox's own credentials: it guards nothing, they only have to be the same on both sides.
SANDBOX_API_KEY = "61d025b8573501c2"
SANDBOX_API_SECRET = "2d0b4979c7fe6986daa8e21d1dc0644f"  # noqa: S105 - the sandbox's, see above
_exchange_settings = ("EXCHANGE_BASE_URL", "EXCHANGE_API_KEY", "EXCHANGE_API_SECRET")
_exchange_given = [name for name in _exchange_settings if env.str(name, "")]
if _exchange_given and len(_exchange_given) < len(_exchange_settings):
    _missing = ", ".join(name for name in _exchange_settings if name not in _exchange_given)
    raise ImproperlyConfigured(
        f"Of EXCHANGE_BASE_URL, EXCHANGE_API_KEY and EXCHANGE_API_SECRET these are not set: {_missing}. "
        "Set all three, or none."
    )
# With no exchange named, the portal talks to the sandbox that `manage.py up` starts.
USES_SANDBOX = not _exchange_given
EXCHANGE_BASE_URL = env.str("EXCHANGE_BASE_URL", "") or f"http://127.0.0.1:{SANDBOX_PORT}"
EXCHANGE_API_KEY = env.str("EXCHANGE_API_KEY", "") or SANDBOX_API_KEY
EXCHANGE_API_SECRET = env.str("EXCHANGE_API_SECRET", "") or SANDBOX_API_SECRET
EXCHANGE_DIALECT = env.str("EXCHANGE_DIALECT", "2026-02")
# Requests a second that all processes together may send under one API key.
EXCHANGE_RATE_PER_SECOND = env.float("EXCHANGE_RATE_PER_SECOND", 20.0)
# Customers that one delivering process works on side by side.
EXCHANGE_LANES = env.int("EXCHANGE_LANES", 16)
if urlsplit(EXCHANGE_BASE_URL).scheme not in ("http", "https"):
    raise ImproperlyConfigured("EXCHANGE_BASE_URL must be an origin such as https://trade.example.com.")

# --- The outbox ----------------------------------------------------------------------------------

OUTBOX_HANDLERS = {
    "customer.create": "kyc.delivery.create_customer",
    "customer.set_custom_id": "kyc.delivery.set_custom_id",
    "document.upload": "kyc.delivery.upload_document",
    "payment_reference.create": "payments.delivery",
}
# Called without arguments when intents were committed: tells a broker. Without one, workers look themselves.
OUTBOX_DOORBELL = "portal.doorbell.ring" if env.str("BROKER_URL", "") else ""
OUTBOX_LEASE_SECONDS = env.int("OUTBOX_LEASE_SECONDS", 180)
OUTBOX_UPLOAD_LEASE_SECONDS = env.int("OUTBOX_UPLOAD_LEASE_SECONDS", 300)
# How late the exchange may still apply a request whose reply was lost. Scales every scan and delay.
OUTBOX_SETTLE_SECONDS = env.float("OUTBOX_SETTLE_SECONDS", 300)
# What looks up intents whose outcome is unknown, and resolves them.
OUTBOX_RECONCILER = "payments.reconciliation"
# What rooms beyond the customers' own hold about one: functions from a customer to sections of an export.
SUBJECT_EXPORT_SECTIONS = ["payments.subject_export.sections_of"]
# What those rooms destroy with its data: functions from its id.
ERASED_WITH_A_CUSTOMER = ["payments.erasing.erase_of"]
# How a customer of ours is recognised there: "{name} [{token}]", or the reference alone where that is unique.
OUTBOX_TOKEN_FORM = env.str("OUTBOX_TOKEN_FORM", "name_token")
if OUTBOX_TOKEN_FORM not in ("name_token", "reference"):
    raise ImproperlyConfigured("OUTBOX_TOKEN_FORM is name_token or reference.")
# Set after a restore, to the time of the restore: see docs/restore.md.
RECOVERY_EPOCH = env.str("RECOVERY_EPOCH", "")
RECOVERY_EPOCH_MS: int | None = None
if RECOVERY_EPOCH:
    try:
        RECOVERY_EPOCH_MS = int(datetime.fromisoformat(RECOVERY_EPOCH).astimezone(UTC).timestamp() * 1000)
    except ValueError:
        raise ImproperlyConfigured(
            "RECOVERY_EPOCH is a time such as 2026-03-01T02:30:00+02:00; see docs/restore.md."
        ) from None
UPLOAD_UNKNOWN_RESENDS = env.int("UPLOAD_UNKNOWN_RESENDS", 1)
# A worker that gets nothing done for so long while work is due ends itself; its supervisor starts another.
WORKER_STALL_SECONDS = env.float("WORKER_STALL_SECONDS", 60.0)
if env.bool("SEND_CLEANED_IMAGES", False):
    raise ImproperlyConfigured("SEND_CLEANED_IMAGES is not built: files go to the exchange as handed in.")
# How often the exchange is asked for verdicts while any customer is open there.
POLL_SECONDS = env.float("POLL_SECONDS", 60.0 if _exchange_given else 5.0)

# --- Background work -----------------------------------------------------------------------------

BROKER_URL = env.str("BROKER_URL", "")
CELERY_BROKER_URL = BROKER_URL or "memory://"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
# The longest call is over by then, and what the task held is claimed by others.
CELERY_TASK_TIME_LIMIT = OUTBOX_UPLOAD_LEASE_SECONDS
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Its lines go where all others go, by the same filter; an event names a task and nothing that it said.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"

# --- Programs ------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "UNAUTHENTICATED_USER": None,
}

# --- Logs ----------------------------------------------------------------------------------------

# What a reader of /metrics must show; without one there are no metrics.
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
# `line` or `json`: for people, or for whatever collects logs.
LOG_FORMAT = env.str("LOG_FORMAT", "line")
if LOG_FORMAT not in ("line", "json"):
    raise ImproperlyConfigured("LOG_FORMAT is line or json.")
# Who is told of errors by mail.
ADMINS = [(address, address) for address in env.list("ERROR_MAIL_TO", default=[])]
LOGGING = configuration(level=LOG_LEVEL, form=LOG_FORMAT, mail=bool(ADMINS))
DEFAULT_EXCEPTION_REPORTER = "portal.error_reports.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "portal.error_reports.NothingOfTheRequest"

# --- Mail ----------------------------------------------------------------------------------------

# Without a server each letter becomes a file of this folder, which the pages name.
MAIL_FOLDER = VAR_DIR / "mail"
EMAIL_BACKEND = "portal.mail_folder.MailFolder"
if env.str("EMAIL_URL", ""):
    vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.str("EMAIL_FROM", "") or f"portal@{urlsplit(PORTAL_URL).hostname}"
