"""The exchange's address, as it may stand in the settings."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit


def origin(base_url: str) -> str:
    """The address without a trailing slash; ValueError unless an https origin, or http on this machine."""
    try:
        parts = urlsplit(base_url)
        parts.port  # noqa: B018  # raises where the port is none
    except ValueError:
        raise ValueError("EXCHANGE_BASE_URL is not an address such as https://trade.example.com.") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("EXCHANGE_BASE_URL must begin with https:// and name a host.")
    if "@" in parts.netloc:
        raise ValueError("EXCHANGE_BASE_URL must not hold a user name or password.")
    if (
        parts.path not in ("", "/")
        or parts.query
        or parts.fragment
        or any(mark in base_url for mark in "?#\\")
    ):
        raise ValueError("EXCHANGE_BASE_URL must be an origin: scheme, host and port, without a path.")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ValueError("EXCHANGE_BASE_URL must be https; http is for this machine's own addresses only.")
    from requests import Request, RequestException

    try:
        address = Request("GET", f"{parts.scheme}://{parts.netloc}").prepare().url or ""
    except RequestException:
        raise ValueError("EXCHANGE_BASE_URL names a host that can't be one.") from None
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
