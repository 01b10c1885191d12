"""The effect: its interval is honest, and its sentence claims no more than the figures bear."""

import random

import msgspec
import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from oneshelf.effect.comoments import Comoments
from oneshelf.effect.estimate import Arms, Effect, estimate
from oneshelf.errors import InvalidInput


def effect_of(offer, holdout, *, share=0.5, currency="EUR", level=0.95, simulated=False, **given) -> Effect:
    """The effect where arms did `offer` and `holdout` after; pairs are of before and after."""
    arms = Arms(
        offer={"sales": Comoments.of(pairs(offer))},
        holdout={"sales": Comoments.of(pairs(holdout))},
        simulated=simulated,
        **given.pop("arms", {}),
    )
    return estimate("spring", arms, holdout_share=share, currency=currency, level=level, **given)


def pairs(spends):
    return [each if isinstance(each, tuple) else (0.0, each) for each in spends]


def spend(mean: float, people: int, seed: int, spread: float = 300.0) -> list[float]:
    r = random.Random(seed)
    return [r.gauss(mean, spread) for _ in range(people)]


def test_the_interval_and_p_are_welchs():
    offer, holdout = spend(1_200, 300, 1, 500), spend(1_000, 80, 2, 200)
    plain = effect_of(offer, holdout, share=0.2).sales.plain
    scipys = stats.ttest_ind(offer, holdout, equal_var=False)
    interval = scipys.confidence_interval(0.95)
    assert plain.difference == pytest.approx(np.mean(offer) - np.mean(holdout))
    assert (plain.low, plain.high) == pytest.approx((interval.low, interval.high))
    assert plain.p_value == pytest.approx(scipys.pvalue)


def test_with_the_past_taken_off_the_difference_is_that_of_a_regression_on_arm_and_past():
    r = np.random.default_rng(3)
    arm = r.random(2_000) < 0.8
    before = r.gamma(0.6, 3_000, 2_000)
    after = 0.7 * before + r.gamma(0.5, 1_000, 2_000) + 150 * arm
    rows = list(zip(before, after, strict=True))
    sales = effect_of(
        [row for row, a in zip(rows, arm, strict=True) if a],
        [row for row, a in zip(rows, arm, strict=True) if not a],
        share=0.2,
    ).sales
    design = sm.add_constant(np.column_stack([arm, before]))
    fitted = sm.OLS(after, design).fit(cov_type="HC1")
    assert sales.adjusted.difference == pytest.approx(fitted.params[1])
    assert sales.adjusted.high - sales.adjusted.low == pytest.approx(2 * 1.96 * fitted.bse[1], rel=0.02)
    within = 1 - (1 - np.corrcoef(before, after - 150 * arm)[0, 1] ** 2)
    assert sales.variance_cut == pytest.approx(within, abs=0.01)


def test_the_claim_rests_on_the_interval_that_holds_at_every_look():
    sales = effect_of(spend(1_000, 400, 1), spend(950, 400, 2)).sales
    assert sales.always_low < sales.adjusted.low < sales.adjusted.high < sales.always_high
    once_only = effect_of(spend(1_020, 400, 1), spend(1_000, 400, 2))
    assert once_only.sales.adjusted.low > 0 > once_only.sales.always_low
    assert not once_only.claimed


def test_what_was_gained_stands_beside_what_was_spent():
    costed = {"costed_share": 1.0}
    effect = effect_of([1_500, 1_700] * 100, [900, 1_100] * 100, spent_minor=60_000)
    paid = effect.return_on_spend
    assert (paid.of, paid.gained_minor, paid.ratio) == ("sales", pytest.approx(120_000), pytest.approx(2.0))
    assert paid.ratio_low == pytest.approx(effect.sales.always_low * 200 / 60_000)
    # no cost is known of what was sold in these arms' margins, so there is none to divide
    assert effect_of([1_500, 1_700] * 100, [900] * 200, spent_minor=1, arms=costed).return_on_spend is None
    assert effect_of([1_500, 1_700], [900, 1_000]).return_on_spend is None


def test_a_clear_rise_is_claimed_in_money_with_its_interval():
    effect = effect_of([1_500, 1_700] * 100, [900, 1_100] * 100)
    assert effect.claimed
    assert effect.claim == (
        "The offer raised spend by 6.00 EUR a person, between 5.67 and 6.33 (95%, however often one looks)."
    )


def test_a_fall_is_told_as_one():
    effect = effect_of([900, 1_100] * 100, [1_500, 1_700] * 100, currency="JPY")
    assert (
        effect.claim
        == "The offer lowered spend by 600 JPY a person, between 567 and 633 (95%, however often one looks)."
    )


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
    assert (effect.sales.mean_offer is None) == (offer == 0)
    assert (effect.sales.plain is None) == (effect.sales.always_low is None) == (offer < 2 or holdout < 2)


def test_nobody_at_all_is_told_as_such():
    assert effect_of([], []).claim == "Nothing can be claimed: nobody was assigned yet."
    assert "the hold-out has nobody" in effect_of(spend(1, 3, 1), []).claim
    assert "the hold-out has only 1 person" in effect_of(spend(1, 3, 1), [4.0]).claim


def test_spend_that_never_varies_is_no_ground_for_a_claim():
    effect = effect_of([500.0] * 100, [0.0] * 100)
    assert effect.sales.mean_offer - effect.sales.mean_holdout == 500.0
    assert effect.sales.plain is None
    assert "did not vary" in effect.claim


amounts = st.lists(st.tuples(st.integers(-(10**11), 10**11), st.integers(-(10**11), 10**11)), max_size=60)


@given(amounts, amounts, st.floats(0.01, 0.99))
def test_no_figure_is_ever_nan_or_infinite(offer, holdout, share):
    effect = effect_of(offer, holdout, share=share)
    # JSON has neither, so that nothing of the kind would come back
    back = msgspec.json.decode(msgspec.json.encode(effect), type=Effect)
    assert back == effect
    assert effect.claimed == (not effect.claim.startswith("Nothing can be claimed"))
    if effect.claimed:
        assert (effect.sales.always_low > 0) == (effect.sales.always_high > 0)


def counted(after) -> Comoments:
    return Comoments(len(after), 0.0, after.mean(), 0.0, ((after - after.mean()) ** 2).sum(), 0.0)


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    r = np.random.default_rng(7)
    covered = claimed = 0
    rounds = 1_000
    for _ in range(rounds):
        # skewed spend, many who buy nothing, and an offer that does nothing
        people, held_out = 300, 100
        base = r.gamma(1.0, 1_000.0, people + held_out) * (r.random(people + held_out) < 0.7)
        arms = Arms(offer={"sales": counted(base[:people])}, holdout={"sales": counted(base[people:])})
        effect = estimate("spring", arms, holdout_share=0.25, currency="EUR")
        covered += effect.sales.plain.low <= 0 <= effect.sales.plain.high
        claimed += effect.claimed
    assert stats.binomtest(covered, rounds, 0.95).pvalue > 1e-3
    assert claimed <= 0.02 * rounds


def test_a_simulated_campaign_says_so():
    assert effect_of([], [], simulated=True).simulated


@pytest.mark.parametrize("given_", [{"level": 1.0}, {"level": 0.0}, {"share": 0.0}, {"share": float("nan")}])
def test_shares_that_cannot_be_are_refused(given_):
    with pytest.raises(InvalidInput):
        effect_of([1.0], [2.0], **given_)
