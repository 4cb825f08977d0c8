"""What became of the parts of a pack, counted together."""

from kyc.pack.tally import LISTED_MAX, Tally


def test_the_parts_counts_are_summed_and_their_lists_joined_as_far_as_one_is_told():
    tally, part = Tally(accepted=2, frozen=1, frozen_references=["A"]), Tally(accepted=3)
    for number in range(LISTED_MAX + 5):
        part.freeze(f"B-{number}")
    tally.add(part)
    assert (tally.accepted, tally.frozen) == (5, LISTED_MAX + 6)
    assert tally.frozen_references == ["A", *(f"B-{number}" for number in range(LISTED_MAX - 1))]
