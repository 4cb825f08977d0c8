import unicodedata

import pytest

from customers.rules import read_individual, read_reference
from tests.customers.people import INDIVIDUAL, TODAY, found


def read(**changes):
    return read_individual({**INDIVIDUAL, **changes}, today=TODAY)


@pytest.mark.parametrize(
    "name",
    [
        "O'Brien",
        "Noël",
        "佐々木",
        "直子",
        "X",
        "Müller-Lüdenscheidt",
        "Ngũgĩ",
        "Zoë",
        "नरेंद्र",
        "สมชาย",
        "عبد الله",
        "D'Arcy 3rd",
    ],
)
def test_real_names_of_any_script_pass_without_a_doubt(name):
    assert read(last_name=name).problems == []


@pytest.mark.parametrize("name", ["St. John", "O’Neil", "O'Brien; DROP TABLE customers", "Anna 😀", "a/b"])
def test_a_name_that_the_original_software_refuses_is_doubted_and_kept(name):
    reading = read(last_name=name)
    assert found(reading.problems) == [("last_name", "doubtful_name", "warning")]
    assert reading.values["last_name"] == name


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("<img src=x onerror=alert(1)>", "markup"),
        ("{{7*7}}", "markup"),
        ("😀", "no_letter"),
        ("123", "no_letter"),
        ("-", "no_letter"),
        ("   ", "required"),
        ("\u3000\u00a0", "required"),
        ("Le\x00rato", "invisible_character"),
        ("Le\ud800rato", "invisible_character"),
        ("Le\u200brato", "invisible_character"),
        ("\ufeffLerato", "invisible_character"),
        ("Le\u202erato", "invisible_character"),
        ("Le\u2066rato", "invisible_character"),
        ("Le\nrato", "invisible_character"),
        ("Le\trato", "invisible_character"),
        ("Le\u2028rato", "invisible_character"),
        ("\u3164\u3164", "invisible_character"),
        ("\ue000bc", "invisible_character"),
        ("a" + "\u0301" * 7, "too_many_accents"),
        ("a" + "\u0301" * 10_000, "too_long"),
        ("x" * 256, "too_long"),
        ("x" * 5_000_000, "too_long"),
        (True, "type"),
        (["Lerato"], "type"),
    ],
)
def test_a_name_that_hides_something_or_is_none_is_refused(name, code):
    reading = read(first_name=name)
    assert found(reading.problems) == [("first_name", code, "error")]
    assert "first_name" not in reading.values


def test_text_is_stripped_composed_and_rid_of_no_break_spaces():
    reading = read(first_name=" Noe\u0308l\u00a0Paul ", city="\u00a0Paris ")
    assert reading.problems == []
    assert reading.values["first_name"] == "Noël Paul"
    assert unicodedata.is_normalized("NFC", reading.values["first_name"])
    assert reading.values["city"] == "Paris"


def test_an_address_may_have_lines_and_a_city_may_not():
    reading = read(address="12 Long Street\r\nGardens")
    assert reading.problems == []
    assert reading.values["address"] == "12 Long Street\nGardens"
    assert found(read(city="Cape\nTown").problems) == [("city", "invisible_character", "error")]


def test_text_that_begins_like_a_formula_is_text():
    assert read(address="=HYPERLINK(1)", city="+City").problems == []


def test_a_number_cell_of_a_spreadsheet_is_its_digits():
    assert read(postcode=7350.0).values["postcode"] == "7350"
    assert found(read(postcode=7350.5).problems) == [("postcode", "mangled_number", "error")]
    assert found(read(postcode=float("nan")).problems) == [("postcode", "mangled_number", "error")]


@pytest.mark.parametrize(
    ("given", "value"), [(" C-1 ", "C-1"), (None, ""), ("", ""), (17, "17"), ("x" * 100, "x" * 100)]
)
def test_a_reference_is_stripped_text_or_nothing(given, value):
    reading = read_reference({"reference": given})
    assert reading.problems == []
    assert reading.values["reference"] == value


@pytest.mark.parametrize("given", ["x" * 101, "a\x00b", "a\u200bb", "a\nb"])
def test_a_reference_that_is_too_long_or_hides_something_is_refused(given):
    assert [problem.field for problem in read_reference({"reference": given}).errors] == ["reference"]
