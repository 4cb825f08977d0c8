"""Letters to those who work here.

A letter whose sending would tell whether an account exists is sent beside the answer, never before it.
"""

import logging
import threading
from email.errors import MessageError

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

log = logging.getLogger(__name__)


class NotSent(Exception):
    """The mail server did not take the letter. It says so in the log, without the address."""


def send_now(letter: EmailMessage) -> None:
    """Raises NotSent."""
    try:
        letter.send()
    except (OSError, MessageError) as error:  # smtplib's errors are OSErrors
        log.error("letter_not_sent error=%s", type(error).__name__)
        raise NotSent from error


def send_beside(letter: EmailMessage) -> None:
    """Send it without having anybody wait; that it could not be sent stands in the log."""
    threading.Thread(target=_send_quietly, args=(letter,), name="letter").start()


def _send_quietly(letter: EmailMessage) -> None:
    try:
        send_now(letter)
    except NotSent:
        return  # the log has it


def address_of(name: str, *args: object) -> str:
    """The full address of a page, for a letter: from the settings, since a request may lie about its host."""
    return settings.PORTAL_URL + reverse(name, args=args)
