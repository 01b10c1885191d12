"""Attacks on protected figures: each finds its person when protection is off, and must not when it is on.

An attacker asks about groups of whom they know everything but one thing about one person. Over many houses (salts) we count how
often the best guess from the answers is right; a coin is right in half of them.
"""

import math
import random
from collections.abc import Callable
from statistics import NormalDist, mean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.insight.disclosure import (
    MARGIN,
    PEOPLE_MIN,
    SCALE,
    count_band,
    count_of,
    person_key,
    protected_count,
    set_key,
    sum_of,
)

HOUSES = 4_000
CROWD = [f"person-{number}" for number in range(60)]
TARGET = "person-0"

Count = Callable[[list[str], str, bytes], float]


def salt(house: int) -> bytes:
    return house.to_bytes(32, "big")


def open_count(people: list[str], question: str, key: bytes) -> float:
    del question, key
    return len(people)


def guarded_count(people: list[str], question: str, key: bytes) -> float:
    counted = protected_count(people, salt=key, question=question)
    return math.nan if counted is None else counted


def drowsy(house: int) -> tuple[list[str], bool]:
    """A secret trait that half of the people have, the target among them or not."""
    chance = random.Random(house)
    return [person for person in CROWD if chance.random() < 0.5], chance.random() < 0.5


def success(guess: Callable[[int], tuple[bool, bool]]) -> float:
    """In how many of the houses the guess is the truth."""
    return mean(told is truth for told, truth in map(guess, range(HOUSES)))


@pytest.mark.parametrize(("count", "finds"), [(open_count, True), (guarded_count, False)])
def test_subtracting_two_overlapping_groups_does_not_find_the_person_in_between(count: Count, finds: bool):
    def guess(house: int) -> tuple[bool, bool]:
        others, truth = drowsy(house)
        members = [person for person in others if person != TARGET] + [TARGET] * truth
        everybody = count(members, "drowsy", salt(house))
        without = count([p for p in members if p != TARGET], "drowsy but not of that postcode", salt(house))
        # the most likely answer for a difference of two figures that have the same noise: above a half, or not
        return everybody - without >= 0.5, truth

    right = success(guess)
    assert right == 1 if finds else right < 0.5 + advantage_max(figures=2)


@pytest.mark.parametrize(("count", "finds"), [(open_count, True), (guarded_count, False)])
def test_a_difference_of_nothing_does_not_say_that_two_groups_are_the_same(count: Count, finds: bool):
    """The known weakness of keys that hold the set alone: equal sets would give equal figures, and unequal ones mostly not."""

    def guess(house: int) -> tuple[bool, bool]:
        others, truth = drowsy(house)
        members = [person for person in others if person != TARGET] + [TARGET] * truth
        without = [p for p in members if p != TARGET]
        return count(members, "drowsy", salt(house)) != count(without, "drowsy elsewhere", salt(house)), truth

    right = success(guess)
    assert right == 1 if finds else right < 0.5 + advantage_max(figures=2)


def advantage_max(figures: int) -> float:
    """By how much the best guess from so many figures beats a coin at most, and four standard errors of the experiment."""
    ratio = math.exp(figures / SCALE)
    return ratio / (1 + ratio) - 0.5 + 4 * 0.5 / math.sqrt(HOUSES)


@pytest.mark.parametrize(("count", "finds"), [(open_count, True), (guarded_count, False)])
def test_a_total_less_its_other_cells_does_not_give_the_cell_that_is_withheld(count: Count, finds: bool):
    def guess(house: int) -> tuple[bool, bool]:
        chance = random.Random(house)
        truth = chance.random() < 0.5
        small = [TARGET] * truth + CROWD[1:4]
        big = [CROWD[4:30], CROWD[30:60]]
        total = count([*small, *big[0], *big[1]], "all", salt(house))
        rest = total - sum(count(cell, f"cell {at}", salt(house)) for at, cell in enumerate(big))
        return rest >= 3.5, truth

    right = success(guess)
    assert right == 1 if finds else right < 0.5 + advantage_max(figures=1)


def test_asking_again_teaches_nothing():
    group = CROWD[:30]
    answers = {
        protected_count(random.Random(turn).sample(group, 30), salt=salt(1), question="q")
        for turn in range(50)
    }
    assert len(answers) == 1


def test_without_stable_noise_asking_again_would_find_the_number():
    """What the key prevents: fifty fresh draws of the same noise give the number away."""
    key = set_key(CROWD[:30], salt(1))[1]
    fresh = [count_of(30, key, salt=salt(turn), question="q") for turn in range(400)]
    assert round(mean(each for each in fresh if each is not None)) == 30


