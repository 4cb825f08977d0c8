"""Zips and folders: hostile ones are refused by their directory, and nothing leads out of them."""

import os
import stat
import zipfile

import pytest

from kyc.pack import archive, limits
from kyc.pack.opening import open_pack
from kyc.pack.unreadable import FileUnreadable, PackUnreadable
from tests.kyc.pack.packs import person, table

CUSTOMERS = table([person(1)])


def make_zip(path, entries, **options):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in entries:
            file.writestr(name, content, **options)
    return path


def refused(path) -> str:
    with pytest.raises(PackUnreadable) as caught:
        open_pack(path)
    return str(caught.value)


@pytest.mark.parametrize("folder", ["", "pack/", "a/b/"])
def test_a_zip_of_a_pack_reads_like_its_folder(tmp_path, folder):
    path = make_zip(
        tmp_path / "pack.zip",
        [
            (f"{folder}customers.csv", CUSTOMERS),
            (f"{folder}files/a.jpg", b"picture"),
            ("__MACOSX/x/customers.csv", ""),
        ],
    )
    with open_pack(path) as pack:
        assert [row.cells["reference"] for row in pack.customers.rows()] == ["P-1"]
        assert pack.read_file("files/a.jpg", 100) == b"picture"
        assert pack.read_file("files/a.jpg", 3) == b"pic"


def test_a_table_inside_a_zip_leaves_nothing_readable_in_a_temporary_file(tmp_path, monkeypatch):
    from kyc.pack import sealed_spool

    kept = []
    real = sealed_spool.tempfile.TemporaryFile
    monkeypatch.setattr(sealed_spool.tempfile, "TemporaryFile", lambda: kept.append(real()) or kept[-1])
    with open_pack(make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS)])) as pack:
        kept[0].seek(0)
        stored = kept[0].read()
        assert len(stored) == len(CUSTOMERS.encode())
        assert b"example.com" not in stored
        assert next(pack.customers.rows()).cells["email"] == "person1@example.com"


def test_51_a_zip_that_says_it_unpacks_to_gigabytes_is_refused_unread(tmp_path):
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS), ("bomb.bin", bytes(60_000_000))])
    assert path.stat().st_size < 100_000
    assert "would unpack to 60 MB" in refused(path)


def test_51_real_bytes_are_counted_where_the_directory_lies(tmp_path, monkeypatch):
    monkeypatch.setattr("kyc.pack.opening.TABLE_BYTES_MAX", 1_000)
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS + "x" * 5_000)])
    assert "unpacks to more than" in refused(path)


@pytest.mark.parametrize("name", ["../customers.csv", "/etc/passwd", "a/../../x", "..\\x", "C:\\x"])
def test_56_a_name_that_leads_out_of_the_zip_refuses_it(tmp_path, name):
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS), (name, "x")])
    assert "leads out of it" in refused(path)


def test_a_symbolic_link_in_a_zip_refuses_it(tmp_path):
    link = zipfile.ZipInfo("files/passport.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS), (link, "/etc/passwd")])
    assert "symbolic link" in refused(path)


def test_too_many_entries_refuse_the_zip(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "ZIP_ENTRIES_MAX", 2)
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS), ("a", ""), ("b", "")])
    assert "3 entries" in refused(path)


def test_a_name_that_is_there_twice_refuses_the_zip(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS), ("customers.csv", CUSTOMERS)])
    assert "one name twice" in refused(path)


def test_two_packs_in_one_zip_are_refused(tmp_path):
    path = make_zip(tmp_path / "pack.zip", [("a/customers.csv", CUSTOMERS), ("b/customers.csv", CUSTOMERS)])
    assert "more than one customers.csv" in refused(path)


def test_an_encrypted_zip_is_refused_with_the_remedy(tmp_path):
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS)])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "without a password" in refused(path)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no zip at all"])
def test_a_damaged_zip_is_refused(tmp_path, damage):
    path = tmp_path / "pack.zip"
    path.write_bytes(damage)
    assert "damaged" in refused(path)


