"""Tables as CSV: what is read, and what is refused with its place. Numbers are those of the bad inputs."""

import tracemalloc

import pytest

from kyc.pack import csv_table, limits, lines
from kyc.pack.opening import open_pack
from kyc.pack.unreadable import PackUnreadable
from tests.kyc.pack.packs import person, table

ROWS = [person(1, first_name="Zoë"), person(2, last_name="Nkosi")]


def read(path, content: bytes):
    """All rows of a lone customers.csv with this content."""
    file = path / "customers.csv"
    file.write_bytes(content)
    with open_pack(file) as pack:
        return list(pack.customers.rows())


def refused(path, content: bytes) -> str:
    with pytest.raises(PackUnreadable) as caught:
        read(path, content)
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_41_utf_8_and_utf_16_with_its_mark_are_read(tmp_path, encoding):
    text = table(ROWS)
    content = text.encode(encoding)
    if encoding == "utf-16-le":
        content = b"\xff\xfe" + content
    if encoding == "utf-16-be":
        content = b"\xfe\xff" + content
    rows = read(tmp_path, content)
    assert [row.cells["first_name"] for row in rows] == ["Zoë", "Lerato"]
    assert [row.line for row in rows] == [2, 3]


def test_a_row_is_found_again_by_its_place_in_every_encoding(tmp_path):
    file = tmp_path / "customers.csv"
    spread = [*ROWS, person(3, address="350 Moon\nStreet"), person(4, city="ਅ਼")]
    for encoding in ("utf-8", "utf-16"):
        file.write_bytes(table(spread).encode(encoding))
        with open_pack(file) as pack:
            rows = list(pack.customers.rows())
            again = [pack.customers.row_at(row.place, row.line) for row in reversed(rows)]
        assert again == rows[::-1]
        assert [row.line for row in rows] == [2, 3, 4, 6]


def test_42_another_encoding_is_refused_with_the_bytes_place_and_how_to_save_it(tmp_path):
    text = refused(tmp_path, table(ROWS).encode("cp1252"))
    place = table(ROWS).encode("cp1252").index(b"\xeb") + 1
    assert f"Byte {place} (in line 2) is 0xEB, which is not UTF-8" in text
    assert "CSV UTF-8" in text


def test_43_bytes_broken_in_the_middle_of_the_file_are_refused_before_anything_is_read(tmp_path):
    content = table(ROWS).encode() + b"P-3,individual,\xff\xfe\n"
    assert "Byte" in refused(tmp_path, content)


def test_43_half_a_utf_16_character_is_refused(tmp_path):
    assert "UTF-16" in refused(tmp_path, table(ROWS).encode("utf-16")[:-1])


def test_44_nul_bytes_in_the_header_are_refused_as_utf_16_without_its_mark(tmp_path):
    assert "NUL" in refused(tmp_path, table(ROWS).encode("utf-16-le"))


def test_45_a_line_without_end_is_refused_long_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "RECORD_BYTES_MAX", 5_000)
    text = refused(tmp_path, table(ROWS).encode() + b"P-3," + b"x" * 10_000)
    assert "Line 4 is longer than 5000 bytes" in text


def test_45_as_it_comes_no_more_than_a_row_may_have_is_held(tmp_path):
    assert limits.RECORD_BYTES_MAX == 1_000_000
    tracemalloc.start()
    try:
        text = refused(tmp_path, table(ROWS).encode() + b"P-3," + b"x" * 40_000_000)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "Line 4 is longer than 1000000 bytes" in text
    # What is written here is 40 MB itself, twice.
    assert most < 80_000_000 + 12_000_000


def test_46_one_row_more_than_a_table_may_have_is_refused(tmp_path, monkeypatch):
    assert limits.CSV_ROWS_MAX["customers"] == 200_000
    monkeypatch.setitem(csv_table.CSV_ROWS_MAX, "customers", 1)
    assert "more than 1 rows" in refused(tmp_path, table(ROWS).encode())


def test_47_ten_thousand_columns_are_refused(tmp_path):
    header = ",".join(["reference", "entity_type", "email", *(f"x{n}" for n in range(10_000))])
    assert "10003 columns" in refused(tmp_path, f"{header}\n".encode())


