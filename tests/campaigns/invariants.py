"""What must hold whatever was broken, judged by the sandbox's own store. Every campaign calls `judge`.

Each function takes the Scene (tests/campaigns/scene.py) and yields a line for each thing that is not as it
must be; the number before its name is the one in the plan (I1 to I12). P1 and P2 are the promises about
customers and documents.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.campaigns.scene import Scene

CLOSED = ("done", "given_up")
REASONS = {
    "email_taken_elsewhere", "ubo_email_taken", "exists_more_than_once", "foreign_sender",
    "create_outcome_unknown", "upload_outcome_unknown", "ubo_uid_unknown", "rejected_by_exchange",
    "payment_outcome_unknown", "payment_exists_twice",
    "refused_by_exchange", "content_changed", "too_many_attempts",
}  # fmt: skip
CREATE, UPLOAD, PAYMENT = "customer.create", "document.upload", "payment_reference.create"
MAX_TRIES, MAX_UNKNOWN_CREATES, MAX_UPLOADS = 20, 3, 2
NOTHING_HAPPENED = {
    "not_signed",
    "not_sendable",
    "unreachable",
    "rate_limited",
    "paused",
    "key_refused",
    "clock",
}
# So many rounds whose outcome nobody knows, each proved absent since, and a person decides.
DOUBTFUL_ROUNDS = 3
# What the viewer is served lies beside the file that it was made of.
_COPY = re.compile(r"\.page\d+\.sealed$")
# Audit rows that tell of a uid that was bound, whichever way.
BINDINGS = ("created_at_exchange", "found_at_exchange", "adopted")


def p1_everybody_is_there_once(scene: Scene) -> Iterator[str]:
    """Lost 0, doubled 0, wrong adoptions 0; with staff are the genuine clashes, and who is not there after as
    many doubtful rounds as are made (reliability 2.3)."""
    for customer in scene.customers:
        name, rows = customer["reference"], scene.of_them(customer)
        if len(rows) > 1:
            scene.notes["doubled"] += 1
            yield f"doubled: {name} is there {len(rows)} times"
        if customer["uid"] is not None:
            bound = scene.by_uid.get(customer["uid"])
            if bound is None or bound["email"].casefold() != customer["email"].casefold():
                scene.notes["wrong_adoptions"] += 1
                yield f"wrong adoption: {name} is bound to {customer['uid']}"
            elif customer["email"].casefold() in scene.strangers and "[" not in bound["account_name"]:
                scene.notes["wrong_adoptions"] += 1
                yield f"wrong adoption: {name} took a stranger's account"
            continue
        if customer["email"].casefold() in scene.strangers:
            scene.notes["genuine_clashes"] += 1
            yield from _not_with_staff_for_it(scene, customer)
        elif not rows and _is_handed_to_staff(scene, customer):
            scene.notes["with_staff_after_doubtful_rounds"] += 1
        elif scene.is_over:
            scene.notes["lost"] += 1
            yield f"lost: {name} is at stage {customer['stage']} without a uid ({len(rows)} there)"


def _not_with_staff_for_it(scene: Scene, customer: dict) -> Iterator[str]:
    """A stranger holds its e-mail: a person is told just that (2.5), and nothing else of it was ever sent."""
    name, creates = customer["reference"], _creates_of(scene, customer)
    is_told = any(
        (row["state"], row["reason"]) == ("waiting_for_staff", "email_taken_elsewhere") for row in creates
    )
    if scene.is_over and not is_told and not _is_handed_to_staff(scene, customer):
        stands = ", ".join(f"{row['state']} {row['reason']}".strip() for row in creates)
        yield f"a stranger has the e-mail of {name}, and its create is {stands or 'not there'}"
    for intent in scene.facts["intents"]:
        if intent["lane_id"] == customer["id"] and intent["topic"] != CREATE and _sendings(intent):
            yield f"a stranger has the e-mail of {name}, and {intent['topic']} was sent"


def _creates_of(scene: Scene, customer: dict) -> list[dict]:
    wanted = (CREATE, customer["id"])
    return [row for row in scene.facts["intents"] if (row["topic"], row["subject_id"]) == wanted]


def _is_handed_to_staff(scene: Scene, customer: dict) -> bool:
    """Whether its create waits for a person since the exchange itself left so many of its rounds in doubt."""
    return any(
        row["state"] == "waiting_for_staff"
        and row["reason"] == "create_outcome_unknown"
        and row["unknown_tries"] >= DOUBTFUL_ROUNDS
        and sum(attempt["outcome"] == "unknown" for attempt in row["attempts"]) >= DOUBTFUL_ROUNDS
        for row in _creates_of(scene, customer)
    )


def p1_a_strangers_account_is_left_alone(scene: Scene) -> Iterator[str]:
    """It carries no reference of ours, and no document was laid there."""
    documents = Counter(row["owner_uid"] for row in scene.held["documents"])
    for row in scene.held["customers"]:
        if row["email"].casefold() not in scene.strangers or "[" in (row["account_name"] or ""):
            continue
        if row["custom_id"]:
            yield f"a stranger's account {row['uid']} was given the reference {row['custom_id']}"
        if documents[row["uid"]]:
            yield f"a stranger's account {row['uid']} holds {documents[row['uid']]} documents"


def p2_documents_arrive_and_doubt_is_flagged(scene: Scene) -> Iterator[str]:
    """Each current document once; missing or twice only where it is flagged, and then after an unknown."""
    doubtful = {
        str(intent["subject_id"])
        for intent in scene.facts["intents"]
        if any(
            attempt["outcome"] == "unknown" or attempt["phase"] == "lost" for attempt in intent["attempts"]
        )
    }
    for customer in scene.customers:
        if customer["uid"] is None:
            continue
        for document in customer["documents"]:
            if not document["is_current"]:
                continue
            key = (scene.owner_uid(customer, document), document["doc_type"], document["sha256"])
            count, name = scene.copies[key], f"{customer['reference']} {document['doc_type']}"
            if document["is_flagged"]:
                scene.notes["flagged"] += 1
                if document["id"] not in doubtful:
                    yield f"flagged without an unknown attempt: {name}, there {count} times"
            scene.notes[f"documents_there_{count}_times"] += 1
            if not count and document["id"] in scene.excused_uploads:
                scene.notes["documents_excused"] += 1
                continue
            most = max(MAX_UPLOADS, scene.forgotten[key] + 1)
            if count > most or (count != 1 and not document["is_flagged"] and scene.is_over):
                yield f"document: {name} is there {count} times, flagged={document['is_flagged']}"


def p3_payment_references_are_there_once(scene: Scene) -> Iterator[str]:
    """Each is there once, with the webhook that it alone has, and known here by its id; twice only where
    staff are told of it, absent only where they are asked after as many doubtful rounds as are made (2.8)."""
    there = defaultdict(list)
    for row in scene.held.get("payments", ()):
        there[row["webhook_url"]].append(row)
    intents = {row["subject_id"]: row for row in scene.facts["intents"] if row["topic"] == PAYMENT}
    for payment in scene.facts["payments"]:
        rows, intent = there.pop(payment["webhook_url"], []), intents[payment["id"]]
        waits_for = intent["reason"] if intent["state"] == "waiting_for_staff" else ""
        scene.notes[f"payments_there_{len(rows)}_times"] += 1
        if len(rows) > 1 and waits_for != "payment_exists_twice":
            yield f"payment doubled: {payment['name']} is there {len(rows)} times"
        if not rows and payment["exchange_id"]:
            yield f"payment not there: {payment['name']} is known as {payment['exchange_id']}"
        is_open = scene.is_over and not payment["exchange_id"]
        if is_open and not rows and intent["unknown_tries"] < DOUBTFUL_ROUNDS:
            yield f"payment lost: {payment['name']}, {intent['state']} {intent['reason']}"
        if is_open and rows and waits_for != "payment_outcome_unknown":
            yield f"payment there and not known here: {payment['name']}, {intent['state']}"
        for row in rows:
            told = {name: payment[name] for name in ("uid", "currency", "webhook_secret")}
            if told != {name: row[name] for name in told}:
                yield f"payment there with other content: {payment['name']}"
        if rows and payment["exchange_id"] and payment["code"] not in {row["reference"] for row in rows}:
            yield f"payment with another's code: {payment['name']}"
    for rows in there.values():
        yield f"nobody's payment: {', '.join(str(row['id']) for row in rows)}"


def i1_one_uid_per_token(scene: Scene) -> Iterator[str]:
    per_token = defaultdict(set)
    for effect in scene.effects:
        if effect["route"] == "customers.create" and effect["token"]:
            per_token[effect["token"]].add(effect["uid"])
    for token, uids in per_token.items():
        if len(uids) > 1:
            yield f"token {token} has {len(uids)} uids"


def i2_what_is_done_here_is_there_and_equal(scene: Scene) -> Iterator[str]:
    owners = {customer["id"]: customer for customer in scene.customers}
    subjects = {
        document["id"]: (customer, document)
        for customer in scene.customers
        for document in customer["documents"]
    }
    for intent in scene.facts["intents"]:
        if intent["state"] != "done":
            continue
        if intent["topic"] == CREATE:
            customer = owners[intent["subject_id"]]
            row = scene.by_uid.get(customer["uid"] or "")
            if row is None:
                yield f"create done, not there: {customer['reference']}"
            elif _told(row["fields"]) != _told(customer["body"]):
                yield f"there with other fields: {customer['reference']}"
        elif intent["topic"] == UPLOAD:
            customer, document = subjects[intent["subject_id"]]
            key = (scene.owner_uid(customer, document), document["doc_type"], document["sha256"])
            if not scene.copies[key] and not document["is_flagged"]:
                yield f"upload done, not there: {customer['reference']} {document['doc_type']}"
        elif intent["topic"] != PAYMENT:
            customer = owners[intent["subject_id"]]
            row = scene.by_uid.get(customer["uid"] or "")
            if row is not None and row["custom_id"] != customer["reference"]:
                yield f"reference done, not there: {customer['reference']}"


def _told(body: dict) -> str:
    return json.dumps({**body, "account_name": ""}, sort_keys=True, default=str)


def i3_nothing_there_without_an_owner(scene: Scene) -> Iterator[str]:
    bound = {customer["uid"] for customer in scene.customers}
    tokens = {customer["token"]: customer for customer in scene.customers}
    orphans = {item.get("uid") for item in (scene.status or {}).get("orphans", ())}
    for row in scene.held["customers"]:
        name = row["account_name"] or ""
        token = name.rsplit("[", 1)[-1].rstrip("]") if "[" in name else ""
        owner = tokens.get(token)
        if (
            row["uid"] in bound
            or row["uid"] in orphans
            or (not token and row["email"].casefold() in scene.strangers)
        ):
            continue
        if owner is not None and not scene.is_over:
            continue
        yield f"nobody's: {row['uid']} ({row['email']})"


def i4_attempts_stay_within_caps(scene: Scene) -> Iterator[str]:
    for intent in scene.facts["intents"]:
        sent = [row for row in _sendings(intent) if _may_have_arrived(row)]
        if intent["tries"] > MAX_TRIES:
            yield f"{intent['topic']} {intent['subject_id']}: {intent['tries']} tries"
        if intent["topic"] == UPLOAD and len(sent) > MAX_UPLOADS:
            told = ", ".join(f"{row['outcome']} {row['reason']}" for row in sent)
            yield f"upload {intent['subject_id']}: sent {len(sent)} times: {told}"
        if intent["topic"] in (CREATE, PAYMENT) and intent["unknown_tries"] > MAX_UNKNOWN_CREATES:
            yield f"create {intent['subject_id']}: {intent['unknown_tries']} unknown outcomes"


def _sendings(intent: dict) -> list[dict]:
    """The attempts that were made to send; the others are evidence of what a look found."""
    return [row for row in intent["attempts"] if row["request_digest"]]


def _may_have_arrived(attempt: dict) -> bool:
    """Not so where a frozen worker, thawed after its attempt was closed as lost, told that nothing was sent,
    or that the exchange had turned it away."""
    is_late = attempt["phase"] == "lost" and attempt["reason"].removeprefix("late_") in NOTHING_HAPPENED
    return attempt["outcome"] in ("applied", "unknown") and not is_late


def i5_one_open_intent_per_subject(scene: Scene) -> Iterator[str]:
    opened = Counter(
        (intent["topic"], intent["subject_id"])
        for intent in scene.facts["intents"]
        if intent["state"] not in CLOSED
    )
    for (topic, subject), count in opened.items():
        if count > 1:
            yield f"{topic} {subject} is open {count} times"
    if scene.is_over:
        for state in ("pending", "sending"):
            left = [row for row in scene.facts["intents"] if row["state"] == state and _may_move(scene, row)]
            if left:
                lanes = {lane["id"]: lane["due_ms"] for lane in scene.facts["lanes"]}
                told = [
                    f"{row['topic']} ready={row['is_ready']} held={row['is_held']} due={row['due_ms']} "
                    f"code={row['error_code']} lane due={lanes.get(row['lane_id'])}"
                    for row in left[:3]
                ]
                yield f"{len(left)} intents are still {state}: {'; '.join(told)}"


def _may_move(scene: Scene, intent: dict) -> bool:
    """Whether nothing that waits for a person stands before it in its lane."""
    ahead = [row for row in scene.facts["intents"] if row["lane_id"] == intent["lane_id"]]
    return not any(
        row["topic"] == CREATE and row["state"] in ("unknown", "waiting_for_staff") for row in ahead
    )


def i6_documents_lie_with_their_owner(scene: Scene) -> Iterator[str]:
    owner_of = {}
    for customer in scene.facts["customers"]:
        for document in customer["documents"]:
            owner_of[document["sha256"]] = (customer, document)
    for row in scene.held["documents"]:
        found = owner_of.get(row["sha256"])
        if found is None:
            yield f"document {row['id']} is there and not here"
            continue
        customer, document = found
        uid = scene.owner_uid(customer, document)
        if uid is None:
            # Sent to a UBO before its uid was written down: its e-mail must be that UBO's.
            email = next((ubo["email"] for ubo in customer["ubos"] if ubo["id"] == document["ubo_id"]), "")
            uid = next(
                (
                    ubo["uid"]
                    for there in scene.of_them(customer)
                    for ubo in there["ubos"]
                    if ubo["email"] == email
                ),
                None,
            )
        if row["owner_uid"] != uid or row["doc_type"] != document["doc_type"]:
            name = f"{customer['reference']} {document['doc_type']}"
            yield f"wrong subject: {name} lies with {row['owner_uid']}"


def i7_nothing_is_sent_before_submission_or_changed_after(scene: Scene) -> Iterator[str]:
    submitted = {customer["id"]: customer["submitted_at"] for customer in scene.customers}
    for intent in scene.facts["intents"]:
        at = submitted.get(intent["lane_id"])
        for attempt in intent["attempts"]:
            if at is None or attempt["started_ms"] < at * 1000 - 1000:
                yield f"{intent['topic']} {intent['subject_id']} was sent before it was submitted"
    for customer in scene.customers:
        if customer["uid"] and not customer["is_as_submitted"]:
            yield f"{customer['reference']} is not what was submitted"


def i8_every_change_has_one_audit_row(scene: Scene) -> Iterator[str]:
    bindings, documents = Counter(), Counter()
    for row in scene.facts["audit"]:
        if row["action"].startswith("customer.") and any(word in row["action"] for word in BINDINGS):
            bindings[row["customer_id"]] += 1
        if row["action"] == "document.sent":
            documents[row["subject_id"]] += 1
    for customer in scene.customers:
        expected = int(customer["uid"] is not None)
        if bindings[customer["id"]] != expected:
            yield f"{customer['reference']}: {bindings[customer['id']]} audit rows for {expected} binding"
        for document in customer["documents"]:
            count = documents[document["id"]]
            if document["delivery"] == "sent" and count != 1:
                yield f"{customer['reference']} {document['doc_type']}: {count} audit rows"


def i8_the_audit_trail_verifies(scene: Scene) -> Iterator[str]:
    """`manage.py verify_audit` finds nothing once the trail is sealed."""
    verified = scene.facts["verified"]
    if verified["code"]:
        yield from (
            f"verify_audit ended with {verified['code']}: {line}" for line in verified["said"].splitlines()
        )


def i9_no_nonce_twice(scene: Scene) -> Iterator[str]:
    taken = Counter(
        attempt["nonce"]
        for intent in scene.facts["intents"]
        for attempt in intent["attempts"]
        if attempt["nonce"] is not None
    )
    for nonce, count in taken.items():
        if count > 1:
            yield f"nonce {nonce} stands in {count} attempts"
    if repeats := scene.held["counts"]["repeated_nonces"] - scene.notes["carried_out_twice"]:
        yield f"the exchange saw {repeats} nonces again"


def i10_no_two_send_for_one_customer_at_once(scene: Scene) -> Iterator[str]:
    lanes = defaultdict(list)
    for intent in scene.facts["intents"]:
        lanes[intent["lane_id"]] += _sendings(intent)
    for lane, attempts in lanes.items():
        attempts.sort(key=lambda row: (row["started_ms"], row["fence"]))
        for first, second in zip(attempts, attempts[1:], strict=False):
            if second["fence"] < first["fence"]:
                yield f"lane {lane}: an older claim sent after a newer one"
            if first["fence"] == second["fence"] and first["worker"] != second["worker"]:
                yield f"lane {lane}: two workers under one claim"
            is_free = _pid(first["worker"]) not in scene.struck_pids
            until = first["finished_ms"] or float("inf")
            if is_free and first["worker"] != second["worker"] and second["started_ms"] < until:
                yield f"lane {lane}: two workers sent at once"


def _pid(worker: str) -> int:
    return int(worker.rsplit("-", 2)[1])


def i11_files_and_rows_agree(scene: Scene) -> Iterator[str]:
    """Every row's file is there, whole; the sweep has taken each file that no row names, and no other."""
    named = set()
    for customer in scene.facts["customers"]:
        for document in customer["documents"]:
            named.add(document["file"])
            if document["is_whole"] is not True:
                yield f"{customer['reference']} {document['doc_type']}: the file is {document['is_whole']}"
    scene.notes["files_swept"] = scene.facts["swept"]
    for name in scene.facts["files"]:
        if _COPY.sub(".sealed", name) not in named:
            yield f"the sweep left a file that no row names: {name}"


