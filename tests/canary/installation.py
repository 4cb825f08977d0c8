"""An installation whose every secret and every customer is marked, and what it leaves behind."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from exchange.sandbox.testing import SandboxProcess
from kyc.doc_types import BUSINESS_TYPES
from tests.canary.mail_server import MailServer
from tests.canary.marks import Drawing
from tests.canary.redis_account import is_redis
from tests.canary.secret_settings import OF_AWS, with_password
from tests.kyc.files import jpeg
from tests.kyc.pack.packs import PERSON_SET, papers, write_pack
from tests.tables import put_tables

ROOT = Path(__file__).resolve().parents[2]
# Where nobody answers: what is said of that is a place where passwords turn up.
NOBODY_THERE = "redis://127.0.0.1:1/0"


class Marked:
    """Run the product's commands in it; each one's output is kept, apart by what it is.

    `broker`, `cache`: without one, the address of one that is not there, whose password is a mark like any
    other.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 7,
        database: str = "",
        broker: str = NOBODY_THERE,
        cache: str = NOBODY_THERE,
        **more: str,
    ) -> None:
        self.folder, self.drawing = folder, Drawing(seed)
        self.marks = self.drawing.marks
        draw = self.drawing
        self.sandbox = SandboxProcess(
            folder / "sandbox",
            key=draw.secret("EXCHANGE_API_KEY", draw.digits(16)),
            secret=draw.secret("EXCHANGE_API_SECRET"),
        )
        self.mail = MailServer(folder / "letters")
        token = draw.sealed("payment.webhook_token", draw.word(32))
        draw.sealed("payment.webhook_url", f"https://portal.example.com/hooks/{token}/")
        draw.sealed("payment.webhook_secret", draw.word(43))
        draw.sealed("payment.event", f'{{"event": "payment_reference.completed", "txid": "{draw.word(40)}"}}')
        draw.secret("password")
        draw.secret("totp", draw.word(32).upper())
        self.temporary, self.logs, self.said = folder / "tmp", folder / "logs", folder / "said"
        for place in (self.temporary, self.logs, self.said):
            place.mkdir()
        if not database:
            put_tables(folder)
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "LANG", "LD_LIBRARY_PATH") if name in os.environ},
            "HOME": str(folder),
            "TMPDIR": str(self.temporary),
            "DJANGO_SETTINGS_MODULE": "tests.canary.loud_settings",
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": with_password(database, draw.secret("DATABASE_URL"))
            if database
            else f"sqlite:///{folder / 'portal.sqlite3'}",
            "MEDIA_ROOT": str(folder / "media"),
            "ERASURE_LEDGER": str(folder / "erased.jsonl"),
            "AUDIT_HEADS": str(folder / "heads"),
            "SECRET_KEY": draw.secret("SECRET_KEY"),
            "SECRET_KEY_FALLBACKS": draw.secret("SECRET_KEY_FALLBACKS"),
            "PORTAL_KEYS": draw.portal_keys(),
            "METRICS_TOKEN": draw.secret("METRICS_TOKEN"),
            # Of a Vault that no VAULT_SECRET names: it is not asked, and the token is there all the same.
            "VAULT_TOKEN": draw.secret("VAULT_TOKEN"),
            "CACHE_URL": with_password(cache, draw.secret("CACHE_URL")),
            "EMAIL_URL": with_password(f"smtp://portal@127.0.0.1:{self.mail.port}", draw.secret("EMAIL_URL")),
            "ERROR_MAIL_TO": "operations@aggregator.example",
            **{name: draw.secret(name) for name in sorted(OF_AWS)},
            **self._broker(broker),
            "EXCHANGE_API_KEY": self.marks.secrets["EXCHANGE_API_KEY"],
            "EXCHANGE_API_SECRET": self.marks.secrets["EXCHANGE_API_SECRET"],
            "EXCHANGE_BASE_URL": "http://127.0.0.1:9",
            "EXCHANGE_RATE_PER_SECOND": "500",
            "LOG_LEVEL": "DEBUG",
            **more,
        }

    def _broker(self, broker: str) -> dict[str, str]:
        """Its address with a mark for a password, where its accounts are ours to make."""
        if not is_redis(broker):
            return {"BROKER_URL": broker}
        return {"BROKER_URL": with_password(broker, self.drawing.secret("BROKER_URL"))}

    def start(self) -> None:
        """The exchange and the mail server, apart from it."""
        self.sandbox.start()
        self.mail.start()
        self.environment["EXCHANGE_BASE_URL"] = self.sandbox.base_url

    def stop(self) -> None:
        self.sandbox.stop()
        self.mail.stop()

    def run(self, *words: str, module: str = "") -> int:
        """A command, or a module; its exit code. What it printed and what it logged is kept."""
        command = ["-m", module, *words] if module else ["manage.py", *words]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            timeout=240,
            check=False,
        )
        name = f"{len(list(self.logs.iterdir())):02}-{(module or words[0]).rpartition('.')[2]}.txt"
        (self.logs / name).write_bytes(done.stderr)
        (self.said / name).write_bytes(done.stdout)
        return done.returncode

    def write_pack(self) -> Path:
        """An individual, a business with an owner, and their documents; marks in all that is sealed."""
        draw = self.drawing
        person = {"reference": "K-1", "entity_type": "individual", "country_of_residence": "ZA"}
        person |= draw.person("individual")
        person |= {"doc_type": "Passport", "doc_expire": "2035-01-31", "doc_country": "GB"}
        person["doc_number"] = draw.sealed("individual.doc_number", f"K{draw.digits(8)}")
        company = f"{draw.named('business.company_name', draw.word().title())} Ltd"
        profile = {
            **{
                "company_name": company,
                "registration_number": "2020/123456/07",
                "registration_country": "ZA",
            },
            **{"industry": "Financial Services", "purpose_of_account": "Payment processing", "country": "ZA"},
            **{"expected_monthly_volume_usd": "500000", "city": "Cape Town"},
            "address": draw.sealed("profile.address", f"{draw.digits(2)} {draw.word().title()} Street"),
            "postcode": draw.sealed("profile.postcode", f"K{draw.digits(7)}"),
        }
        business = {
            **{"reference": "K-2", "entity_type": "business", "account_name": company},
            "email": draw.named("business.email", f"{draw.word()}@example.com"),
            "phone_number": draw.sealed("business.phone_number", f"+2782{draw.digits(7)}"),
            **{f"business_profile.{name}": value for name, value in profile.items()},
        }
        owner = {"reference": "K-2", "ownership_percentage": "60", **draw.person("ubo")}
        number = person["doc_number"]
        documents = [
            *papers("K-1"),
            *papers("K-2", tuple(BUSINESS_TYPES)),
            *papers("K-2", PERSON_SET, ubo_email=owner["email"]),
        ]
        for row in documents:
            if row["doc_type"] == "Passport":
                row["doc_number"] = (
                    number if row["reference"] == "K-1" else draw.sealed("passport", f"K{draw.digits(8)}")
                )
            who = f"{row['reference']}.{row['ubo_email'] and 'ubo.'}{row['doc_type']}"
            row["file"] = "files/" + draw.sealed(f"{who}.name", f"{draw.word(16)}.jpg")
        pack = write_pack(self.folder / "pack", [person, business], [owner], documents, with_files=False)
        for row in documents:
            who = f"{row['reference']}.{row['ubo_email'] and 'ubo.'}{row['doc_type']}"
            content = _picture(draw.sealed(f"{who}.content", f"Kanarie{draw.word(20)}"))
            draw.sealed(f"{who}.sha256", hashlib.sha256(content).hexdigest())
            path = pack / row["file"]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
        # Noted on the merchant's page, by the visitor.
        draw.sealed("merchant.contact_name", f"{draw.word().title()} {draw.word().title()}")
        draw.sealed("merchant.contact_email", f"{draw.word()}@example.com")
        draw.sealed("merchant.contact_phone", f"+2782{draw.digits(7)}")
        draw.sealed("merchant.notes", f"Calls {draw.word()} on Mondays.")
        (self.folder / "marks.json").write_text(json.dumps(asdict(self.marks)))
        return pack

    @property
    def database_files(self) -> list[Path]:
        return sorted(self.folder.glob("portal.sqlite3*"))


def _picture(mark: str) -> bytes:
    """A picture that carries the mark in a comment, as cameras and scanners write them."""
    picture = jpeg()
    comment = mark.encode()
    return picture[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + picture[2:]
