"""Letters as files of a folder, where no mail server is named: the embedded default."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail.backends.filebased import EmailBackend


class MailFolder(EmailBackend):
    """EMAIL_BACKEND. Each letter is a file that only this user reads: its link may open an account."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        Path(settings.MAIL_FOLDER).mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(*args, **{**kwargs, "file_path": str(settings.MAIL_FOLDER)})

    def open(self) -> bool:
        if self.stream is None:
            self.stream = os.fdopen(
                os.open(self._get_filename(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab"
            )
            return True
        return False


def where_letters_go() -> str:
    """The folder, as a page names it to staff, or "" where a mail server takes them."""
    return "var/mail" if settings.EMAIL_BACKEND.endswith("MailFolder") else ""
