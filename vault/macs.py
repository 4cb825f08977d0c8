"""HMAC-SHA256 under keys that are used again and again."""

from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC


def mac(key: bytes, content: bytes) -> bytes:
    """32 bytes, as `hmac.digest(key, content, "sha256")`.

    That one works the key out anew for each call and lets go of the interpreter meanwhile: in an import,
    whose main thread shares it with others, a call took 100 us where this takes 1.
    """
    started = _started(key).copy()
    started.update(content)
    return started.finalize()


@lru_cache(maxsize=64)
def _started(key: bytes) -> HMAC:
    return HMAC(key, SHA256())
