from datetime import UTC, date, datetime

import pytest

from customers.rules import read_individual
from tests.customers.people import INDIVIDUAL, TODAY, found

ERROR, WARNING = "error", "warning"


def read(**changes):
    return read_individual({**INDIVIDUAL, **changes}, today=TODAY)


def test_a_good_row_is_read_into_typed_values():
    reading = read(
        is_pip="no", doc_expire="2034-01-31", doc_type="Passport", doc_number="M1", doc_country="ZA"
    )
    assert reading.problems == []
    assert reading.values["dob"] == date(2002, 2, 8)
    assert reading.values["doc_expire"] == date(2034, 1, 31)
    assert reading.values["is_pip"] is False
    assert reading.values["is_pep_related"] is False
    assert reading.values["account_name"] == ""
    assert reading.values["phone_number"] == "+27822904047"


def test_an_empty_row_names_every_required_field_at_once():
    reading = read_individual({}, today=TODAY)
    required = {problem.field for problem in reading.problems if problem.code == "required"}
    assert required == {
        "email",
        "phone_number",
        "first_name",
        "last_name",
        "dob",
        "address",
        "postcode",
        "city",
        "country",
        "nationality",
        "country_of_residence",
        "occupation",
        "source_of_funds",
    }


def test_all_problems_of_a_row_come_at_once():
    reading = read(
        dob="31/12/1980", phone_number="0821234567", country="zaf", is_pip="perhaps", occupation="CEO"
    )
    assert [problem.field for problem in reading.problems] == [
        "phone_number",
        "dob",
        "country",
        "occupation",
        "is_pip",
    ]


# Birth dates


@pytest.mark.parametrize(
    ("dob", "code"),
    [
        ("2008-11-22", "under_age"),
        ("2027-01-01", "in_the_future"),
        ("0001-01-01", "implausible_date"),
        ("9999-12-31", "in_the_future"),
        ("2001-02-29", "no_such_day"),
        ("1999-02-31", "no_such_day"),
        ("31/02/1999", "ambiguous_date"),
        ("03/04/1980", "ambiguous_date"),
        ("1.2.80", "ambiguous_date"),
        ("1980/12/31", "date_format"),
        ("29586", "date_format"),
        (29586.0, "date_format"),
        ("1980-12-31T00:00:00", "date_format"),
        (datetime(1980, 12, 31, 8, tzinfo=UTC), "date_format"),
        ("١٩٨٠-١٢-٣١", "date_format"),
        ("yesterday", "date_format"),
    ],
)
def test_a_birth_date_that_cannot_be_is_refused(dob, code):
    assert found(read(dob=dob, nationality="GB", id_number="").problems) == [("dob", code, ERROR)]


@pytest.mark.parametrize(
    "dob", ["2008-11-21", "1900-01-01", date(1980, 12, 31), datetime(1980, 12, 31, tzinfo=UTC)]
)
def test_a_person_who_is_eighteen_today_is_taken(dob):
    assert read(dob=dob, nationality="GB", id_number="").problems == []


def test_who_was_born_on_29_february_comes_of_age_on_1_march():
    raw = {**INDIVIDUAL, "dob": "2008-02-29", "nationality": "GB", "id_number": ""}
    assert found(read_individual(raw, today=date(2026, 2, 28)).problems) == [("dob", "under_age", ERROR)]
    assert read_individual(raw, today=date(2026, 3, 1)).problems == []


# ID numbers


def test_a_south_african_needs_an_id_number_and_others_do_not():
    assert found(read(id_number="").problems) == [("id_number", "required", ERROR)]
    assert read(id_number="", nationality="FR").problems == []


def test_the_older_name_of_the_id_number_is_read_where_the_newer_is_empty():
    assert read(id_number="", sa_id_number="0202086471085").values["id_number"] == "0202086471085"
    assert read(sa_id_number="ignored").values["id_number"] == "0202086471085"


@pytest.mark.parametrize(
    ("number", "code", "severity"),
    [
        ("0202086471086", "check_digit", WARNING),
        ("8505155800084", "birth_date_differs", WARNING),
        ("12345", "id_number_format", WARNING),
        ("9.00116E+12", "mangled_number", ERROR),
        ("9,00116E+12", "mangled_number", ERROR),
        (9.00116e15, "mangled_number", ERROR),
        (202086471085, "mangled_number", ERROR),
        ("N/A", "stand_in", ERROR),
    ],
)
def test_a_doubtful_south_african_id_number_is_a_warning_and_a_mangled_one_an_error(number, code, severity):
    assert ("id_number", code, severity) in found(read(id_number=number).problems)


def test_spaces_are_taken_out_of_a_south_african_id_number():
    reading = read(id_number="020208 6471 08 5")
    assert reading.problems == []
    assert reading.values["id_number"] == "0202086471085"


