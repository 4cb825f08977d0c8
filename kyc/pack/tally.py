"""What became of a pack, counted, with the first of what there is to tell."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from kyc.pack.units import Fault, Unit

LISTED_MAX = 50


@dataclass(slots=True)
class Held:
    """A customer that is kept and waits for a decision about its warnings."""

    reference: str
    doubts: list[str]


@dataclass(slots=True)
class Tally:
    """Customers, but for `documents`. `accepted` are new ones, `frozen` were submitted and stay as they are,
    `strays` are references that have UBOs or documents and no customer.

    `held`, `incomplete`, `own` and `turned_down` are kept all the same: they wait for an officer, for
    documents, for a second person to submit them, or for whoever mends what the exchange turned down.
    """

    accepted: int = 0
    already_there: int = 0
    updated: int = 0
    rejected: int = 0
    strays: int = 0
    frozen: int = 0
    held: int = 0
    incomplete: int = 0
    own: int = 0
    turned_down: int = 0
    submitted: int = 0
    documents: int = 0
    faults: list[Fault] = field(default_factory=list)
    fault_count: int = 0
    frozen_references: list[str] = field(default_factory=list)
    turned_down_references: list[str] = field(default_factory=list)
    held_list: list[Held] = field(default_factory=list)
    warnings_accepted: int = 0
    warnings_proposed: int = 0

    @property
    def customers(self) -> int:
        return self.accepted + self.already_there + self.updated + self.rejected + self.frozen

    @property
    def exit_code(self) -> int:
        """0: every row was accepted; 1: some were rejected, held, frozen, or wait for a person."""
        waiting = self.held or self.frozen or self.own or self.turned_down
        return 1 if self.rejected or self.strays or waiting else 0

    def reject(self, unit: Unit) -> None:
        if unit.row is None and unit.existing is None:
            self.strays += 1
        else:
            self.rejected += 1
        errors = [fault for fault in unit.faults if fault.is_error]
        self.fault_count += len(errors)
        self.faults += errors[: max(0, LISTED_MAX - len(self.faults))]

    def add(self, more: Tally) -> None:
        """Count in what became of another part of the pack."""
        for one in fields(self):
            was, came = getattr(self, one.name), getattr(more, one.name)
            is_list = isinstance(was, list)
            setattr(self, one.name, [*was, *came][:LISTED_MAX] if is_list else was + came)

    def freeze(self, reference: str) -> None:
        self.frozen += 1
        if len(self.frozen_references) < LISTED_MAX:
            self.frozen_references.append(reference)

    def turn_down(self, reference: str) -> None:
        self.turned_down += 1
        if len(self.turned_down_references) < LISTED_MAX:
            self.turned_down_references.append(reference)

    def hold(self, reference: str, doubts: list[str]) -> None:
        self.held += 1
        if len(self.held_list) < LISTED_MAX:
            self.held_list.append(Held(reference, doubts))
