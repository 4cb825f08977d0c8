"""What Django tells of an error, by mail or on the page that DEBUG shows: no variables, nothing of the
request."""

import logging
from collections.abc import ItemsView
from typing import Any

from django.http import HttpRequest
from django.utils.log import AdminEmailHandler
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from portal.log_cleaning import cleaned
from portal.logs import quiet
from portal.told_errors import told_error


class NothingOfTheRequest(SafeExceptionReporterFilter):
    """Neither what was sent nor who sent it, whether DEBUG is on or off."""

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_safe_request_meta(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_safe_cookies(self, request: HttpRequest | None) -> dict[str, Any]:
        return {}

    def get_safe_settings(self) -> dict[str, Any]:
        return {}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        return {}.items()


class Report(ExceptionReporter):
    """The page of DEBUG keeps its source lines, for whoever writes the code; the text, which is mailed, has
    the places alone."""

    def get_traceback_data(self) -> dict[str, Any]:
        data = super().get_traceback_data()
        data |= {"request": None, "user_str": None, "request_insecure_uri": "", "sys_path": []}
        data["exception_value"] = cleaned(str(data.get("exception_value", "")))
        return data

    def get_traceback_text(self) -> SafeString:
        error = self.exc_value
        # Plain text: nothing in it is ever read as HTML.
        return SafeString("\n".join(told_error(error)) if isinstance(error, BaseException) else "")


class MailHandler(AdminEmailHandler):
    """Sends an error to those whom ERROR_MAIL_TO names, as the log tells it."""

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(quiet(record))
