"""The marks of one run: values that the rules take and that stand nowhere else in the world."""

import base64
import random
import string
from dataclasses import dataclass, field


@dataclass(slots=True)
class Marks:
    """`sealed`: what stands in encrypted fields and files; `named`: personal data held in clear, which
    belongs in the customer's record and nowhere else; `secrets`: keys and passwords. Each by a name that
    tells where it was put.
    """

    sealed: dict[str, str] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)

    @property
    def hidden(self) -> dict[str, str]:
        """What may stand in clear nowhere at all."""
        return {**self.sealed, **self.secrets}

    @property
    def everything(self) -> dict[str, str]:
        return {**self.sealed, **self.named, **self.secrets}


class Drawing:
    """Draws marks by chance; the same seed draws the same."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.marks = Marks()

    def word(self, length: int = 12) -> str:
        return "".join(self._chance.choices(string.ascii_lowercase, k=length))

    def digits(self, length: int) -> str:
        return "".join(self._chance.choices("123456789", k=length))

    def secret(self, name: str, text: str = "") -> str:
        return self._keep(self.marks.secrets, name, text or f"Kanarie{self.word(33)}")

    def sealed(self, name: str, text: str) -> str:
        return self._keep(self.marks.sealed, name, text)

    def named(self, name: str, text: str) -> str:
        return self._keep(self.marks.named, name, text)

    @staticmethod
    def _keep(held: dict[str, str], name: str, text: str) -> str:
        held[name] = text
        return text

    def portal_keys(self) -> str:
        first, second = (base64.b64encode(self._chance.randbytes(32)).decode() for _version in range(2))
        return f"1:{self.secret('PORTAL_KEYS', first)},2:{self.secret('PORTAL_KEYS, version 2', second)}"

    def person(self, who: str) -> dict[str, str]:
        """A person's columns of a pack, a mark in each that is sealed or names somebody."""
        year, month, day = (self._chance.randrange(*among) for among in ((1931, 1940), (1, 13), (10, 20)))
        return {
            "email": self.named(f"{who}.email", f"{self.word()}@example.com"),
            "phone_number": self.sealed(f"{who}.phone_number", f"+2782{self.digits(7)}"),
            "first_name": self.named(f"{who}.first_name", self.word().title()),
            "last_name": self.named(f"{who}.last_name", self.word().title()),
            "dob": self.sealed(f"{who}.dob", f"{year}-{month:02}-{day}"),
            "address": self.sealed(f"{who}.address", f"{self.digits(2)} {self.word().title()} Road"),
            "postcode": self.sealed(f"{who}.postcode", f"K{self.digits(7)}"),
            "city": "Gqeberha",
            "country": "ZA",
            "nationality": "GB",
            "id_number": self.sealed(f"{who}.id_number", f"K{self.digits(9)}"),
            "occupation": "Historian",
            "source_of_funds": "Salary or Wages",
            "is_pep_occupation": "true",
            "pep_occupation_data": self.sealed(f"{who}.pep_occupation_data", f"Minister of {self.word()}"),
            "is_pep_related": "true",
            "pep_related_data": self.sealed(f"{who}.pep_related_data", f"Sister of {self.word()}"),
            "is_pip": "true",
            "pip_data": self.sealed(f"{who}.pip_data", f"Chairs {self.word()}"),
        }
