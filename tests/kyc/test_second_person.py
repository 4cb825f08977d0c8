"""Submitting, accepting and waiving take two: by page, call, command and by hand."""

import io

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts.circumstances import Channel, under
from accounts.four_eyes import SecondPersonNeeded, approve
from accounts.models import AuditEntry, Proposal
from accounts.policy import NotAllowed
from customers.change import change_customer
from customers.choices import Stage
from customers.models import Customer
from exchange.outbox.models import Intent
from kyc.acceptance import accept_all_warnings, accept_warning
from kyc.approvals.warnings import propose_acceptance, propose_all
from kyc.models import AcceptedWarning, Waiver
from kyc.submission import submit_for_onboarding, submit_many, thaw
from kyc.waivers import waive_document
from kyc.warnings import open_warnings
from tests.accounts.people import a_person
from tests.customers.people import INDIVIDUAL, TODAY
from tests.kyc.onboarding import business, complete, hand_in, individual, picture
from tests.kyc.pack import packs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("four_eyes")]


@pytest.fixture
def second(db):
    """Sibusiso, another officer."""
    return a_person("sibusiso@aggregator.example", "officer", name="Sibusiso Radebe")


@pytest.fixture
def lerato(corner_shop, officer):
    """Complete, handed in by Olivia."""
    return complete(individual(corner_shop, officer), officer)


@pytest.fixture
def doubtful(corner_shop, agent):
    return complete(individual(corner_shop, agent, id_number="0202086471086"), agent)


def submit(customer, actor):
    submit_for_onboarding(customer=customer, actor=actor, today=TODAY)


def test_whoever_registered_it_does_not_submit_it(lerato, officer, second):
    with pytest.raises(SecondPersonNeeded, match="had a hand in this customer"):
        submit(lerato, officer)
    assert Customer.objects.get().stage == Stage.COMPLETE
    assert not Intent.objects.exists()
    submit(lerato, second)
    told = AuditEntry.objects.get(action="customer.submit")
    assert (told.actor, told.details["eyes"]) == (second, "two")


@pytest.fixture
def third(db):
    """Naledi, an officer who had nothing to do with it."""
    return a_person("naledi@aggregator.example", "officer", name="Naledi Khoza")


def test_neither_who_registered_it_nor_who_changed_it_since_submits_it(lerato, officer, second, third):
    data = {**INDIVIDUAL, "city": "Durban"}
    change_customer(customer=lerato, data=data, actor=second, today=TODAY)
    for maker in (officer, second):
        with pytest.raises(SecondPersonNeeded):
            submit(lerato, maker)
    submit(lerato, third)
    assert Customer.objects.get().submitted_eyes == "two"


def test_neither_who_registered_it_nor_who_handed_in_a_document_submits_it(lerato, officer, second, third):
    hand_in(lerato, "Selfie", second)
    for maker in (officer, second):
        with pytest.raises(SecondPersonNeeded):
            submit(lerato, maker)
    submit(lerato, third)


def test_whoever_handed_in_what_was_there_already_had_no_hand_in_it(lerato, officer, second):
    same = picture()
    hand_in(lerato, "Selfie", officer, content=same)
    assert not hand_in(lerato, "Selfie", second, content=same).is_new
    submit(lerato, second)


def test_what_the_machine_made_and_a_person_changed_that_person_does_not_submit(
    corner_shop, machine, officer, second
):
    customer = complete(individual(corner_shop, machine), machine)
    hand_in(customer, "Selfie", officer)
    hand_in(customer, "Selfie", machine)
    assert Customer.objects.get().made_by.is_machine
    with pytest.raises(SecondPersonNeeded):
        submit(customer, officer)
    submit(customer, second)


@pytest.mark.parametrize("settings_say", [frozenset(), frozenset({"role.change"})])
def test_where_no_second_person_is_asked_for_an_earlier_maker_counts_as_one(
    settings_say, lerato, officer, second, settings
):
    settings.FOUR_EYES = settings_say
    hand_in(lerato, "Selfie", second)
    submit(lerato, officer)
    assert Customer.objects.get().submitted_eyes == "one"


def test_after_the_submission_documents_make_nobody_the_maker(lerato, officer, second):
    submit(lerato, second)
    lerato.refresh_from_db()
    assert lerato.made_by == officer
    thaw(customer=lerato, reason="rejected_by_exchange", actor=second)
    lerato.refresh_from_db()
    assert (lerato.submitted_by, lerato.submitted_eyes) == (None, "")
    change_customer(customer=lerato, data={**INDIVIDUAL, "city": "Durban"}, actor=second, today=TODAY)
    with pytest.raises(SecondPersonNeeded):
        submit(lerato, second)
    submit(lerato, officer)


