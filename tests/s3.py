"""An S3 of moto's, as a server in a thread; it can be told to fail."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3

BUCKET, HEADS = "sealed-documents", "heads-of-the-trail"
# moto takes any; they must only not be looked for elsewhere.
KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}


class S3:
    """`fails`: methods that are answered 500; `asked`: method and path of each request."""

    def __init__(self) -> None:
        from moto.server import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        class Silent(WSGIRequestHandler):
            def log(self, *_: object, **__: object) -> None:
                """Its lines would stand among the product's."""

        self.fails: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._client = boto3.client("s3", endpoint_url=self.address, **KEYS)

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        method = environ["REQUEST_METHOD"]
        self.asked.append((method, environ["PATH_INFO"]))
        if method in self.fails:
            start_response("500 Internal Server Error", [("Content-Type", "application/xml")])
            return [b"<Error><Code>InternalError</Code><Message>We broke.</Message></Error>"]
        return self._moto(environ, start_response)

    def empty(self) -> None:
        """Two buckets with nothing in them, and everything works."""
        self.fails.clear()
        for bucket in (BUCKET, HEADS):
            self._client.create_bucket(Bucket=bucket)
            for name in self.held(bucket):
                self._client.delete_object(Bucket=bucket, Key=name)
        self.asked.clear()

    def held(self, bucket: str = BUCKET) -> dict[str, bytes]:
        """Every object: its name and its bytes as they lie there."""
        listed = self._client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            row["Key"]: self._client.get_object(Bucket=bucket, Key=row["Key"])["Body"].read()
            for row in listed
        }

    def put(self, name: str, content: bytes, bucket: str = BUCKET) -> None:
        """What somebody who holds the bucket can do."""
        self._client.put_object(Bucket=bucket, Key=name, Body=content)

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def storage(self, bucket: str = BUCKET, **options: str) -> dict[str, Any]:
        """An entry of STORAGES that leads here, as `portal.settings` makes it."""
        return {
            "BACKEND": "vault.object_storage.ObjectStorage",
            "OPTIONS": {"bucket_name": bucket, "endpoint_url": self.address, "region_name": None, **options},
        }


@contextmanager
def an_s3() -> Iterator[S3]:
    s3 = S3()
    try:
        yield s3
    finally:
        s3.stop()
