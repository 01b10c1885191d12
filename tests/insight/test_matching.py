"""Same person? What a pair's evidence says, the household as the third possibility, and which pairs are worth a look."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.insight.people.comparisons import BLOCKS, COMPARED, COMPARISONS, HOUSEHOLD
from oneshelf.insight.people.matching import (
    CLUSTER_MAX,
    PARTNERS_MAX,
    Scored,
    assumed,
    evidence_of,
    expected_precision,
    households_of,
    propose,
    with_households,
)
from oneshelf.insight.people.records import FIELDS, PERSONAL

MODEL = assumed(1_000)
SAME, UNKNOWN = 0, -1


def different(field: str) -> int:
    return len(COMPARED[field].levels)


def pair(one: str = "a", other: str = "b", *, probability: float = 0.9999, **levels: int) -> Scored:
    return Scored(
        person_a=one, person_b=other, probability=probability, levels=levels, bits=dict.fromkeys(levels, 1.0)
    )


def test_every_comparison_is_of_a_field_and_its_chances_add_up() -> None:
    assert {each.field for each in COMPARISONS} == set(FIELDS)
    for each in COMPARISONS:
        assert math.isclose(sum(level.m for level in each.levels) + each.m, 1, abs_tol=0.02), each.field
        assert math.isclose(sum(level.u for level in each.levels) + each.u, 1, abs_tol=0.02), each.field
    assert set(HOUSEHOLD) == set(PERSONAL)
    for field, chances in HOUSEHOLD.items():
        assert len(chances) == len(COMPARED[field].levels) + 1
        assert math.isclose(sum(chances), 1, abs_tol=1e-6)
    assert {name.partition(":")[0] for block in BLOCKS for name in block.fields} <= set(FIELDS)


def test_evidence_is_in_words_field_by_field() -> None:
    found = evidence_of(pair(given_name=1, surname=SAME, birth_date=different("birth_date"), street=UNKNOWN))
    said = {each.field: each for each in found}
    assert list(said) == list(FIELDS)
    assert said["given_name"].verdict == "similar"
    assert said["given_name"].swapped
    assert said["surname"].verdict == "same"
    assert said["birth_date"].verdict == "different"
    assert said["street"].verdict == "unknown"
    assert said["phone"].verdict == "unknown"
    assert said["phone"].bits == 0


@pytest.mark.parametrize(
    ("who", "levels", "at_most"),
    [
        ("twins", {"given_name": different("given_name"), "birth_date": SAME}, 0.85),
        ("a father and his son", {"given_name": SAME, "birth_date": different("birth_date")}, 0.85),
        ("siblings", {"given_name": different("given_name"), "birth_date": different("birth_date")}, 0.05),
        ("somebody of the household", {"given_name": UNKNOWN, "birth_date": UNKNOWN}, 0.3),
    ],
)
def test_people_of_one_household_are_not_one_person(who: str, levels: dict[str, int], at_most: float) -> None:
    found = with_households(pair(surname=SAME, street=SAME, phone=SAME, **levels), MODEL)
    assert found.probability < at_most, who
    assert found.household > 0.1, who


def test_a_person_who_is_sure_stays_sure() -> None:
    both = with_households(pair(given_name=SAME, birth_date=SAME), MODEL)
    number = with_households(pair(given_name=different("given_name"), national_id=SAME), MODEL)
    assert both.probability > 0.99
    assert number.probability > 0.99


@given(
    st.floats(1e-6, 1 - 1e-9),
    st.fixed_dictionaries({field: st.integers(-1, len(HOUSEHOLD[field]) - 1) for field in HOUSEHOLD}),
)
def test_the_three_possibilities_add_up_and_the_household_only_takes(
    probability: float, levels: dict[str, int]
) -> None:
    found = with_households(pair(probability=probability, **levels), MODEL)
    assert 0 <= found.probability <= probability
    # an independent answer: three weights, normalised
    one = probability / (1 - probability)
    two = one * MODEL.households
    for field, level in levels.items():
        if level >= 0:
            two *= HOUSEHOLD[field][level] / MODEL.weights[field].m[level]
    assert math.isclose(found.probability, one / (one + two + 1), rel_tol=1e-6)
    assert math.isclose(found.household, two / (one + two + 1), rel_tol=1e-6, abs_tol=1e-12)


def test_how_common_households_are_is_counted_in_the_records() -> None:
    family = (different("given_name"), different("birth_date"))
    assert households_of([], MODEL) == MODEL.households
    assert households_of([family] * 300 + [(SAME, SAME)] * 100, MODEL) == pytest.approx(3, rel=0.1)
    assert households_of([(SAME, SAME)] * 1_000, MODEL) < 0.02
    assert households_of([(UNKNOWN, SAME), (SAME, UNKNOWN)] * 50, MODEL) == MODEL.households


def test_a_test_account_is_in_very_many_pairs_and_none_of_them_is_proposed() -> None:
    flood = [pair("a-test", f"p{n:03}") for n in range(PARTNERS_MAX + 1)]
    found = propose([*flood, pair("p1", "p2")])
    assert found.crowded == ("a-test",)
    assert [(one.person_a, one.person_b) for one in found.pairs] == [("p1", "p2")]


def test_a_long_chain_is_no_person() -> None:
    chain = [pair(f"c{n:03}", f"c{n + 1:03}") for n in range(CLUSTER_MAX)]
    found = propose([*chain, pair("p1", "p2")])
    assert len(found.crowded) == CLUSTER_MAX + 1
    assert [(one.person_a, one.person_b) for one in found.pairs] == [("p1", "p2")]
    assert propose(chain[:-1]).crowded == ()


def test_who_was_told_apart_is_not_proposed() -> None:
    found = propose([pair("a", "b"), pair("a", "c")], apart=lambda one, other: (one, other) == ("a", "b"))
    assert [(one.person_a, one.person_b) for one in found.pairs] == [("a", "c")]


def test_the_expected_precision_is_the_mean_of_the_probabilities() -> None:
    assert expected_precision([pair(probability=0.9), pair(probability=1.0)]) == pytest.approx(0.95)
    assert expected_precision([]) is None
