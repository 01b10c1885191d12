"""The effect: its interval is honest, and its sentence claims no more than the figures bear."""

import math
import random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from oneshelf.effect.estimate import Effect, estimate
from oneshelf.effect.moments import Moments
from oneshelf.errors import InvalidInput


def effect_of(offer, holdout, *, share=0.5, currency="EUR", level=0.95, simulated=False) -> Effect:
    return estimate(
        "spring",
        offer=Moments.of(offer),
        holdout=Moments.of(holdout),
        holdout_share=share,
        currency=currency,
        level=level,
        simulated=simulated,
    )


def spend(mean: float, people: int, seed: int, spread: float = 300.0) -> list[float]:
    r = random.Random(seed)
    return [r.gauss(mean, spread) for _ in range(people)]


def test_the_interval_and_p_are_welchs():
    offer, holdout = spend(1_200, 300, 1, 500), spend(1_000, 80, 2, 200)
    effect = effect_of(offer, holdout, share=0.2)
    scipys = stats.ttest_ind(offer, holdout, equal_var=False)
    interval = scipys.confidence_interval(0.95)
    assert effect.difference_minor == pytest.approx(np.mean(offer) - np.mean(holdout))
    assert (effect.low_minor, effect.high_minor) == pytest.approx((interval.low, interval.high))
    assert effect.p_value == pytest.approx(scipys.pvalue)


def test_the_sample_ratio_is_tested_by_chi_square():
    effect = effect_of(spend(1_000, 210, 1), spend(1_000, 60, 2), share=0.2)
    assert effect.sample_ratio_p == pytest.approx(stats.chisquare([210, 60], [216, 54]).pvalue)


def test_a_clear_rise_is_claimed_in_money_with_its_interval():
    effect = effect_of([1_500, 1_700] * 100, [900, 1_100] * 100)
    assert effect.claimed
    assert effect.claim == (
        "The offer raised spend by 6.00 EUR a person, between 5.80 and 6.20 (95% interval)."
    )


def test_a_fall_is_told_as_one():
    effect = effect_of([900, 1_100] * 100, [1_500, 1_700] * 100, currency="JPY")
    assert effect.claim == "The offer lowered spend by 600 JPY a person, between 580 and 620 (95% interval)."


def test_nothing_is_claimed_when_the_interval_includes_zero():
    effect = effect_of(spend(1_000, 100, 1), spend(1_010, 100, 2))
    assert not effect.claimed
    assert effect.claim.startswith("Nothing can be claimed: the difference lies between -")


def test_nothing_is_claimed_when_people_are_missing_from_an_arm():
    effect = effect_of(spend(2_000, 400, 1), spend(1_000, 250, 2), share=0.5)
    assert not effect.claimed
    assert "250 of 650 people are held out where 50% were drawn" in effect.claim


@pytest.mark.parametrize("offer", [0, 1, 2, 29])
@pytest.mark.parametrize("holdout", [0, 1, 2, 29])
def test_small_arms_give_a_result_that_claims_nothing(offer, holdout):
    effect = effect_of(spend(9_000, offer, 1), spend(10, holdout, 2))
    assert not effect.claimed
    assert effect.claim.startswith("Nothing can be claimed: ")
    assert (effect.mean_offer_minor is None) == (offer == 0)
    assert (effect.difference_minor is None) == (offer == 0 or holdout == 0)
    assert (effect.low_minor is None) == (offer < 2 or holdout < 2)


def test_nobody_at_all_is_told_as_such():
    assert effect_of([], []).claim == "Nothing can be claimed: nobody was assigned yet."
    assert "the hold-out has nobody" in effect_of(spend(1, 3, 1), []).claim
    assert "the hold-out has only 1 person" in effect_of(spend(1, 3, 1), [4.0]).claim


def test_spend_that_never_varies_is_no_ground_for_a_claim():
    effect = effect_of([500.0] * 100, [0.0] * 100)
    assert effect.difference_minor == 500.0
    assert effect.low_minor is None
    assert "did not vary" in effect.claim


amounts = st.lists(st.integers(-(10**11), 10**11), max_size=60)


@given(amounts, amounts, st.floats(0.01, 0.99))
def test_no_figure_is_ever_nan_or_infinite(offer, holdout, share):
    effect = effect_of(offer, holdout, share=share)
    for figure in msgspec.structs.astuple(effect):
        assert not isinstance(figure, float) or math.isfinite(figure)
    assert effect.claimed == (not effect.claim.startswith("Nothing can be claimed"))
    if effect.claimed:
        assert (effect.low_minor > 0) == (effect.high_minor > 0) == (effect.difference_minor > 0)


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    r = np.random.default_rng(7)
    covered = claimed = 0
    rounds = 1_000
    for _ in range(rounds):
        # skewed spend, many who buy nothing, and an offer that does nothing
        people, held_out = 300, 100
        base = r.gamma(1.0, 1_000.0, people + held_out) * (r.random(people + held_out) < 0.7)
        effect = effect_of(base[:people], base[people:], share=0.25)
        covered += effect.low_minor <= 0 <= effect.high_minor
        claimed += effect.claimed
    assert stats.binomtest(covered, rounds, 0.95).pvalue > 1e-3
    assert stats.binomtest(claimed, rounds, 0.05).pvalue > 1e-3


def test_a_simulated_campaign_says_so():
    assert effect_of([], [], simulated=True).simulated


@pytest.mark.parametrize("given_", [{"level": 1.0}, {"level": 0.0}, {"share": 0.0}, {"share": float("nan")}])
def test_shares_that_cannot_be_are_refused(given_):
    with pytest.raises(InvalidInput):
        effect_of([1.0], [2.0], **given_)
