"""Files in S3: sealed before they get there, written once, and a failure told as a disk's."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages

from tests.s3 import BUCKET, an_s3
from vault import files, object_storage
from vault.envelope import CannotOpen, new_data_key
from vault.object_storage import StoreFailed

TABLE = "kyc_document"


@pytest.fixture(scope="module")
def server():
    with an_s3() as s3:
        yield s3


@pytest.fixture
def s3(server, settings, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server.empty()
    # Tried anew after pauses: what becomes of it in the end is what counts here.
    monkeypatch.setattr(object_storage, "TRIES", 1)
    settings.STORAGES = {**settings.STORAGES, "documents": server.storage()}
    return server


@pytest.fixture
def key():
    return new_data_key("customers_customer:1")[0]


def save(name, content):
    return storages["documents"].save(name, ContentFile(content))


def test_a_file_comes_back_unchanged_and_lies_there_sealed_under_its_rows_id(s3, key):
    pk, content = uuid.uuid4(), b"%PDF-1.7 secret " * 250_000
    name = files.store(key, TABLE, pk, content)
    assert files.load(key, TABLE, pk, name) == content
    assert list(s3.held()) == [name] == [files.file_name(pk)]
    assert b"secret" not in s3.held()[name]


def test_it_takes_one_request_to_write_and_one_to_read(s3, key):
    files.store(key, TABLE, uuid.uuid4(), b"content")
    assert [method for method, _path in s3.asked] == ["PUT", "GET"]


def test_a_name_that_is_taken_is_not_written_again(s3):
    save("a", b"the first")
    with pytest.raises(FileExistsError):
        save("a", b"the second")
    assert s3.held() == {"a": b"the first"}


def test_what_was_written_though_its_answer_was_lost_is_written(s3):
    """The library sends it again, and the store refuses the second: it is ours all the same."""
    assert [save("a", b"sealed"), save("a", b"sealed")] == ["a", "a"]
    assert [method for method, _path in s3.asked] == ["PUT", "PUT", "GET"]


def test_bytes_that_were_changed_there_do_not_open(s3, key):
    pk = uuid.uuid4()
    name = files.store(key, TABLE, pk, b"content")
    held = bytearray(s3.held()[name])
    held[-1] ^= 1
    s3.put(name, bytes(held))
    with pytest.raises(CannotOpen):
        files.load(key, TABLE, pk, name)


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_store_that_fails_is_an_error_as_a_full_disk_is_and_leaves_nothing(s3, key, method):
    s3.fails.add(method)
    with pytest.raises(StoreFailed) as failed:
        files.store(key, TABLE, uuid.uuid4(), b"content")
    assert isinstance(failed.value, OSError)
    assert s3.address not in str(failed.value)
    s3.fails.clear()
    assert s3.held() == {}


def test_a_store_that_is_away_is_one_too(s3, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "documents": s3.storage(endpoint_url="http://127.0.0.1:9"),
    }
    for ask in (
        lambda: save("a", b"content"),
        lambda: storages["documents"].open("a"),
        lambda: storages["documents"].exists("a"),
        lambda: storages["documents"].listdir(""),
        lambda: storages["documents"].delete("a"),
        lambda: storages["documents"].get_modified_time("a"),
    ):
        with pytest.raises(StoreFailed, match="EndpointConnectionError"):
            ask()


def test_a_file_that_is_not_there_is_told_apart_from_a_bucket_that_is_not(s3, settings):
    with pytest.raises(FileNotFoundError):
        storages["documents"].open("nothing")
    with pytest.raises(FileNotFoundError):
        storages["documents"].get_modified_time("nothing")
    files.remove("nothing")
    settings.STORAGES = {**settings.STORAGES, "documents": s3.storage("another")}
    with pytest.raises(StoreFailed, match="NoSuchBucket"):
        storages["documents"].open("nothing")


def test_files_are_listed_by_folder_and_have_their_time(s3):
    save("documents/ab/one", b"1")
    save("two", b"2")
    storage = storages["documents"]
    assert storage.listdir("") == (["documents"], ["two"])
    assert storage.listdir("documents/ab") == ([], ["one"])
    assert storage.listdir("nowhere") == ([], [])
    assert abs(storage.get_modified_time("two") - datetime.now(UTC)) < timedelta(minutes=1)
    storage.delete("two")
    assert list(s3.held(BUCKET)) == ["documents/ab/one"]
