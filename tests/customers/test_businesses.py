from decimal import Decimal

import pytest

from customers.rules import check_ubos, read_business, read_entity_type, read_ubo
from tests.customers.people import BUSINESS, TODAY, UBO, found


def read(**changes):
    return read_business(
        {**BUSINESS, **{f"business_profile.{name}": value for name, value in changes.items()}}, today=TODAY
    )


def ubo(**changes):
    return read_ubo({**UBO, **changes}, today=TODAY)


def test_a_good_business_is_read_into_typed_values():
    reading = read(employee_count="25", license_status="Not Licensed")
    assert reading.problems == []
    assert reading.values["business_profile.expected_monthly_volume_usd"] == Decimal(500000)
    assert reading.values["business_profile.employee_count"] == Decimal(25)
    assert reading.values["business_profile.license_jurisdictions"] == []
    assert reading.values["business_profile.website"] == ""


def test_an_empty_business_names_every_required_field_at_once():
    fields = {problem.field for problem in read_business({}, today=TODAY).problems}
    assert fields == {"email", "phone_number", "account_name"} | {
        f"business_profile.{name}"
        for name in (
            "company_name",
            "registration_number",
            "registration_country",
            "industry",
            "purpose_of_account",
            "expected_monthly_volume_usd",
        )
    }


def test_a_licensed_business_needs_its_number_and_where_it_holds():
    assert found(read(license_status="Licensed").problems) == [
        ("business_profile.license_number", "required", "error"),
        ("business_profile.license_jurisdictions", "required", "error"),
    ]
    assert read(license_status="Licensed", license_number="FSP1", license_jurisdictions="ZA").problems == []


def test_a_wrong_licence_status_names_the_right_one():
    (problem,) = read(license_status="licensed").problems
    assert "“Licensed”" in problem.remedy


@pytest.mark.parametrize(
    ("volume", "code"),
    [
        ("-1", "out_of_range"),
        ("NaN", "number"),
        (float("inf"), "number"),
        ("1e308", "number"),
        (1e308, "mangled_number"),
        ("500,000", "number"),
        ("R500000", "number"),
        ("1" * 25, "out_of_range"),
        ("0.001", "too_many_places"),
        (True, "type"),
    ],
)
def test_a_volume_that_is_no_plain_amount_is_refused(volume, code):
    assert found(read(expected_monthly_volume_usd=volume).problems) == [
        ("business_profile.expected_monthly_volume_usd", code, "error")
    ]


@pytest.mark.parametrize("volume", ["0", "0.50", 5000, 5000.0, Decimal("5000.00")])
def test_a_volume_of_zero_or_more_is_taken(volume):
    assert read(expected_monthly_volume_usd=volume).problems == []


@pytest.mark.parametrize("count", ["2.5", "-1", "many", "99999999999"])
def test_employees_are_counted_in_whole_people(count):
    assert [problem.field for problem in read(employee_count=count).errors] == [
        "business_profile.employee_count"
    ]


def test_personal_fields_on_a_business_are_doubted():
    reading = read_business({**BUSINESS, "first_name": "Jane"}, today=TODAY)
    assert found(reading.problems) == [("first_name", "not_for_businesses", "warning")]


@pytest.mark.parametrize("name", ["3", "1-800 Flowers", "Hayes, Bennett & Black (Pty) Ltd.", "株式会社"])
def test_companies_have_freer_names_than_people(name):
    assert read(company_name=name).problems == []


@pytest.mark.parametrize("name", ["{{7*7}}", "<b>ACME</b>", "---"])
def test_a_company_name_is_no_markup(name):
    assert [problem.field for problem in read(company_name=name).errors] == ["business_profile.company_name"]


# Beneficial owners


def test_a_good_owner_is_read_into_typed_values():
    reading = ubo(is_director="yes")
    assert reading.problems == []
    assert reading.subject == "ubo:jane@example.com"
    assert reading.values["ownership_percentage"] == Decimal(60)
    assert reading.values["phone_number"] == ""
    assert reading.values["is_director"] is True


def test_an_empty_owner_names_every_required_field_at_once():
    fields = {problem.field for problem in read_ubo({}, today=TODAY).problems}
    assert fields == {
        "email",
        "first_name",
        "last_name",
        "dob",
        "address",
        "postcode",
        "city",
        "country",
        "nationality",
        "id_number",
        "occupation",
        "source_of_funds",
        "ownership_percentage",
    }


@pytest.mark.parametrize(
    ("share", "code"),
    [
        ("4.99", "out_of_range"),
        ("100.01", "out_of_range"),
        ("-60", "out_of_range"),
        ("NaN", "number"),
        (float("nan"), "number"),
        ("1e308", "number"),
        ("60%", "percent_sign"),
        ("60 %", "percent_sign"),
        ("33,3", "number"),
        ("33.33333", "too_many_places"),
        ("٦٠", "number"),
    ],
)
def test_a_share_outside_5_to_100_or_not_a_plain_number_is_refused(share, code):
    assert found(ubo(ownership_percentage=share).problems) == [("ownership_percentage", code, "error")]


@pytest.mark.parametrize("share", ["5", "5.0", "100", "33.3333", 60, 33.5])
def test_a_share_from_5_to_100_is_taken(share):
    assert ubo(ownership_percentage=share).problems == []


def test_an_owner_always_needs_an_id_number_and_may_give_a_passports():
    assert found(ubo(id_number="").problems) == [("id_number", "required", "error")]
    assert ubo(nationality="ZA", id_number="M12345678").problems == []
    assert ("id_number", "check_digit", "warning") in found(
        ubo(nationality="ZA", id_number="8505155800088").problems
    )


def test_problems_of_an_owner_name_the_owner_even_where_the_address_is_wrong():
    assert {problem.subject for problem in ubo(email="nobody", dob="").problems} == {"ubo:nobody"}


def test_a_business_has_one_to_fifty_owners():
    assert found(check_ubos([])) == [("ubos", "required", "error")]
    many = [{"email": f"u{number}@example.com"} for number in range(51)]
    assert found(check_ubos(many)) == [("ubos", "too_many", "error")]
    assert check_ubos(many[:50]) == []


def test_two_owners_of_one_business_have_different_addresses():
    (problem,) = check_ubos([{"email": "jane@example.com"}, {"email": "Jane@example.com"}])
    assert (problem.subject, problem.field, problem.severity) == ("ubo:Jane@example.com", "email", "error")


def test_shares_above_100_per_cent_are_doubted():
    shares = [
        {"email": f"{share}@example.com", "ownership_percentage": Decimal(share)} for share in ("60", "40")
    ]
    assert check_ubos(shares) == []
    shares.append({"email": "x@example.com", "ownership_percentage": Decimal("5.5")})
    (problem,) = check_ubos(shares)
    assert (problem.code, problem.severity, problem.shown) == ("shares_above_100", "warning", "105.5")


@pytest.mark.parametrize(
    ("given", "code"), [("person", "not_in_list"), ("Individual", "not_in_list"), ("", "required")]
)
def test_a_customer_is_an_individual_or_a_business(given, code):
    reading = read_entity_type({"entity_type": given})
    assert found(reading.problems) == [("entity_type", code, "error")]
    assert "entity_type" not in reading.values
    assert read_entity_type({"entity_type": " business "}).values == {"entity_type": "business"}
