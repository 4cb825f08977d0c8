"""Onboarding packs for campaigns: as many customers as wanted, the same for the same seed, with no warnings.

Three in ten are businesses with one to three UBOs. Every document has bytes of its own: one small scan is
drawn, and each copy carries a comment with its name.
"""

from __future__ import annotations

import csv
import io
import random
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

TODAY = datetime.now(UTC).date()
BUSINESS_SHARE = 0.3
BUSINESS_DOCUMENTS = (
    "Board Resolution",
    "Company Registration",
    "AML Policy",
    "Business License",
    "Business Proof of Address",
    "Shareholder Certificate",
    "Incorporation Certificate",
    "Bank Statement",
    "Tax Statement",
)
FIRST = ("Ada", "Ben", "Cara", "Dan", "Ella", "Finn", "Gwen", "Hugh", "Iris", "Jack", "Kate", "Liam")
LAST = ("Adams", "Baker", "Clark", "Davis", "Evans", "Foster", "Green", "Hughes", "Irwin", "Jones", "King")


@dataclass
class Pack:
    """`individuals`: (merchant uid, e-mail) of each. `documents`: how many in all. `tables`: the rows."""

    folder: Path
    customers: int = 0
    documents: int = 0
    individuals: list[tuple[str | None, str]] = field(default_factory=list)
    tables: dict[str, list[dict[str, object]]] = field(
        default_factory=lambda: {"customers": [], "ubos": [], "documents": []}
    )

    @property
    def references(self) -> set[str]:
        return {str(row["reference"]) for row in self.tables["customers"]}


def write_pack(folder: Path, *, customers: int, seed: int, merchants: list[str] | None = None) -> Pack:
    """A pack of `customers`, spread evenly over `merchants` (their uids; none: the aggregator's own)."""
    return _Writer(folder, seed, merchants or [""]).write(customers)


