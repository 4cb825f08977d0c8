"""Letters as files of a folder, where no mail server is named: the embedded default."""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.mail.backends.filebased import EmailBackend
from django.utils import timezone


class MailFolder(EmailBackend):
    """EMAIL_BACKEND. Each letter is a file that only this user reads: its link may open an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Path(settings.MAIL_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(*args, **{**kwargs, "file_path": str(settings.MAIL_FOLDER)})

    def open(self) -> bool:
        if self.stream is None:
            # Django names it by second and address in memory, and the next letter may have the same of both.
            name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{uuid4().hex[:8]}.log"
            letter = Path(self.file_path) / name
            self.stream = os.fdopen(os.open(letter, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
            return True
        return False


def where_letters_go() -> str:
    """The folder, as a page names it to staff, or "" where a mail server takes them."""
    return "var/mail" if settings.EMAIL_BACKEND.endswith("MailFolder") else ""
