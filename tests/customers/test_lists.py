from customers.lists import OCCUPATION_SET, OCCUPATIONS, SOURCE_OF_FUNDS_SET, SOURCES_OF_FUNDS, nearest


def test_the_lists_hold_what_the_exchange_documents_without_repeats():
    assert len(OCCUPATIONS) == len(OCCUPATION_SET) == 757
    assert len(SOURCES_OF_FUNDS) == len(SOURCE_OF_FUNDS_SET) == 22


def test_the_exchanges_own_slips_are_kept():
    assert "Bu Driver" in OCCUPATION_SET
    assert "Bus Driver" not in OCCUPATION_SET


def test_another_case_has_one_answer():
    assert nearest(" SOFTWARE  engineer ", OCCUPATIONS) == ["Software Engineer"]


def test_a_near_miss_has_at_most_three_answers_the_nearest_first():
    near = nearest("Bus Driver", OCCUPATIONS)
    assert near[0] == "Bu Driver"
    assert len(near) == 3


def test_part_of_an_entry_finds_it():
    assert nearest("salary", SOURCES_OF_FUNDS) == ["Salary or Wages"]


def test_what_is_like_nothing_has_no_answer():
    assert nearest("zzzz", OCCUPATIONS) == []
    assert nearest("", OCCUPATIONS) == []
    assert nearest("x" * 1_000_000, OCCUPATIONS) == []