def write_workbook(pack: Pack) -> Path:
    """The same pack as a workbook beside its folder, which keeps the files."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for name, rows in pack.tables.items():
        if rows:
            sheet = book.create_sheet(name)
            columns = list(dict.fromkeys(column for row in rows for column in row))
            sheet.append(columns)
            for row in rows:
                sheet.append([str(row.get(column, "")) for column in columns])
    path = pack.folder.with_suffix(".xlsx")
    book.save(path)
    return path


class _Writer:
    def __init__(self, folder: Path, seed: int, merchants: list[str]) -> None:
        self.pack = Pack(folder)
        self.seed, self.merchants = seed, merchants
        self.chance = random.Random(f"pack-{seed}")
        self.phones = iter(range(447400000000 + (seed % 9) * 100000, 447400999999))
        self.tables = self.pack.tables
        (folder / "files").mkdir(parents=True, exist_ok=True)

    def write(self, customers: int) -> Pack:
        for number in range(customers):
            merchant = self.merchants[number % len(self.merchants)]
            if self.chance.random() < BUSINESS_SHARE:
                self._business(number, merchant)
            else:
                self._individual(number, merchant)
        self.pack.customers = customers
        for name, rows in self.tables.items():
            self._table(name, rows)
        return self.pack

    def _person(self) -> dict[str, object]:
        born = TODAY - timedelta(days=self.chance.randint(22 * 366, 70 * 365))
        return {
            "phone_number": f"+{next(self.phones)}",
            "first_name": self.chance.choice(FIRST),
            "last_name": self.chance.choice(LAST),
            "dob": born.isoformat(),
            "address": f"{self.chance.randint(1, 400)} Park Row",
            "postcode": "LS1 5HD",
            "city": "Leeds",
            "country": "GB",
            "nationality": "GB",
            "occupation": "Historian",
            "source_of_funds": "Salary or Wages",
            "is_pep_occupation": "false",
            "is_pep_related": "false",
            "is_pip": "false",
        }

    def _individual(self, number: int, merchant: str) -> None:
        reference, email = f"C{self.seed}-{number:05d}", f"c{self.seed}.person{number}@example.com"
        passport, expires = self._passport()
        self.tables["customers"].append(
            {
                **self._person(),
                "reference": reference,
                "merchant_uid": merchant,
                "entity_type": "individual",
                "email": email,
                "country_of_residence": "GB",
                "doc_type": "Passport",
                "doc_number": passport,
                "doc_expire": expires,
                "doc_country": "GB",
            }
        )
        self.pack.individuals.append((merchant or None, email))
        more = ["Source of Funds"] if self.chance.random() < 0.5 else []
        self._documents(reference, "", ["Passport", "Selfie", "Proof of Address", *more], passport, expires)

    def _business(self, number: int, merchant: str) -> None:
        reference = f"B{self.seed}-{number:05d}"
        name = f"{self.chance.choice(LAST)} {self.chance.choice(LAST)} {number} Ltd"
        self.tables["customers"].append(
            {
                "reference": reference,
                "merchant_uid": merchant,
                "entity_type": "business",
                "account_name": name,
                "email": f"c{self.seed}.business{number}@example.com",
                "phone_number": f"+{next(self.phones)}",
                "business_profile.company_name": name,
                "business_profile.registration_number": f"2019/{self.seed % 1000:03d}{number:06d}/07",
                "business_profile.registration_country": "GB",
                "business_profile.industry": "Financial Services",
                "business_profile.purpose_of_account": "Receiving customer payments",
                "business_profile.expected_monthly_volume_usd": "500000",
                "business_profile.jurisdictions_of_operation": "GB",
                "business_profile.website": "https://www.example.com",
                "business_profile.employee_count": str(self.chance.randint(2, 400)),
                "business_profile.address": "43 Long Street",
                "business_profile.city": "Leeds",
                "business_profile.postcode": "LS1 5HD",
                "business_profile.country": "GB",
                "business_profile.license_status": "Not Licensed",
            }
        )
        self._documents(reference, "", BUSINESS_DOCUMENTS)
        owners = self.chance.randint(1, 3)
        for place in range(owners):
            email = f"c{self.seed}.owner{number}.{place}@example.com"
            self.tables["ubos"].append(
                {
                    **self._person(),
                    "reference": reference,
                    "email": email,
                    "id_number": f"{self.chance.randint(10**8, 10**9 - 1)}",
                    "ownership_percentage": str(90 // owners),
                    "is_director": "true",
                    "is_authorized_signatory": "false",
                }
            )
            self._documents(reference, email, ["Passport", "Selfie", "Proof of Address"], *self._passport())

    def _passport(self) -> tuple[str, str]:
        expires = TODAY + timedelta(days=self.chance.randint(400, 3000))
        return f"P{self.chance.randint(10**7, 10**8 - 1)}", expires.isoformat()

    def _documents(
        self,
        reference: str,
        ubo_email: str,
        kinds: tuple[str, ...] | list[str],
        number: str = "",
        expires: str = "",
    ) -> None:
        for kind in kinds:
            file = f"files/{reference}-{ubo_email.split('@')[0]}-{kind.replace(' ', '_')}.jpg"
            (self.pack.folder / file).write_bytes(scan(f"{self.seed}|{file}"))
            is_identity = kind == "Passport"
            self.tables["documents"].append(
                {
                    "reference": reference,
                    "ubo_email": ubo_email,
                    "doc_type": kind,
                    "file": file,
                    "doc_number": number if is_identity else "",
                    "doc_expire": expires if is_identity else "",
                }
            )
            self.pack.documents += 1

    def _table(self, name: str, rows: list[dict[str, object]]) -> None:
        if not rows:
            return  # a pack without businesses has no table of UBOs
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (self.pack.folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, restval="")
            writer.writeheader()
            writer.writerows(rows)


def scan(name: str) -> bytes:
    """A small sharp scan as JPEG, with `name` as its comment: bytes that no other name has."""
    comment = f"{name} {zlib.crc32(name.encode()):08x}".encode()
    plain = _drawn()
    return plain[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + plain[2:]


@cache
def _drawn() -> bytes:
    from PIL import Image, ImageDraw

    page = Image.new("L", (320, 240), "white")
    pen = ImageDraw.Draw(page)
    for line in range(10):
        pen.text((8, 8 + 22 * line), "UNITED KINGDOM  P12345678  ADA BAKER", fill="black", font_size=14)
    out = io.BytesIO()
    page.save(out, "JPEG", quality=70)
    return out.getvalue()
