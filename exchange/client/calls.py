"""What a call of the exchange is: data that the client, the classifier and the dialects share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Expects(Enum):
    """What a 2xx answer must carry before it counts as applied."""

    UID = "uid"  # an object with the new account's uid: a create
    ID = "id"  # an object with an id: a new payment reference
    OBJECT = "object"
    LIST = "list"
    ANYTHING = "anything"  # any body or none: uploads, updates, the health check


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the exchange. `path` is absolute and may hold `{uid}`: whose it is, or a payment's id."""

    name: str
    method: str
    path: str
    expects: Expects
    is_signed: bool = True
    is_upload: bool = False
    is_repeatable: bool = False  # a write that sets what it sets: sending it twice is the same as once

    @property
    def is_safe_to_repeat(self) -> bool:
        """True when a second send can do no harm, even if the first one's fate is unknown."""
        return self.method == "GET" or self.is_repeatable