# PEP and PIP


@pytest.mark.parametrize(
    ("flag", "details"),
    [
        ("is_pep_occupation", "pep_occupation_data"),
        ("is_pep_related", "pep_related_data"),
        ("is_pip", "pip_data"),
    ],
)
def test_an_exposed_person_needs_details_and_details_need_the_flag(flag, details):
    assert found(read(**{flag: "true", details: " "}).problems) == [(details, "required", ERROR)]
    assert read(**{flag: "true", details: "Minister of roads"}).problems == []
    assert found(read(**{flag: "", details: "Minister of roads"}).problems) == [
        (details, "flag_not_set", WARNING)
    ]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("TRUE", True),
        ("Yes", True),
        ("1", True),
        (1.0, True),
        (True, True),
        ("no", False),
        ("0", False),
        (False, False),
        ("", False),
        (None, False),
    ],
)
def test_flags_are_read_in_every_documented_spelling(text, value):
    assert read(is_pip=text, pip_data="x" if value else "").values["is_pip"] is value


@pytest.mark.parametrize("text", ["perhaps", "y", "2", 2, "on", "wahr"])
def test_any_other_flag_is_refused_and_never_taken_for_false(text):
    assert found(read(is_pip=text).problems) == [("is_pip", "flag", ERROR)]


# Lists


@pytest.mark.parametrize(
    ("occupation", "named"),
    [
        ("historian", "“Historian”"),
        ("Bus Driver", "“Bu Driver”"),
        ("Software Enginer", "“Software Engineer”"),
    ],
)
def test_a_near_miss_of_an_occupation_names_the_nearest_entries(occupation, named):
    (problem,) = read(occupation=occupation).problems
    assert (problem.field, problem.code, problem.severity) == ("occupation", "not_in_list", ERROR)
    assert named in problem.remedy


def test_the_lists_are_matched_byte_for_byte():
    assert read(occupation="Bu Driver", source_of_funds="Client funds").problems == []
    assert found(read(source_of_funds="salary or wages").problems) == [
        ("source_of_funds", "not_in_list", ERROR)
    ]


# Identity document of the row


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        ("2026-11-20", [("doc_expire", "expired", ERROR)]),
        ("2026-11-21", [("doc_expire", "expires_soon", WARNING)]),
        ("2026-12-21", [("doc_expire", "expires_soon", WARNING)]),
        ("2026-12-22", []),
        ("9999-12-31", [("doc_expire", "implausible_date", ERROR)]),
    ],
)
def test_an_expired_document_is_an_error_and_one_that_soon_will_be_a_warning(expires, expected):
    assert found(read(doc_type="Passport", doc_expire=expires).problems) == expected


def test_an_identity_book_never_expires():
    assert read(doc_type="Green Identity Book", doc_expire="2001-01-01").problems == []


def test_only_an_identity_document_can_be_the_documents_type():
    (problem,) = read(doc_type="passport").problems
    assert (problem.code, problem.severity) == ("not_in_list", ERROR)
    assert "“Passport”" in problem.remedy
    assert found(read(doc_type="Selfie").problems) == [("doc_type", "not_in_list", ERROR)]


def test_a_profile_on_an_individual_is_doubted():
    assert found(read(**{"business_profile.website": "https://x.example.com"}).problems) == [
        ("business_profile.website", "not_for_individuals", WARNING)
    ]


@pytest.mark.parametrize("action", ["none", {"action": "none"}, '{"action": "none"}', ""])
def test_the_only_deposit_action_there_is_is_none(action):
    assert read(deposit_action=action).problems == []


@pytest.mark.parametrize(
    "action", ["aggregate", '{"action": "convert_and_withdraw"}', "{" * 900, {"action": []}, 7]
)
def test_deposit_actions_that_are_coming_soon_are_refused(action):
    assert found(read(deposit_action=action).problems) == [("deposit_action", "deposit_action", ERROR)]


# What a problem may show


def test_no_problem_repeats_what_is_held_encrypted():
    secret = {
        "dob": "31/12/1980",
        "phone_number": "0821234567",
        "id_number": "0202086471086",
        "address": "Secret\u202elane",
        "postcode": "P" * 21,
        "doc_number": "D95774273" * 20,
        "pip_data": "The minister's cousin",
    }
    reading = read(**secret)
    assert {problem.field for problem in reading.problems} == set(secret)
    for problem in reading.problems:
        assert problem.shown == secret[problem.field][0] + "***"
        assert secret[problem.field][:6] not in problem.message + problem.remedy


def test_a_wrong_value_is_shown_on_one_short_line():
    (problem,) = read(city="Cape\nTown" + "x" * 300).problems
    assert problem.shown.startswith("Cape�Town")
    assert len(problem.shown) == 80