def i12_reasons_are_from_the_list(scene: Scene) -> Iterator[str]:
    for intent in scene.facts["intents"]:
        if intent["state"] == "waiting_for_staff":
            scene.notes[f"waits: {intent['reason']}"] += 1
            if intent["reason"] not in REASONS:
                yield f"{intent['subject_id']} waits for {intent['reason']!r}"


def status_names_every_doubt(scene: Scene) -> Iterator[str]:
    """What is missing or doubled there stands in `outbox_status --json`, and so does what waits."""
    if scene.status is None:
        return
    listed = {
        (item["reference"], item.get("ubo_email") or "", item.get("doc_type") or "")
        for item in scene.status["items"]
    }
    for customer in scene.customers:
        emails = {ubo["id"]: ubo["email"] for ubo in customer["ubos"]}
        for document in customer["documents"]:
            if not document["is_current"] or customer["uid"] is None:
                continue
            key = (scene.owner_uid(customer, document), document["doc_type"], document["sha256"])
            item = (customer["reference"], emails.get(document["ubo_id"], ""), document["doc_type"])
            if scene.copies[key] != 1 and item not in listed and scene.is_over:
                yield f"not in outbox_status: {item} is there {scene.copies[key]} times"


INVARIANTS: tuple[Callable[[Scene], Iterator[str]], ...] = (
    p1_everybody_is_there_once,
    p1_a_strangers_account_is_left_alone,
    p2_documents_arrive_and_doubt_is_flagged,
    p3_payment_references_are_there_once,
    i1_one_uid_per_token,
    i2_what_is_done_here_is_there_and_equal,
    i3_nothing_there_without_an_owner,
    i4_attempts_stay_within_caps,
    i5_one_open_intent_per_subject,
    i6_documents_lie_with_their_owner,
    i7_nothing_is_sent_before_submission_or_changed_after,
    i8_every_change_has_one_audit_row,
    i8_the_audit_trail_verifies,
    i9_no_nonce_twice,
    i10_no_two_send_for_one_customer_at_once,
    i11_files_and_rows_agree,
    i12_reasons_are_from_the_list,
    status_names_every_doubt,
)


@dataclass(frozen=True)
class Verdict:
    """`broken`: invariant -> what is not as it must be. `figures`: what was counted on the way."""

    broken: dict[str, list[str]]
    figures: dict[str, Any]

    @property
    def holds(self) -> bool:
        return not self.broken


def judge(scene: Scene) -> Verdict:
    """All invariants over one scene."""
    broken = {}
    for invariant in INVARIANTS:
        if lines := list(invariant(scene)):
            broken[invariant.__name__] = lines
    figures = {
        "submitted": len(scene.customers),
        "there": scene.held["counts"]["customers"],
        "lost": scene.notes.pop("lost", 0),
        "doubled": scene.notes.pop("doubled", 0),
        "wrong_adoptions": scene.notes.pop("wrong_adoptions", 0),
        **dict(sorted(scene.notes.items())),
    }
    return Verdict(broken, figures)
