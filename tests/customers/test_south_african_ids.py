"""South African ID numbers are told right from wrong as python-stdnum tells them."""

import random

from stdnum.za import idnr

from customers.rules.south_africa import is_valid


def test_numbers_are_judged_as_the_known_library_judges_them():
    chance = random.Random(1)
    verdicts = set()
    for place in range(20_000):
        born = f"{chance.randrange(100):02}{chance.randrange(14):02}{chance.randrange(33):02}"
        if place % 50 == 0:
            born = f"{chance.choice((0, 4, 24, 25, 26, 27, 68, 99)):02}0229"
        number = f"{born}{chance.randrange(10_000):04}{chance.randrange(3)}8{chance.randrange(10)}"
        assert is_valid(number) == idnr.is_valid(number), number
        verdicts.add((is_valid(number), born[2:] == "0229"))
    assert len(verdicts) == 4
