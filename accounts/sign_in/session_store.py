"""Where sessions are kept: in the database, under a digest of the cookie's value, and sealed.

SESSION_ENGINE names this module. Django's own store keeps the cookie's value and the data in clear, so that
whoever copies its table is signed in as everybody, and reads what forms and enrolments left there.
"""

import hashlib
import json
import logging
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from vault.envelope import CannotOpen
from vault.sealing import open_text, seal_text

log = logging.getLogger(__name__)

# As long as the column; 160 bits.
DIGEST_DIGITS = 40


def session_digest(session_key: str | None) -> str:
    """The name under which the session with that cookie's value is kept."""
    return hashlib.sha256(f"session:{session_key}".encode()).hexdigest()[:DIGEST_DIGITS]


def open_session(digest: str, sealed: str) -> dict[str, Any]:
    """What the session holds; nothing where it does not open: then it counts as no session."""
    try:
        return json.loads(open_text("session", digest, sealed))
    except CannotOpen as error:
        log.warning("session_does_not_open reason=%s", error)
        return {}


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls):  # type: ignore[no-untyped-def]
        from accounts.sign_in.models import Session

        return Session

    def _get_session_from_db(self):  # type: ignore[no-untyped-def]
        row = None
        if self.session_key:
            row = self.model.objects.filter(
                session_key=session_digest(self.session_key), expire_date__gt=timezone.now()
            ).first()
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        return self.model.objects.filter(session_key=session_digest(session_key)).exists()

    def encode(self, session_dict: dict[str, Any]) -> str:
        return seal_text("session", session_digest(self.session_key), json.dumps(session_dict))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        return open_session(session_digest(self.session_key), str(session_data))

    def create_model_instance(self, data: Any) -> Any:
        key = self._get_or_create_session_key()  # type: ignore[attr-defined]
        return self.get_model_class()(
            session_key=session_digest(key),
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            self.model.objects.filter(session_key=session_digest(key)).delete()
