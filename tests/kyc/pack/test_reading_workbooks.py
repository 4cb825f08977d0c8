"""Workbooks: looked through before a parser sees them. Numbers are those of the bad inputs."""

import datetime
import zipfile

import openpyxl
import pytest

from kyc.pack import limits
from kyc.pack.opening import open_pack
from kyc.pack.unreadable import PackUnreadable
from tests.kyc.pack.packs import business, person, ubo


def make_workbook(path, *, epoch=None, **sheets):
    book = openpyxl.Workbook()
    if epoch:
        book.epoch = epoch
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        sheet.append(columns)
        for row in rows:
            sheet.append([row.get(column) for column in columns])
    book.save(path)
    return path


def edit(path, **changes):
    """Rewrite parts of a workbook; `changes` by part, a function of its bytes, or bytes for a new part."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    for name, change in changes.items():
        parts[name] = change(parts[name]) if callable(change) else change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return path


def refused(path) -> str:
    with pytest.raises(PackUnreadable) as caught:
        open_pack(path)
    return str(caught.value)


def test_a_workbook_reads_like_the_folder_with_lines_as_a_person_counts_them(tmp_path):
    path = make_workbook(
        tmp_path / "pack.xlsx", customers=[person(1), {}, business()], ubos=[ubo()], Notes=[{"to": "do"}]
    )
    with open_pack(path) as pack:
        rows = list(pack.customers.rows())
        assert [(row.line, row.cells["reference"]) for row in rows] == [(2, "P-1"), (4, "B-1")]
        assert pack.customers.row_at(rows[1].place, 4) == rows[1]
        assert [row.cells["email"] for row in pack.tables["ubos"].rows()] == ["jane@example.com"]


@pytest.mark.parametrize("epoch", [None, openpyxl.utils.datetime.CALENDAR_MAC_1904])
def test_57_real_date_cells_are_dates_in_either_calendar(tmp_path, epoch):
    day = datetime.date(2000, 2, 29)
    path = make_workbook(tmp_path / "pack.xlsx", epoch=epoch, customers=[person(1, dob=day)])
    with open_pack(path) as pack:
        assert next(pack.customers.rows()).cells["dob"] == day


def test_files_lie_in_the_folder_or_zip_beside_the_workbook(tmp_path):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "a.jpg").write_bytes(b"a")
    with open_pack(path) as pack:
        assert pack.read_file("a.jpg", 9) == b"a"


def test_51_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    monkeypatch.setattr(limits, "WORKBOOK_BYTES_MAX", 1_000)
    assert "would unpack" in refused(path)
    bomb = edit(path, **{"xl/media/bomb.bin": bytes(60_000_000)})
    monkeypatch.setattr(limits, "WORKBOOK_BYTES_MAX", 400_000_000)
    assert "would unpack to 60 MB" in refused(bomb)


def test_51_what_a_directory_says_of_its_parts_is_not_believed(tmp_path):
    """A sheet of 60 MB that says it has ten bytes, in both places where a zip says so."""
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    edit(path, **{"xl/worksheets/sheet1.xml": lambda xml: xml + b" " * 60_000_000})
    with zipfile.ZipFile(path) as book:
        part = book.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(path.read_bytes())
    size, ten = part.file_size.to_bytes(4, "little"), (10).to_bytes(4, "little")
    name = part.filename.encode()
    for sign, field in ((b"PK\x03\x04", 30), (b"PK\x01\x02", 46)):
        start = max(place for place in _places(content, name) if content[place - field :][:4] == sign)
        place = content.index(size, start - field)
        content[place : place + 4] = ten
    path.write_bytes(bytes(content))
    assert "damaged" in refused(path)


def _places(content, name):
    place = content.find(name)
    while place >= 0:
        yield place
        place = content.find(name, place + 1)


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("declaration", [LAUGHS, EXTERNAL])
def test_52_53_entities_are_refused_wherever_they_stand(tmp_path, part, declaration):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    edit(path, **{part: lambda xml: declaration + xml})
    assert "XML entities or a document type" in refused(path)


def test_52_entities_in_utf_16_are_seen_too(tmp_path):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    edit(path, **{"xl/workbook.xml": lambda xml: LAUGHS.decode().encode("utf-16") + xml})
    assert "XML entities" in refused(path)


def test_54_macros_and_external_links_are_refused(tmp_path):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    assert "macros" in refused(edit(path, **{"xl/vbaProject.bin": b"x"}))
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    assert "links to other workbooks" in refused(
        edit(path, **{"xl/externalLinks/externalLink1.xml": b"<x/>"})
    )
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    kind = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
    assert "macros" in refused(edit(path, **{"[Content_Types].xml": lambda xml: xml + kind}))
    assert "without macros" in refused(path.rename(tmp_path / "pack.xlsm"))


def test_55_other_formats_under_the_name_of_an_xlsx_are_told_as_what_they_are(tmp_path):
    path = tmp_path / "pack.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    assert "old workbook (.xls)" in refused(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "OpenDocument" in refused(path)
    path.write_bytes(b"reference,entity_type\n")
    assert "not an .xlsx" in refused(path)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("word/document.xml", "<x/>")
    assert "not an .xlsx" in refused(path)


def test_a_workbook_that_only_looks_like_one_is_damaged(tmp_path):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    assert "damaged" in refused(edit(path, **{"xl/workbook.xml": b"<workbook><sheets>"}))


def test_46_a_sheet_beyond_fifty_thousand_rows_is_refused_before_it_is_laid_out(tmp_path):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    edit(path, **{"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"</sheetData>", far)})
    assert "reaches beyond row 50000" in refused(path)


def test_47_a_sheet_with_too_many_columns_is_refused_before_it_is_laid_out(tmp_path):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)])
    far = b'<row r="3"><c r="GS3" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    edit(path, **{"xl/worksheets/sheet1.xml": lambda xml: xml.replace(b"</sheetData>", far)})
    assert "more than 200 columns" in refused(path)


def test_a_sheet_that_is_nearly_named_like_a_table_is_refused(tmp_path):
    path = make_workbook(tmp_path / "pack.xlsx", customers=[person(1)], document=[{"reference": "P-1"}])
    assert "Call the sheet “documents”" in refused(path)
