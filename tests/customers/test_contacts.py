"""Phone numbers, e-mail addresses, countries and web addresses."""

import pytest

from customers.rules import read_business, read_individual
from tests.customers.people import BUSINESS, INDIVIDUAL, TODAY, found


def read(**changes):
    return read_individual({**INDIVIDUAL, **changes}, today=TODAY)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+27822904047", "+27822904047"),
        ("+27 82 290 4047", "+27822904047"),
        ("+27 (0)82 290-4047", "+27822904047"),
        ("+44 7400 492225", "+447400492225"),
        ("+1 415.268.6958", "+14152686958"),
    ],
)
def test_a_phone_number_is_kept_in_its_international_form(typed, kept):
    reading = read(phone_number=typed)
    assert reading.problems == []
    assert reading.values["phone_number"] == kept


@pytest.mark.parametrize(
    "typed",
    [
        "0821234567",
        "27821234567",
        27821234567,
        "2.78E+10",
        "+27 82",
        "+270000000000",
        "+1-800-FLOWERS",
        "+",
        "phone",
        "+27822904047 ext 5",
        "+27822904047#5",
        "+27822904047/+27822904048",
        "+999123456789",
        "+" + "2" * 5000,
        "+２７822904047",
    ],
)
def test_a_phone_number_that_cannot_be_dialled_from_abroad_is_refused(typed):
    (problem,) = read(phone_number=typed).problems
    assert (problem.field, problem.severity) == ("phone_number", "error")
    assert "+27821234567" in problem.remedy


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("lerato@example.com", "lerato@example.com"),
        (" Lerato.M+x@EXAMPLE.com ", "Lerato.M+x@example.com"),
        ("l@xn--mller-kva.example.com", "l@xn--mller-kva.example.com"),
    ],
)
def test_an_email_address_keeps_its_local_part_as_typed(typed, kept):
    reading = read(email=typed)
    assert reading.problems == []
    assert reading.values["email"] == kept


@pytest.mark.parametrize(
    "typed",
    [
        "nobody",
        "a@b",
        "lerato@exаmple.com",
        "lérato@example.com",
        "l@müller.example.com",
        "x" * 320 + "@example.com",
        "x" * 60 + "@" + "y" * 200 + ".com",
        '"l m"@example.com',
        "lerato@example.com.",
        "l..m@example.com",
        "l@[127.0.0.1]",
        "l@localhost",
        "Lerato <l@example.com>",
        "l@example.com,m@example.com",
        "l@example.com\nBcc: m@example.com",
        "l\x00@example.com",
        "l@exam\u200bple.com",
        "l\ud800@example.com",
    ],
)
def test_an_email_address_that_is_none_or_deceives_is_refused(typed):
    (problem,) = read(email=typed).problems
    assert (problem.field, problem.severity) == ("email", "error")


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("zaf", "ZA"),
        ("ZAF", "ZA"),
        ("za", "ZA"),
        ("South Africa", "ZA"),
        ("south afrika", "ZA"),
        ("UK", "GB"),
        ("Germany", "DE"),
        ("ZZ", "ISO 3166"),
        ("1", "ISO 3166"),
        ("Z\x00", "ISO 3166"),
    ],
)
def test_a_country_is_its_two_letter_code_and_the_remedy_names_it(typed, hint):
    (problem,) = read(country=typed).problems
    assert (problem.field, problem.code, problem.severity) == ("country", "country", "error")
    assert hint in problem.remedy


def profile(**changes):
    return read_business(
        {**BUSINESS, **{f"business_profile.{name}": value for name, value in changes.items()}}, today=TODAY
    )


@pytest.mark.parametrize("code", ["ZA", "ZAF"])
def test_a_country_of_registration_has_two_or_three_letters(code):
    assert profile(registration_country=code).problems == []


@pytest.mark.parametrize("code", ["za", "zaf", "ZZZ", "South Africa"])
def test_a_country_of_registration_in_small_letters_is_refused(code):
    assert found(profile(registration_country=code).problems) == [
        ("business_profile.registration_country", "country", "error")
    ]


def test_countries_are_split_at_semicolons_and_all_wrong_ones_are_named():
    assert profile(jurisdictions_of_operation="ZA; US;").values[
        "business_profile.jurisdictions_of_operation"
    ] == [
        "ZA",
        "US",
    ]
    (problem,) = profile(jurisdictions_of_operation="ZA;uk;XX").problems
    assert "uk, XX" in problem.message
    assert "GB" in problem.remedy
    assert profile(jurisdictions_of_operation=["ZA", "US"]).problems == []


@pytest.mark.parametrize(
    "url",
    [
        "https://www.example.com",
        "http://example.co.za/about?x=1#top",
        "https://xn--mller-kva.de",
        "HTTPS://Example.com:8443/",
    ],
)
def test_a_public_web_address_is_taken_as_it_is(url):
    reading = profile(website=url)
    assert reading.problems == []
    assert reading.values["business_profile.website"] == url


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http:",
        "https://",
        "//x",
        "//example.com",
        "https://user:pw@example.com",
        "https://127.1",
        "https://127.0.0.1",
        "https://0x7f000001",
        "https://2130706433",
        "https://[::ffff:10.0.0.1]",
        "https://[::1",
        "https://db.internal",
        "https://localhost",
        "https://printer.local",
        "https://intranet",
        "https://x.local.",
        "ftp://example.com",
        "https://example.com\\@evil.com",
        "https://exa mple.com",
        "https://example.com/\r\nX: y",
        "https://exаmple.com",
        "https://example.com:99999",
        "https://example.com/" + "x" * 3000,
        "https://-x.com",
        "https://example..com",
        "file:///etc/passwd",
        "https://example.com/<script>",
    ],
)
def test_a_web_address_that_is_not_public_or_not_plain_is_refused(url):
    (problem,) = profile(website=url).problems
    assert (problem.field, problem.severity) == ("business_profile.website", "error")


def test_a_web_address_without_its_scheme_is_refused_with_the_right_spelling():
    (problem,) = profile(website="www.example.com/shop").problems
    assert "https://www.example.com/shop" in problem.remedy
