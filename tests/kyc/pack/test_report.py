"""The report: every row of each rejected customer, ready to be mended and handed in again."""

import csv
import stat

import pytest

from customers.models import Customer
from kyc.pack.opening import open_pack
from kyc.pack.report import make_report
from kyc.pack.unreadable import PackUnreadable
from tests.kyc.pack.packs import (
    business,
    hand_in,
    held_documents,
    papers,
    person,
    references,
    ubo,
    write_pack,
)

pytestmark = pytest.mark.django_db


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def spoiled(tmp_path):
    """A pack of which one business and one person are left out."""
    rows = [person(1), person(2, dob="31/12/1980", last_name="-Nkosi"), business()]
    documents = [*papers("P-1"), *papers("P-2"), *papers("B-1", ("Bank Statement", "Tax Paper"))]
    return write_pack(tmp_path / "pack", rows, [ubo()], documents)


def test_every_row_of_each_rejected_customer_is_there_with_what_is_wrong_in_it(tmp_path, machine):
    hand_in(spoiled(tmp_path), report=tmp_path / "report")
    people = rows_of(tmp_path / "report" / "customers.csv")
    assert [row["reference"] for row in people] == ["P-2", "B-1"]
    assert people[0]["problems"].startswith("dob: Day and month")
    assert people[1]["problems"] == "Left out because of its rows in documents."
    assert [row["problems"] for row in rows_of(tmp_path / "report" / "ubos.csv")] == [""]
    papers_of = rows_of(tmp_path / "report" / "documents.csv")
    assert [row["reference"] for row in papers_of] == ["P-2"] * 3 + ["B-1"] * 2
    assert papers_of[-1]["problems"].startswith("doc_type: ")


def test_values_are_kept_and_formulas_disarmed(tmp_path, machine):
    hand_in(spoiled(tmp_path), report=tmp_path / "report")
    row = rows_of(tmp_path / "report" / "customers.csv")[0]
    assert row["dob"] == "31/12/1980"
    assert row["last_name"] == "'-Nkosi"
    assert row["phone_number"] == "'+27822900002"


@pytest.mark.parametrize("name", ["report", "report.xlsx"])
def test_a_mended_report_imports_with_the_first_packs_documents(tmp_path, machine, name):
    pack = spoiled(tmp_path)
    report = tmp_path / name
    hand_in(pack, report=report)
    if name.endswith(".xlsx"):
        import openpyxl

        book = openpyxl.load_workbook(report)
        cells = {cell.value: cell for row in book["customers"].iter_rows() for cell in row}
        cells["31/12/1980"].value = "1980-12-31"
        cells = {cell.value: cell for row in book["documents"].iter_rows() for cell in row}
        cells["Tax Paper"].value = "Tax Statement"
        book.save(report)
    else:
        for table, wrong, right in (
            ("customers", "31/12/1980", "1980-12-31"),
            ("documents", "Tax Paper", "Tax Statement"),
        ):
            file = report / f"{table}.csv"
            file.write_text(file.read_text(encoding="utf-8-sig").replace(wrong, right), encoding="utf-8")
    tally = hand_in(report, documents=pack)
    assert (tally.accepted, tally.rejected) == (2, 0)
    assert references() == {"P-1", "P-2", "B-1"}
    assert Customer.objects.get(reference="P-2").last_name == "-Nkosi"
    assert ("B-1", "", "Tax Statement") in held_documents()


def test_a_report_that_was_not_mended_is_rejected_with_the_same_words(tmp_path, machine):
    pack = spoiled(tmp_path)
    first = hand_in(pack, report=tmp_path / "report")
    again = hand_in(tmp_path / "report", documents=pack, report=tmp_path / "second")
    assert [(fault.reference, fault.column, fault.problem.code) for fault in again.faults] == [
        (fault.reference, fault.column, fault.problem.code) for fault in first.faults
    ]
    for table in ("customers", "ubos", "documents"):
        assert rows_of(tmp_path / "report" / f"{table}.csv") == rows_of(tmp_path / "second" / f"{table}.csv")


def test_only_its_owner_may_read_the_report(tmp_path, machine):
    hand_in(spoiled(tmp_path), report=tmp_path / "report")
    hand_in(tmp_path / "pack", report=tmp_path / "report.xlsx")
    for path in (tmp_path / "report" / "customers.csv", tmp_path / "report.xlsx"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_nothing_was_rejected_there_is_no_report(tmp_path, machine):
    hand_in(write_pack(tmp_path / "pack", [person(1)]), report=tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_a_report_never_overwrites_its_pack_or_something_else(tmp_path):
    path = write_pack(tmp_path / "pack", [person(1)])
    (tmp_path / "notes.txt").write_text("keep me")
    with open_pack(path) as pack:
        for place in (path, tmp_path / "notes.txt"):
            with pytest.raises(PackUnreadable):
                make_report(place, pack, path)
