"""Which settings are secret, so that each has its mark: a new setting is named here, or a test fails."""

from urllib.parse import urlsplit, urlunsplit

# Secret as they stand.
SECRET = {
    "SECRET_KEY", "SECRET_KEY_FALLBACKS", "PORTAL_KEYS", "METRICS_TOKEN", "EXCHANGE_API_KEY",
    "EXCHANGE_API_SECRET", "VAULT_TOKEN",
}  # fmt: skip
# Addresses with a password in them.
WITH_PASSWORD = {"DATABASE_URL", "BROKER_URL", "CACHE_URL", "EMAIL_URL"}
# Read by the library of S3, and not by the settings.
OF_AWS = {"AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
# Whoever reads these has learnt no secret.
OPEN = {
    "ALLOWED_HOSTS", "AUDIT_HEADS", "BREACHED_PASSWORDS", "CLAMAV_ADDRESS", "CSRF_TRUSTED_ORIGINS", "DEBUG",
    "DEMO_WITHOUT_MFA", "EMAIL_FROM", "ERASURE_LEDGER", "ERROR_MAIL_TO", "EXCHANGE_BASE_URL",
    "EXCHANGE_DIALECT", "EXCHANGE_LANES", "EXCHANGE_RATE_PER_SECOND", "FOUR_EYES", "FOUR_EYES_COMMANDS",
    "LANGUAGE_CODE", "LOG_FORMAT", "LOG_LEVEL", "MEDIA_ROOT", "OUTBOX_LEASE_SECONDS", "OUTBOX_SETTLE_SECONDS",
    "OUTBOX_TOKEN_FORM", "OUTBOX_UPLOAD_LEASE_SECONDS", "POLL_SECONDS", "PORT", "PORTAL_URL",
    "RECOVERY_EPOCH", "RETENTION_UNSENT_DAYS", "RETENTION_YEARS", "S3_BUCKET", "S3_ENDPOINT_URL", "S3_REGION",
    "SANDBOX_PORT", "SANDBOX_STORE", "SECURE_PROXY", "SEND_CLEANED_IMAGES", "STEP_UP_SECONDS", "TIME_ZONE",
    "TRUSTED_PROXIES", "UPLOAD_UNKNOWN_RESENDS", "VAULT_ADDR", "VAULT_CACERT", "VAULT_NAMESPACE",
    "VAULT_SECRET", "WORKER_STALL_SECONDS",
}  # fmt: skip


def with_password(address: str, password: str) -> str:
    """The address with this password in place of its own, and its user or none."""
    parts = urlsplit(address)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{password}@{place}"))
