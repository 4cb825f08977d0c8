"""Which passwords are refused: the short, the known, and those that a guesser comes to soon.

No rule about which characters it must hold, and none about changing it. Nothing is asked of a network: what
leaked is looked up in the lists of Django (20,000 passwords, BSD) and zxcvbn (30,000, MIT), the latter also
as part of a longer one, and in BREACHED_PASSWORDS where there is such a file.
"""

import hashlib
import mmap
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.sign_in.known_phrases import PHRASES

MAX_LENGTH = 1024
# Ten thousand million guesses. A guesser who has the hash makes a few a second of argon2.
GUESSES_LOG10 = 10.0
# zxcvbn's time grows with the square of the length, and so many characters are enough to see it by.
LOOKED_AT = 72
# What a guesser tries first here.
_OUR_WORDS = (
    "onboarding",
    "portal",
    "onboardingportal",
    "cape",
    "crypto",
    "capecrypto",
    "exchange",
    "merchant",
)
# The keys of a US keyboard: what each is with shift, and without.
_WITHOUT_SHIFT = str.maketrans('!@#$%^&*()_+{}|:"<>?', "1234567890-=[]\\;',./")


class LengthWithin:
    """At most 1,024 characters: whoever sends a million wants something else than to sign in."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                _("This password is too long. At most %(max)d characters.") % {"max": MAX_LENGTH},
                code="password_too_long",
            )

    def get_help_text(self) -> str:
        return ""


class NotSoonGuessed:
    """Not made of leaked passwords, names, dates, rows of keys, repetitions and known sentences alone."""

    def validate(self, password: str, user: Any = None) -> None:
        from zxcvbn import zxcvbn  # here: its lists take a while to load

        about = [str(getattr(user, name, "") or "") for name in ("email", "name")]
        words = [word for text in about for word in text.replace("@", " ").replace(".", " ").split()]
        known = [*_OUR_WORDS, *about, *words, *PHRASES]
        found = [zxcvbn(text, user_inputs=known)["guesses_log10"] for text in _readings(password[:LOOKED_AT])]
        if min(found) < GUESSES_LOG10:
            raise ValidationError(
                _(
                    "This password is soon guessed: it is made of what many others chose or know by heart, "
                    "or of rows and repetitions. A few unrelated words are hard to guess."
                ),
                code="password_soon_guessed",
            )

    def get_help_text(self) -> str:
        return str(lazy("A few unrelated words are easy to remember and hard to guess."))


def _readings(text: str) -> set[str]:
    """The text as zxcvbn must see it to know what it is: a walk over the keyboard with shift held down now
    and then is one without it, and a sentence is its letters, however they are parted."""
    readings = {text, text.translate(_WITHOUT_SHIFT)}
    together = "".join(filter(str.isalnum, text)).lower()
    if any(phrase in together for phrase in PHRASES):
        readings.add(together)
    return readings


class NotBreached:
    """Not in the file that BREACHED_PASSWORDS names: SHA-1 digests in hexadecimal, one a line and sorted, as
    the downloader of haveibeenpwned.com writes them. Silent where no file is named."""

    def validate(self, password: str, user: Any = None) -> None:
        path = settings.BREACHED_PASSWORDS
        if path and is_listed(Path(path), password):
            raise ValidationError(
                _("This password has leaked somewhere, and is tried by those who guess. Choose another."),
                code="password_breached",
            )

    def get_help_text(self) -> str:
        return ""


def is_listed(path: Path, password: str) -> bool:
    """Whether the sorted file at `path` has a line that begins with the SHA-1 of `password`. OSError if it
    can't be read."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    if not path.stat().st_size:
        return False
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as lines:
        low, high = 0, len(lines)
        # Invariant: the line that is looked for, if there, begins in [low, high).
        while low < high:
            middle = (low + high) // 2
            begin = lines.rfind(b"\n", 0, middle) + 1
            end = lines.find(b"\n", begin)
            end = len(lines) if end < 0 else end
            digest = lines[begin : min(end, begin + len(wanted))].upper()
            if digest == wanted:
                return True
            if digest < wanted:
                low = end + 1
            else:
                high = begin
    return False
