"""Sealed files in S3: written once under their name, and a store that fails says so as a disk does.

Whoever stores a file knows `OSError` and nothing of S3: what its library raises is told as one here, so that
a bucket that is away is met where a disk that is full is met.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.core.files.base import ContentFile, File
from storages.backends.s3 import S3Storage
from storages.utils import clean_name

# A person waits for the answer: three tries, and no socket that hangs for minutes.
CONNECT_SECONDS, READ_SECONDS, TRIES = 5, 20, 3


class StoreFailed(OSError):
    """The store did not do it. Its text is the store's code and names neither file nor address."""


class ObjectStorage(S3Storage):
    """Names are as they are asked for: one that is taken by other bytes is a FileExistsError.

    Where the credentials come from is boto3's matter: AWS's own variables, files or roles.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault(
            "client_config",
            Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": TRIES},
            ),
        )
        super().__init__(**options)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return clean_name(name)

    def _save(self, name: str, content: File) -> str:
        body = content.read()
        with _told_as_a_disk_would():
            try:
                self._client.put_object(
                    Bucket=self.bucket_name,
                    Key=self._key(name),
                    Body=body,
                    ContentType="application/octet-stream",
                    # The store itself refuses a second one: to look first would leave a moment in between.
                    IfNoneMatch="*",
                )
            except ClientError as error:
                # Ours after all where the answer to a first try was lost: no two sealed files are alike.
                if _code(error) != "PreconditionFailed" or self._read(name) != body:
                    raise
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        with _told_as_a_disk_would():
            return ContentFile(self._read(name), name)

    def exists(self, name: str) -> bool:
        with _told_as_a_disk_would():
            return super().exists(name)

    def delete(self, name: str) -> None:
        with _told_as_a_disk_would():
            super().delete(name)

    def listdir(self, name: str) -> tuple[list[str], list[str]]:
        with _told_as_a_disk_would():
            return super().listdir(name)

    def get_modified_time(self, name: str) -> datetime:
        with _told_as_a_disk_would():
            return super().get_modified_time(name)

    def _read(self, name: str) -> bytes:
        return self._client.get_object(Bucket=self.bucket_name, Key=self._key(name))["Body"].read()

    def _key(self, name: str) -> str:
        return self._normalize_name(clean_name(name))

    @property
    def _client(self) -> Any:
        return self.connection.meta.client


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _told_as_a_disk_would() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = _code(error)
        # HEAD is answered 404 without a code. A bucket that is not there is no lost file.
        if code in ("NoSuchKey", "404"):
            raise FileNotFoundError("the store holds no such file") from None
        if code == "PreconditionFailed":
            raise FileExistsError("the store holds another file of this name") from None
        raise StoreFailed(code) from None
    except BotoCoreError as error:
        raise StoreFailed(type(error).__name__) from None