def test_among_many_ones_own_are_left_to_others(corner_shop, lerato, officer, second, agent):
    other = {"reference": "C-2", "email": "two@example.com", "phone_number": "+27825550102"}
    theirs = individual(corner_shop, agent, nationality="GB", id_number="A00000002", **other)
    complete(theirs, agent)
    result = submit_many([lerato, theirs], actor=officer, today=TODAY)
    assert ([row.pk for row in result.own], [row.pk for row in result.submitted]) == (
        [lerato.pk],
        [theirs.pk],
    )
    stages = dict(Customer.objects.values_list("pk", "stage"))
    assert stages == {lerato.pk: Stage.COMPLETE, theirs.pk: Stage.SUBMITTED}


def test_with_four_eyes_off_one_person_does_it_and_the_row_says_so(lerato, officer, settings):
    settings.FOUR_EYES = frozenset({"warning.accept"})
    submit(lerato, officer)
    assert Customer.objects.get().submitted_eyes == "one"


def test_the_api_says_that_somebody_else_has_to(lerato, officer):
    client = Client()
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.post(f"/api/customers/{lerato.reference}/submit/")
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "second_person_needed"
    assert not Intent.objects.exists()


@pytest.mark.parametrize("channel", [Channel.PAGE, Channel.API, Channel.TASK])
def test_only_a_command_is_exempt(channel, lerato, officer):
    with under(channel):
        assert submit_many([lerato], actor=officer, today=TODAY, by_command=True).own == [lerato]


def by_hand(statement, *values):
    native = connection.features.has_native_uuid_field
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [v.hex if hasattr(v, "hex") and not native else v for v in values])


@pytest.mark.parametrize("eyes", ["two", ""])
def test_the_database_refuses_ones_own_submission(lerato, officer, eyes):
    with pytest.raises(IntegrityError, match="a_second_person_submits_a_customer|no_maker_submits"):
        by_hand(
            "UPDATE customers_customer SET submitted_by_id = %s, submitted_eyes = %s WHERE id = %s",
            officer.pk,
            eyes,
            lerato.pk,
        )


def test_the_database_refuses_a_maker_who_has_submitted_it(lerato, officer, second):
    submit(lerato, second)
    with pytest.raises(IntegrityError, match="a_second_person_submits_a_customer"):
        by_hand("UPDATE customers_customer SET made_by_id = %s WHERE id = %s", second.pk, lerato.pk)


def test_the_database_refuses_a_submission_by_an_earlier_maker(lerato, officer, second, third):
    hand_in(lerato, "Selfie", second)
    statement = "UPDATE customers_customer SET submitted_by_id = %s, submitted_eyes = 'two' WHERE id = %s"
    with pytest.raises(IntegrityError, match="no_maker_submits"):
        by_hand(statement, officer.pk, lerato.pk)
    by_hand(statement, third.pk, lerato.pk)
    with pytest.raises(IntegrityError, match="no_maker_submits"):
        by_hand(statement, officer.pk, lerato.pk)


def test_the_database_refuses_that_one_persons_submission_is_said_to_be_twos(lerato, officer, second):
    hand_in(lerato, "Selfie", second)
    statement = "UPDATE customers_customer SET submitted_by_id = %s, submitted_eyes = %s WHERE id = %s"
    by_hand(statement, officer.pk, "one", lerato.pk)
    with pytest.raises(IntegrityError, match="no_maker_submits"):
        by_hand("UPDATE customers_customer SET submitted_eyes = 'two' WHERE id = %s", lerato.pk)


def test_what_somebody_adds_after_they_submitted_changes_nothing_about_that(lerato, officer, second):
    submit(lerato, second)
    AuditEntry.objects.create(
        at=timezone.now(), actor=second, action="document.add", channel="page", customer_id=lerato.pk
    )
    Customer.objects.filter(pk=lerato.pk).update(city="Durban", submitted_by=second, submitted_eyes="two")
    assert Customer.objects.get().city == "Durban"


def test_nobody_accepts_a_warning_alone(doubtful, officer, second):
    (warning,) = open_warnings(doubtful, today=TODAY)
    what = dict(customer=doubtful, key=warning.key, reason="Seen.", actor=officer, today=TODAY)
    with pytest.raises(SecondPersonNeeded):
        accept_warning(**what)
    with pytest.raises(SecondPersonNeeded):
        accept_all_warnings(customers=[doubtful], reason="Seen.", actor=officer, today=TODAY)
    proposal = propose_acceptance(**what)
    with pytest.raises(SecondPersonNeeded):
        approve(proposal, actor=officer)
    assert not AcceptedWarning.objects.exists()


