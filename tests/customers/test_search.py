import pytest

from customers.models import Customer
from customers.search import search_customers
from tests.portal.pages import people


@pytest.fixture
def lerato(corner_shop, thandi):
    return people.an_individual(
        corner_shop,
        thandi,
        reference="APP-77/2",
        first_name="Lerato",
        last_name="Mokoena",
        email="Lerato.M@Example.com",
        phone_number="+27825550199",
        id_number="P712345678",
        doc_number="A 998877",
    )


@pytest.fixture
def acme(corner_shop, thandi):
    return people.a_business(
        corner_shop, thandi, documents=False, **{"business_profile.company_name": "Acme Minerals"}
    )


def found(text):
    return set(search_customers(Customer.objects.all(), text).values_list("reference", flat=True))


@pytest.mark.parametrize(
    "text",
    [
        "APP-77",
        "lerato.m@",
        "LERATO.M@EXAMPLE.COM",
        "lerato",
        "mokoena lerato",
        "  Mokoena ",
        "P712345678",
        "p712 345 678",
        "+27825550199",
        "27 82 555 0199",
        "0027825550199",
        "A998877",
    ],
)
def test_a_person_is_found_by(text, lerato, acme):
    assert found(text) == {"APP-77/2"}


def test_a_business_is_found_by_its_company_and_by_its_owners(lerato, acme):
    owner = acme.ubos.get()

    assert found("minerals") == {acme.reference}
    assert found(owner.email) == {acme.reference}
    assert found(owner.id_number) == {acme.reference}


def test_numbers_are_found_whole_only(lerato):
    assert found("P71234567") == set()
    assert found("2555019") == set()


def test_blank_text_narrows_nothing(lerato, acme):
    assert len(found("   ")) == 2


@pytest.mark.parametrize("text", ["%", "_", "a%", "\x00", "'; DROP TABLE x; --", "٣٤٥٦٧٨", "x" * 5000])
def test_text_that_means_something_elsewhere_means_nothing_here(text, lerato):
    assert found(text) == set()
