"""Clients that work on the same few customers side by side, over the real services and the real web server.

    python -m tests.campaigns.contenders '{"clients": 16, "seconds": 20, "seed": 7, "web": "http://…", …}'

Each client is a process. Editing, handing in and accepting go through the services, submitting and reading
through the web server. What each was told stands in a file of its own in `folder`, one JSON object a line:
`did`, `customer`, `told` (done, or the name of the refusal), and what tells the change apart.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.campaigns.web import browser, cookie_of, officer

# What a service may say to somebody who came too late, or to whom it is not to be; anything else is a fault.
REFUSALS = {
    *("Refused", "Frozen", "StaleVersion", "NotReady", "SecondPersonNeeded", "CannotThaw", "NotAllowed"),
    *("WasDecided", "NotOpen"),
}
# What each does first, one after the other, beginning at another place each; then by chance.
FIRST = ("edit", "accept", "hand_in", "submit", "thaw")
ACTIONS = ("edit", "edit", "edit", "hand_in", "hand_in", "accept", "submit", "thaw", "look")
OFFICERS = 4


class Client:
    """One person at work. `seen`: what was told so far."""

    def __init__(self, number: int, order: dict, person: Any) -> None:
        from customers.models import Customer

        self.number, self.order, self.officer = number, order, person
        self.chance = random.Random(order["seed"] * 1000 + number)
        self.ids = sorted(Customer.objects.values_list("pk", flat=True))
        self.log = (Path(order["folder"]) / f"client-{number}").open("w")
        self.count = 0
        self.http = browser(cookie_of(person))

    def work(self) -> None:
        until = time.monotonic() + self.order["seconds"]
        while time.monotonic() < until or self.count < 2 * len(FIRST):
            self.step()
        self.log.close()

    def step(self) -> None:
        from customers.models import Customer

        self.count += 1
        in_turn = FIRST[(self.number + self.count) % len(FIRST)]
        name = in_turn if self.count <= 2 * len(FIRST) else self.chance.choice(ACTIONS)
        chosen = self.chance.choice(self.ids)
        if self.order["is_edit_only"]:
            name, chosen = "edit", self.ids[0]
        customer = Customer.objects.select_related("merchant").get(pk=chosen)
        told: dict[str, Any] = {"did": name, "customer": str(customer.pk)}
        act: Callable[[Any], dict[str, Any]] = getattr(self, name)
        try:
            told |= {"told": "done", **act(customer)}
        except Exception as error:
            kind = type(error).__name__
            told["told"] = kind if kind in REFUSALS else "fault"
            if told["told"] == "fault":
                told["fault"] = f"{kind}: {error}"[:300]
                traceback.print_exc()
        self.log.write(json.dumps(told, default=str) + "\n")

    def edit(self, customer: Any) -> dict[str, Any]:
        """Count one up in the address, from what was read: a lost update makes the sum come out wrong."""
        from customers.change import change_customer
        from kyc.records import customer_data, load_record, ubo_data

        record = load_record(customer)
        data = customer_data(record)
        field = "business_profile.address" if customer.is_business else "address"
        number, _, street = str(data[field]).partition(" ")
        data[field] = f"{int(number) + 1} {street}"
        if not customer.is_business and self.count % 2:
            # A doubt about the name, a new one each time.
            data["last_name"] = f"Adams {'ABCDEFGHIJ'[self.count % 10]}.{'ABCDEFGHIJ'[self.number % 10]}."
        changed = change_customer(
            customer=customer,
            data=data,
            ubos=[ubo_data(ubo) for ubo in record.ubos],
            actor=self.officer,
            expected_version=customer.version,
        )
        return {"fields": len(changed.fields)}

    def hand_in(self, customer: Any) -> dict[str, Any]:
        from kyc.documents import add_document
        from tests.campaigns.packs import scan

        content = scan(f"{self.order['seed']}|{self.number}|{self.count}")
        doc_type = "Business Proof of Address" if customer.is_business else "Proof of Address"
        added = add_document(
            customer=customer, doc_type=doc_type, content=content, filename="scan.jpg", actor=self.officer
        )
        return {"document": str(added.document.pk), "is_new": added.is_new}

    def accept(self, customer: Any) -> dict[str, Any]:
        from django.utils import timezone

        from kyc.acceptance import accept_warning
        from kyc.warnings import open_warnings

        warnings = open_warnings(customer, today=timezone.localdate())
        if not warnings:
            return {"told": "nothing"}
        accepted = accept_warning(
            customer=customer, key=self.chance.choice(warnings).key, reason="Looked at", actor=self.officer
        )
        return {"accepted": str(accepted.pk)}

    def submit(self, customer: Any) -> dict[str, Any]:
        address = f"{self.order['web']}/api/customers/{customer.reference}/submit/"
        answer = self.http.post(address, json={}, timeout=60)
        return self._answered(answer, "done" if answer.status_code == 200 else "NotReady")

    def thaw(self, customer: Any) -> dict[str, Any]:
        """As a decision about a rejected customer does it: back to draft."""
        from kyc.submission import thaw

        if customer.is_editable:
            return {"told": "nothing"}
        thaw(customer=customer, reason="rejected_by_exchange", actor=self.officer)
        return {}

    def look(self, customer: Any) -> dict[str, Any]:
        one = f"/api/customers/{customer.reference}/"
        path = self.chance.choice([one, f"{one}requirements/", "/api/customers/?limit=5"])
        return self._answered(self.http.get(self.order["web"] + path, timeout=60), "nothing")

    def _answered(self, answer: Any, told: str) -> dict[str, Any]:
        status = answer.status_code
        if status >= 500 or status in (400, 401, 403, 404):
            return {"told": "fault", "fault": f"{answer.request.method} {status}", "status": status}
        return {"told": told, "status": status}


def main(order: dict) -> int:
    from django.db import connections

    # So many that one can submit what another changed.
    people = [officer(number) for number in range(OFFICERS)]
    connections.close_all()
    clients = []
    for number in range(order["clients"]):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                Client(number, order, people[number % len(people)]).work()
                code = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        clients.append(pid)
    return max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in clients)


if __name__ == "__main__":
    from tests.campaigns.launch import prepare

    prepare()
    sys.exit(main(json.loads(sys.argv[1])))