def test_a_viewer_proposes_nothing(doubtful, viewer):
    (warning,) = open_warnings(doubtful, today=TODAY)
    with pytest.raises(NotAllowed):
        propose_acceptance(customer=doubtful, key=warning.key, reason="x", actor=viewer, today=TODAY)
    assert not Proposal.objects.exists()


def test_nobody_waives_a_document_alone(corner_shop, officer):
    acme = business(corner_shop, officer)
    with pytest.raises(SecondPersonNeeded):
        waive_document(customer=acme, doc_type="Tax Statement", reason="New.", actor=officer, today=TODAY)
    assert not Waiver.objects.exists()


@pytest.mark.parametrize("table", ["kyc_acceptedwarning", "kyc_waiver"])
def test_the_database_refuses_what_one_accepted_or_waived_as_two(
    table, corner_shop, agent, officer, settings
):
    settings.FOUR_EYES = frozenset()
    if table == "kyc_waiver":
        acme = business(corner_shop, agent)
        waive_document(customer=acme, doc_type="Tax Statement", reason="New.", actor=officer, today=TODAY)
        by, name = "waived_by_id", "a_second_person_waives_a_document"
    else:
        customer = individual(corner_shop, agent, id_number="0202086471086")
        accept_all_warnings(customers=[customer], reason="Seen.", actor=officer, today=TODAY)
        by, name = "accepted_by_id", "a_second_person_accepts_a_warning"
    with pytest.raises(IntegrityError, match=name):
        by_hand(f"UPDATE {table} SET eyes = 'two'")  # noqa: S608 - a name of ours
    with pytest.raises(IntegrityError, match=name):
        by_hand(f"UPDATE {table} SET eyes = 'two', proposed_by_id = {by}")  # noqa: S608


def test_what_is_proposed_lapses_when_the_customer_moves_on(corner_shop, agent, officer, second):
    acme = complete(business(corner_shop, agent, phone_number="+27825550109"), agent)
    from kyc.approvals.waivers import propose_waiver

    proposal = propose_waiver(customer=acme, doc_type="Tax Statement", reason="New.", actor=agent)
    submit(acme, officer)
    proposal.refresh_from_db()
    assert (proposal.decision, proposal.decided_by) == ("lapsed", officer)


def test_proposing_all_does_not_propose_twice(doubtful, agent):
    for expected in (1, 0):
        assert propose_all(customers=[doubtful], reason="Known.", actor=agent, today=TODAY) == expected


# From a terminal.


def a_pack(folder, **changes):
    """One individual with everything."""
    return packs.write_pack(folder, [packs.person(1, **changes)], documents=packs.papers("P-1"))


def hand_in_pack(folder, **options) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("import_pack", str(folder), stdout=out, **options)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


def test_by_default_a_pack_is_handed_in_and_submitted_in_one_go(tmp_path, own_merchant):
    code, said = hand_in_pack(a_pack(tmp_path), submit=True)
    assert code == 0, said
    customer = Customer.objects.get()
    assert (customer.stage, customer.submitted_eyes) == (Stage.SUBMITTED, "command")
    assert customer.submitted_by.is_machine
    assert customer.made_by.is_machine


@pytest.mark.parametrize("as_whom", [None, "thandi@aggregator.example"])
def test_with_four_eyes_on_commands_it_waits_for_somebody_else(
    as_whom, tmp_path, own_merchant, thandi, officer, settings
):
    settings.FOUR_EYES_COMMANDS = True
    code, said = hand_in_pack(a_pack(tmp_path), submit=True, actor=as_whom)
    assert (code, "waiting for a second person" in said) == (1, True), said
    customer = Customer.objects.get()
    assert customer.stage == Stage.COMPLETE
    assert customer.made_by.email == (as_whom or "machine@portal.invalid")
    # The machine is nobody's second person.
    code, said = hand_in_pack(a_pack(tmp_path), submit=True)
    assert Customer.objects.get().stage == Stage.COMPLETE, said
    submit_for_onboarding(customer=customer, actor=officer)
    assert Customer.objects.get().submitted_eyes == "two"


def test_with_four_eyes_on_commands_accepted_warnings_are_proposed(tmp_path, own_merchant, officer, settings):
    settings.FOUR_EYES_COMMANDS = True
    pack = a_pack(tmp_path, nationality="ZA", id_number="0202086471086")
    _code, said = hand_in_pack(pack, accept_warnings="Seen.")
    assert "warnings proposed to a second person" in said
    proposal = Proposal.objects.get()
    assert proposal.made_by.is_machine
    approve(proposal, actor=officer)
    assert AcceptedWarning.objects.get().eyes == "two"
