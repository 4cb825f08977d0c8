"""What goes over the wire: the request as the routes see it, replies, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from exchange.sandbox.multipart import FilePart, MalformedMultipart, parse_multipart

GATEWAY_BODY_LIMIT = 10_000_000  # bytes; the gateway buffers bodies and turns larger ones away itself

REASONS = {
    200: "OK",
    201: "Created",
    302: "Found",
    303: "See Other",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Payload Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    471: "Maintenance",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def _no_such_number(text: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(text)


class Refusal(Exception):
    """The request is refused: an HTTP status and the codes that say why. Nothing was changed."""

    def __init__(self, status: int, *codes: str) -> None:
        super().__init__(status, codes)
        self.status = status
        self.codes = list(codes)


class Request:
    """One request. `number` counts all requests of this store; `nonce` is set once the key has been
    checked."""

    def __init__(self, environ: Mapping, number: int) -> None:
        self.environ = environ
        self.number = number
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace")
        self.content_type: str = environ.get("CONTENT_TYPE", "")
        self.nonce = ""
        self.acting_uid: str | None = None
        self._body: bytes | None = None

    def header(self, name: str) -> str | None:
        """A header's text, or None where the header was not sent."""
        return self.environ.get("HTTP_" + name.upper().replace("-", "_"))

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.environ.get("QUERY_STRING", ""), keep_blank_values=True))

    @property
    def body(self) -> bytes:
        """The whole body. Raises Refusal 413 over the gateway's limit."""
        if self._body is None:
            length = int(self.environ.get("CONTENT_LENGTH") or 0)
            if length > GATEWAY_BODY_LIMIT:
                raise Refusal(413, "Payload Too Large")
            stream = self.environ["wsgi.input"]
            if length or "chunked" not in (self.header("Transfer-Encoding") or ""):
                self._body = stream.read(length) if length else b""
            else:
                self._body = stream.read(GATEWAY_BODY_LIMIT + 1)
                if len(self._body) > GATEWAY_BODY_LIMIT:
                    raise Refusal(413, "Payload Too Large")
        return self._body

    def fields(self) -> tuple[dict[str, object], bool]:
        """The body's fields and whether they were typed (JSON) or flat text (a form, 002:1722 "formData").

        Raises Refusal 400 for a body that is none of these.
        """
        kind = self.content_type.partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)), False
        if kind == "multipart/form-data":
            values, _files = self.form()
            return dict(values), False
        try:
            data = json.loads(self.body, parse_constant=_no_such_number) if self.body else {}
            if _SURROGATE.search(self.body):  # half a character can't be stored or sent back
                json.dumps(data, ensure_ascii=False).encode()
        except ValueError:
            data = None
        if not isinstance(data, dict):
            raise Refusal(400, "server.method.invalid_message_body")
        return data, True

    def form(self) -> tuple[dict[str, str], list[FilePart]]:
        """The fields and files of a multipart body. Raises Refusal 422 where it is not one, or is
        malformed."""
        try:
            return parse_multipart(self.body, self.content_type)
        except MalformedMultipart as problem:
            raise Refusal(422, f"server.method.invalid_multipart: {problem}") from problem


class Reply:
    """Status, body and headers of an answer."""

    __slots__ = ("body", "content_type", "headers", "status")

    def __init__(
        self,
        status: int,
        body: bytes = b"",
        content_type: str | None = "application/json",
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self.status = status
        self.body = body
        self.content_type = content_type
        self.headers = list(headers)

    def send(self, start_response) -> list[bytes]:
        headers = [("Content-Length", str(len(self.body))), *self.headers]
        if self.content_type:
            headers.append(("Content-Type", self.content_type))
        start_response(f"{self.status} {REASONS.get(self.status, 'Status')}", headers)
        return [self.body]


def json_reply(data: object, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> Reply:
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(status, body, "application/json", headers)


def error_reply(status: int, codes: list[str], shape: str = "array") -> Reply:
    """A refusal as the exchange words it. `shape` is one of the four that have been seen: array, object,
    string, singular."""
    if shape == "object":
        errors: dict[str, list[str]] = {}
        for code in codes:
            field, _, reason = code.rpartition(".")
            errors.setdefault(field or "base", []).append(reason)
        return json_reply({"errors": errors}, status)
    if shape == "string":
        return json_reply({"errors": ", ".join(codes)}, status)
    if shape == "singular":
        return json_reply({"error": ", ".join(codes)}, status)
    return json_reply({"errors": codes}, status)