def test_a_zip_whose_table_is_damaged_is_refused(tmp_path):
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS * 20)])
    content = bytearray(path.read_bytes())
    content[60] ^= 0xFF
    path.write_bytes(content)
    assert "damaged inside the zip" in refused(path)


def test_an_unmarked_utf_8_name_is_found(tmp_path):
    name = "files/Noël.jpg"
    path = make_zip(tmp_path / "pack.zip", [("customers.csv", CUSTOMERS), (name, b"x")])
    content = path.read_bytes()
    for head, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.rindex(head)
        flags = int.from_bytes(content[at + place : at + place + 2], "little") & ~0x800
        content = content[: at + place] + flags.to_bytes(2, "little") + content[at + place + 2 :]
    path.write_bytes(content)
    with zipfile.ZipFile(path) as file:
        assert name not in file.namelist()
    with open_pack(path) as pack:
        assert pack.read_file(name, 10) == b"x"


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "C:\\x", "files/../../x", "..\\..\\x"])
def test_33_a_file_name_that_leaves_the_pack_is_no_file_of_it(tmp_path, name):
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    with open_pack(tmp_path) as pack, pytest.raises(FileUnreadable) as caught:
        pack.read_file(name, 10)
    assert caught.value.code == "leaves_pack"


def test_33_a_link_out_of_the_folder_is_no_file_of_it_and_one_inside_is(tmp_path):
    folder = tmp_path / "pack"
    folder.mkdir()
    (folder / "customers.csv").write_text(CUSTOMERS)
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (folder / "inside.jpg").write_bytes(b"inside")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "in.jpg").symlink_to(folder / "inside.jpg")
    with open_pack(folder) as pack:
        assert pack.read_file("in.jpg", 10) == b"inside"
        with pytest.raises(FileUnreadable) as caught:
            pack.read_file("out.jpg", 10)
    assert caught.value.code == "leaves_pack"


@pytest.mark.parametrize("name", ["a.jpg\0.php", "", "x" * 2_000, "line\nbreak", "\u202egpj.exe"])
def test_34_35_a_name_that_names_no_file_is_told_so(tmp_path, name):
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    with open_pack(tmp_path) as pack, pytest.raises(FileUnreadable) as caught:
        pack.read_file(name, 10)
    assert caught.value.code == "file_name"


def test_a_named_pipe_is_not_waited_for(tmp_path):
    (tmp_path / "customers.csv").write_text(CUSTOMERS)
    os.mkfifo(tmp_path / "pipe.jpg")
    with open_pack(tmp_path) as pack, pytest.raises(FileUnreadable):
        pack.read_file("pipe.jpg", 10)


def test_files_are_looked_for_in_the_pack_and_then_in_documents(tmp_path):
    pack_folder, other = tmp_path / "pack", tmp_path / "other"
    for folder, name in ((pack_folder, "own"), (other, "lent")):
        folder.mkdir()
        (folder / f"{name}.jpg").write_bytes(name.encode())
    (pack_folder / "customers.csv").write_text(CUSTOMERS)
    with open_pack(pack_folder, other) as pack:
        assert pack.read_file("own.jpg", 10) == b"own"
        assert pack.read_file("lent.jpg", 10) == b"lent"
    zipped = make_zip(tmp_path / "other.zip", [("other/lent.jpg", b"zipped")])
    with open_pack(pack_folder, zipped) as pack:
        assert pack.read_file("lent.jpg", 10) == b"zipped"


def test_the_unpacking_counts_every_byte(tmp_path):
    path = make_zip(tmp_path / "pack.zip", [("big", bytes(600_000))])
    with zipfile.ZipFile(path) as file:
        entry = file.infolist()[0]
        assert sum(map(len, archive.unpack(file, entry, 600_000, "big"))) == 600_000
        with pytest.raises(PackUnreadable, match="more than"):
            list(archive.unpack(file, entry, 599_999, "big"))
