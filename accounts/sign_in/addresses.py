"""From which internet address a request comes, as far as it can be believed."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

# An IPv6 network of this size is one household or office: each of its addresses is free to be taken.
COUNTED_PREFIX = 64


def client_address(request: HttpRequest) -> str:
    """The address of whoever asks, or "" where none is known.

    X-Forwarded-For is heeded only as far as TRUSTED_PROXIES of our own wrote it: what stands further left
    anybody may have sent.
    """
    written = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    trusted = settings.TRUSTED_PROXIES
    if trusted and len(written) >= trusted:
        address = _parsed(written[-trusted])
        if address:
            return str(address)
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    return str(address) if address else ""


def counted_address(request: HttpRequest) -> str:
    """What tries are counted under: the address, of IPv6 its network."""
    address = _parsed(client_address(request))
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((address, COUNTED_PREFIX), strict=False))
    return str(address or "")


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
