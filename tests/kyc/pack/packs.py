"""Packs made in code: rows of good people, to be spoiled one cell at a time, and handing them in."""

import csv
import io
from functools import cache
from pathlib import Path

from accounts.models import User
from customers.models import Customer
from kyc.models import Document
from kyc.pack.importing import Options, import_pack
from kyc.pack.opening import open_pack
from kyc.pack.report import make_report
from tests.customers.people import BUSINESS, INDIVIDUAL, TODAY, UBO
from tests.kyc.files import jpeg

PERSON_SET = ("Passport", "Selfie", "Proof of Address")


@cache
def _scan() -> bytes:
    return jpeg()


def picture(mark: str) -> bytes:
    """A scan that differs from every other mark's."""
    return _scan() + mark.encode()


def person(number: int, **changes) -> dict[str, str]:
    """A row of customers: the same good individual with a reference, e-mail, phone and ID of its own."""
    return {
        **INDIVIDUAL,
        "reference": f"P-{number}",
        "email": f"person{number}@example.com",
        "phone_number": f"+2782290{number:04}",
        "nationality": "GB",
        "id_number": f"A{number:08}",
        **changes,
    }


def business(reference="B-1", **changes) -> dict[str, str]:
    return {**BUSINESS, "entity_type": "business", "reference": reference, **changes}


def ubo(reference="B-1", **changes) -> dict[str, str]:
    return {**UBO, "reference": reference, **changes}


def papers(reference, types=PERSON_SET, ubo_email="", **changes) -> list[dict[str, str]]:
    """Rows of documents, with a file each that is named after its type."""
    return [
        {
            "reference": reference,
            "ubo_email": ubo_email,
            "doc_type": doc_type,
            "file": f"files/{reference}-{ubo_email}-{doc_type}.jpg".replace(" ", "_"),
            "doc_number": "C91311680" if doc_type == "Passport" else "",
            "doc_expire": "2034-12-18" if doc_type == "Passport" else "",
            **changes,
        }
        for doc_type in types
    ]


def table(rows, columns=(), delimiter=",") -> str:
    """The rows as CSV text."""
    names = list(dict.fromkeys([*columns, *(name for row in rows for name in row)]))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write_pack(folder: Path, customers=(), ubos=(), documents=(), *, with_files=True) -> Path:
    """A pack in a folder; each file that `documents` names is a picture of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ("reference", "entity_type", "email")
    (folder / "customers.csv").write_text(table(customers, columns), encoding="utf-8")
    if ubos:
        (folder / "ubos.csv").write_text(table(ubos), encoding="utf-8")
    if documents:
        (folder / "documents.csv").write_text(table(documents), encoding="utf-8")
        for row in documents if with_files else ():
            path = folder / row["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                path.write_bytes(picture(row["file"]))
    return folder


def no_exchange():
    raise AssertionError("this pack names no unknown merchant")


def hand_in(path: Path, *, documents=None, report=None, make_client=no_exchange, **options):
    """Import the pack as the machine does; its tally."""
    if "actor" not in options:
        options["actor"] = User.objects.machine()
    with open_pack(path, documents) as pack:
        written = make_report(report, pack, path) if report else None
        tally = import_pack(pack, Options(today=TODAY, **options), make_client=make_client, report=written)
    if written:
        written.finish()
    return tally


def faults(tally) -> list[tuple[str, str, int, str, str]]:
    """What was rejected: reference, table, line, column, code."""
    return [
        (fault.reference, fault.table, fault.line, fault.column, fault.problem.code) for fault in tally.faults
    ]


def references() -> set[str]:
    return set(Customer.objects.values_list("reference", flat=True))


def held_documents() -> dict[tuple[str, str, str], str]:
    """SHA-256 of every current document, by reference, UBO's e-mail and type."""
    rows = Document.objects.filter(is_current=True).select_related("customer", "ubo")
    return {
        (row.customer.reference, row.ubo.email if row.ubo else "", row.doc_type): row.sha256 for row in rows
    }