def test_48_a_quote_that_is_never_closed_is_refused_with_its_line(tmp_path):
    text = refused(tmp_path, table(ROWS).encode() + b'P-3,"individual\nP-4,individual\n')
    assert "row that begins in line 4 has a quote that is never closed" in text


def test_48_a_quote_that_swallows_the_rest_of_a_large_file_is_refused_with_its_line(tmp_path):
    rest = b"".join(b"P-%d,individual,somebody@example.com\n" % n for n in range(10_000))
    assert "begins in line 4" in refused(tmp_path, table(ROWS).encode() + b'P-3,"indi\n' + rest)


def test_text_after_a_closing_quote_is_refused(tmp_path):
    assert "text after a closing quote" in refused(tmp_path, table(ROWS).encode() + b'P-3,"indi"vidual,x\n')


def test_49_an_unknown_column_is_named_with_the_nearest_known_one(tmp_path):
    content = table([{**person(1), "frist_name": "x"}]).encode()
    assert "“frist_name”, the nearest known one is “first_name”" in refused(tmp_path, content)


def test_49_double_missing_and_nameless_columns_are_all_named_at_once(tmp_path):
    text = refused(tmp_path, b"reference,reference,,dob\nP-1,P-1,x,y\n")
    for fault in (
        "“reference” is there twice",
        "column 3 has no name",
        "“entity_type” is missing",
        "“email”",
    ):
        assert fault in text


def test_the_older_name_of_the_id_number_is_the_same_column(tmp_path):
    (row,) = read(tmp_path, b"reference,entity_type,email,sa_id_number\nP-1,individual,a@b.co,02\n")
    assert row.cells["id_number"] == "02"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_each_delimiter_is_recognised(tmp_path, delimiter):
    rows = read(tmp_path, table(ROWS, delimiter=delimiter).encode())
    assert [row.cells["reference"] for row in rows] == ["P-1", "P-2"]


def test_the_column_problems_is_passed_over_and_blank_lines_too(tmp_path):
    rows = read(tmp_path, b"problems,reference,entity_type,email\nbad,P-1,individual,a@b.co\n\n,,,\n")
    assert [row.cells for row in rows] == [
        {"reference": "P-1", "entity_type": "individual", "email": "a@b.co"}
    ]


def test_a_short_row_has_blanks_and_a_long_one_is_told(tmp_path):
    short, long = read(tmp_path, b"reference,entity_type,email\nP-1,individual\nP-2,individual,a@b.co,x,,y\n")
    assert "email" not in short.cells
    assert long.surplus == 2


@pytest.mark.parametrize("value", ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "\rx"])
def test_50_exactly_one_leading_apostrophe_before_a_formula_is_taken_off(tmp_path, value):
    columns = "reference,entity_type,email,address\n"
    rows = read(
        tmp_path,
        f'{columns}P-1,individual,a@b.co,"\'{value}"\nP-2,individual,b@b.co,"\'\'{value}"\n'.encode(),
    )
    assert rows[0].cells["address"] == value
    assert rows[1].cells["address"] == f"''{value}"


def test_an_apostrophe_before_a_plain_word_stays(tmp_path):
    (row,) = read(tmp_path, b"reference,entity_type,email,last_name\nP-1,individual,a@b.co,'t Hooft\n")
    assert row.cells["last_name"] == "'t Hooft"


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"])
def test_60_an_empty_file_has_no_header(tmp_path, content):
    assert "no header" in refused(tmp_path, content)


def test_a_workbook_under_the_name_of_a_csv_is_told_as_what_it_is(tmp_path):
    assert "not a CSV file" in refused(tmp_path, b"PK\x03\x04 and so on")


def test_bare_carriage_returns_are_refused_with_a_hint(tmp_path):
    assert "carriage return" in refused(tmp_path, table(ROWS).replace("\r\n", "\r").encode())


def test_a_pack_without_customers_is_refused(tmp_path):
    with pytest.raises(PackUnreadable, match="no table of customers"):
        open_pack(tmp_path)


def test_a_path_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(PackUnreadable, match="can't be read"):
        open_pack(tmp_path / "customers.csv")
