"""Assignment: stable, in the shares asked for, and independent between campaigns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from oneshelf.decisions.assignment import arm_of, draw
from oneshelf.errors import InvalidInput

ids = st.text(min_size=1, max_size=30)
PEOPLE = [f"household-{n}" for n in range(20_000)]


@given(ids, ids, st.floats(0, 1))
def test_a_person_stays_in_their_arm(campaign, person, share):
    assert arm_of(campaign, person, share) == arm_of(campaign, person, share)


def test_the_draw_is_the_same_on_every_machine_and_in_every_version():
    # as coreutils has it: printf "\0\0\0\6springhousehold-1" | b2sum -l 64, its first 53 bits
    assert draw("spring", "household-1") == pytest.approx(0.0716490076, abs=1e-9)
    assert arm_of("spring", "household-1", 0.08) == "holdout"


@given(ids, ids, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_hold_out_never_moves_anybody_back_into_the_offer(campaign, person, a, b):
    small, large = sorted((a, b))
    if arm_of(campaign, person, small) == "holdout":
        assert arm_of(campaign, person, large) == "holdout"


@given(ids, ids)
def test_a_share_of_none_or_all_is_nobody_or_everybody(campaign, person):
    assert arm_of(campaign, person, 0.0) == "offer"
    assert arm_of(campaign, person, 1.0) == "holdout"


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5])
@pytest.mark.parametrize("campaign", ["spring", "spring-2", "秋"])
def test_the_hold_out_has_the_share_that_was_asked_for(campaign, share):
    held_out = sum(arm_of(campaign, person, share) == "holdout" for person in PEOPLE)
    assert stats.binomtest(held_out, len(PEOPLE), share).pvalue > 1e-4


def test_the_draws_are_uniform():
    assert stats.kstest([draw("spring", person) for person in PEOPLE], "uniform").pvalue > 1e-4


def test_the_arms_of_two_campaigns_are_independent():
    table = [[0, 0], [0, 0]]
    for person in PEOPLE:
        table[arm_of("a", person, 0.3) == "offer"][arm_of("b", person, 0.3) == "offer"] += 1
    assert stats.chi2_contingency(table).pvalue > 1e-4


def test_ids_do_not_run_together():
    assert draw("ab", "c") != draw("a", "bc")


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_beyond_all_people_is_refused(share):
    with pytest.raises(InvalidInput, match="holdout_share"):
        arm_of("spring", "ann", share)