@given(
    st.sets(st.integers(0, 10**6), max_size=PEOPLE_MIN - 1), st.binary(min_size=16, max_size=32), st.text()
)
def test_fewer_than_ten_people_are_never_counted(people: set[int], key: bytes, question: str):
    assert protected_count(map(str, people), salt=key, question=question) is None


@given(st.integers(0, 5_000), st.binary(min_size=16, max_size=32))
def test_what_is_shown_is_never_below_the_smallest_group_and_its_margin(number: int, key: bytes):
    shown = count_of(number, 5, salt=key, question="q")
    assert shown is None or shown >= PEOPLE_MIN + MARGIN


def test_the_tenth_person_seldom_makes_a_cell_appear():
    shown = sum(count_of(10, house, salt=salt(house), question="q") is not None for house in range(HOUSES))
    ratio = math.exp(-1 / SCALE)
    assert shown / HOUSES == pytest.approx(ratio**MARGIN / (1 + ratio), abs=0.02)


def test_the_noise_of_counts_has_no_drift_the_stated_width_and_the_stated_odds():
    shown = [count_of(1_000, house, salt=salt(house), question="q") for house in range(HOUSES)]
    off = [each - 1_000 for each in shown if each is not None]
    assert mean(off) == pytest.approx(0, abs=4 * stdev(off) / math.sqrt(HOUSES))
    assert mean(abs(each) <= count_band() for each in off) == pytest.approx(0.9, abs=0.04)
    near, far = off.count(0), (off.count(1) + off.count(-1)) / 2
    assert near / far == pytest.approx(math.exp(1 / SCALE), rel=0.2)


@pytest.mark.parametrize("protected", [False, True])
def test_subtracting_two_sums_does_not_find_what_one_person_spent(protected: bool):
    chance = random.Random(7)
    spent = {person: chance.randrange(1_000, 9_000) for person in CROWD}
    spent[TARGET] = 20_000  # the largest, the hardest to hide

    def total(people: list[str], question: str, house: int) -> float:
        number, key = set_key(people, salt(house))
        of = [spent[person] for person in people]
        if not protected:
            return sum(of)
        told = sum_of(
            sum(of), max(of), number=number, key=key, salt=salt(house), question=question, what="spent"
        )
        return told.value

    off = [
        total(CROWD, "all", house) - total(CROWD[1:], "all but one", house) - spent[TARGET]
        for house in range(HOUSES)
    ]
    near = mean(abs(each) < 0.5 * spent[TARGET] for each in off)
    assert near == 1 if not protected else near < 0.2
    assert mean(off) == pytest.approx(0, abs=5 * (stdev(off) or 1) / math.sqrt(HOUSES))


def test_sums_state_how_far_they_may_be_off():
    told = [
        sum_of(50_000, 900, number=80, key=house, salt=salt(house), question="q", what="spent")
        for house in range(HOUSES)
    ]
    assert mean(abs(each.value - 50_000) <= each.give_or_take for each in told) == pytest.approx(
        0.9, abs=0.02
    )


@given(st.integers(65, 128), st.integers(65, 128))
def test_the_width_of_two_sums_does_not_tell_what_the_largest_contributor_spent(one: int, other: int):
    """With the exact largest as the width, a total and the rest of it would give the amount of the one in between away."""
    widths = {
        sum_of(9_000, largest, number=20, key=3, salt=salt(1), question="q", what="spent").give_or_take
        for largest in (one, other)
    }
    assert len(widths) == 1


def test_the_sums_of_one_cell_have_noise_of_their_own():
    one, other = (
        sum_of(0, 1, number=20, key=3, salt=salt(1), question="q", what=what).value
        for what in ("sold", "returned")
    )
    assert one != other


def test_a_sum_to_which_nobody_added_looks_as_one_to_which_somebody_added_one():
    none, one = (
        sum_of(total, total, number=20, key=3, salt=salt(1), question="q", what="coupon_orders")
        for total in (0, 1)
    )
    assert none.give_or_take == one.give_or_take > 0


def test_what_somebody_spent_between_two_days_is_not_the_difference_of_their_figures():
    """The same people under the same question, of whom one came back: the noise of the first figure would cancel."""
    before, after = (
        sum_of(total, 900, number=20, key=3, salt=salt(1), question="q", what="spent").value
        for total in (9_000, 9_700)
    )
    assert abs(after - before - 700) > 1


def test_a_key_stands_for_a_person_and_a_salt():
    assert person_key("p", salt(1)) == person_key("p", salt(1))
    assert len({person_key(f"p{at}", salt(house)) for at in range(100) for house in range(100)}) > 9_990
    keys = [person_key(f"p{at}", salt(1)) / 2**31 for at in range(10_000)]
    assert mean(keys) == pytest.approx(0.5, abs=4 * NormalDist().stdev * 0.29 / 100)
    assert set_key(["b", "a", "a"], salt(1)) == set_key(["a", "b"], salt(1))
