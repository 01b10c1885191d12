"""Growth and alarms, against SciPy and against data in which the truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from oneshelf.insight.goods.trends.alarms import alarms, calibrated, chance, false_alarms
from oneshelf.insight.goods.trends.growth import dispersion, growth, tail
from oneshelf.insight.goods.trends.shuffles import redrawn, shuffles
from oneshelf.insight.goods.trends.windows import (
    ESTABLISHED,
    LAUNCHED,
    established,
    launched,
    sustained,
    went_on,
)

WEEKS = 40
FLAT = np.ones(WEEKS)


def sold(series: int, *, mean=6.0, spread=0.1, seed=1, weeks=WEEKS):
    """Negative binomial counts in which nothing grows."""
    random = np.random.default_rng(seed)
    return random.poisson(mean * random.gamma(1 / spread, spread, size=(series, weeks))).astype(float)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 80, allow_nan=False), st.floats(0.5, 80))
@settings(max_examples=60, deadline=None)
def test_the_tail_is_that_of_scipys_beta_binomial(successes, failures, alpha, beta):
    trials = successes + failures
    (found,) = tail(*(np.array([float(each)]) for each in (successes, trials, alpha, beta)))
    if successes * (alpha + beta) > trials * alpha:
        assert found == pytest.approx(
            stats.betabinom.sf(successes - 1, trials, alpha, beta), rel=1e-6, abs=1e-12
        )
    else:
        assert found == 1


def test_a_chance_of_five_in_a_hundred_comes_at_most_so_often():
    for spread in (0.02, 0.3):
        p_values = growth(sold(4_000, spread=spread), FLAT, ESTABLISHED).p_value
        assert (p_values <= 0.05).mean() < 0.06
        assert (p_values <= 0.01).mean() < 0.015


def test_what_the_whole_chain_does_is_no_growth_and_a_week_unseen_does_not_count():
    chain = np.where(np.arange(WEEKS) >= WEEKS - 4, 3.0, 1.0)
    counts = np.tile(10 * chain, (2, 1))
    assert growth(counts, chain, ESTABLISHED).ratio == pytest.approx([1, 1], rel=0.02)
    assert growth(counts, FLAT, ESTABLISHED).ratio == pytest.approx([3, 3], rel=0.02)
    unseen = np.where(np.arange(WEEKS) == WEEKS - 2, 0.0, FLAT)
    spike = np.full((1, WEEKS), 10.0)
    spike[0, -2] = 500
    assert growth(spike, unseen, ESTABLISHED).ratio == pytest.approx([1], rel=0.02)


def test_an_expected_season_is_taken_off_and_the_interval_holds_the_ratio():
    counts = np.full((1, WEEKS), 20.0)
    counts[:, -4:] = 40
    plain, seasonal = (
        growth(counts, FLAT, ESTABLISHED),
        growth(counts, FLAT, ESTABLISHED, season=np.array([2.0])),
    )
    assert plain.ratio[0] == pytest.approx(2, rel=0.02)
    assert seasonal.ratio[0] == pytest.approx(1, rel=0.02)
    assert plain.low[0] < plain.ratio[0] < plain.high[0]
    assert plain.p_value[0] < 1e-4 < seasonal.p_value[0]


def test_dispersion_is_recovered_and_a_slow_rise_does_not_pass_for_it():
    assert np.median(dispersion(sold(500, mean=40, spread=0.3), FLAT)) == pytest.approx(0.3, rel=0.3)
    rising = np.random.default_rng(2).poisson(np.linspace(20, 60, WEEKS), size=(200, WEEKS)).astype(float)
    assert np.median(dispersion(rising, FLAT)) < 0.02


@given(st.lists(st.sampled_from([0.0005, 0.01, 0.03, 0.03, 0.2, 1.0]), max_size=12))
@settings(max_examples=50, deadline=None)
def test_alarms_are_those_of_benjamini_and_hochberg(p_values):
    given_ = np.array(p_values)
    adjusted = stats.false_discovery_control(given_) if len(given_) else given_
    assert alarms(given_, 0.1).tolist() == (adjusted <= 0.1).tolist()


def test_a_shuffle_keeps_each_weeks_count_with_its_exposure_and_blocks_together():
    counts = np.arange(3 * WEEKS, dtype=float).reshape(3, WEEKS)
    exposure = counts + 1
    exposure[0, :5] = 0
    for block in (1, 4):
        for mixed, exposed in shuffles(counts, exposure, rounds=2, seed=3, block=block):
            assert np.sort(mixed, axis=1).tolist() == counts.tolist()
            assert ((exposed == mixed + 1) | (exposed == 0)).all()
            assert (exposed[0, :5] == 0).all()
            together = (np.diff(mixed[1:], axis=1) == 1).mean()
            assert together > 0.6 if block == 4 else together < 0.2


@pytest.mark.parametrize("block", [1, 4])
def test_on_shuffled_weeks_few_rounds_have_any_flag_even_with_spikes_that_no_law_foresees(block):
    found = []
    for seed in range(4):
        counts = sold(150, spread=0.1, seed=seed)
        spikes = np.random.default_rng(seed).random(counts.shape) < 0.02
        counts = np.where(spikes, counts * 8, counts)
        found.append(false_alarms(counts, FLAT, ESTABLISHED, rounds=15, seed=7, block=block))
    # one in ten, and three standard errors of 60 rounds
    assert np.mean([each.rounds_with_any for each in found]) <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 60)
    assert np.mean([each.flagged_share for each in found]) < 0.003


def test_weeks_that_hang_together_raise_no_more_alarms_than_are_promised():
    """Rates that wander, as fashions do: one in a hundred series is far up at any time, and none of that is news."""
    random = np.random.default_rng(4)
    wander = np.zeros((300, WEEKS + 20))
    for week in range(1, wander.shape[1]):
        wander[:, week] = 0.6 * wander[:, week - 1] + random.normal(0, 0.3, 300)
    counts = random.poisson(6 * np.exp(wander[:, 20:])).astype(float)
    found = [
        false_alarms(counts, FLAT, ESTABLISHED, rounds=30, seed=7, block=block).rounds_with_any
        for block in (1, 4)
    ]
    assert max(found) <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / 30)
    assert (
        alarms(calibrated(growth(counts, FLAT, ESTABLISHED), chance(counts, FLAT, ESTABLISHED, seed=1))).sum()
        == 0
    )


def test_series_are_redrawn_from_their_past_in_whole_blocks_and_never_from_the_newest_weeks():
    counts = np.tile(np.arange(WEEKS, dtype=float), (3, 1))
    exposure = counts + 1
    exposure[0, :7] = 0
    for mixed, exposed in redrawn(counts, exposure, 4, rounds=3, seed=1):
        assert mixed.max() < WEEKS - 4
        assert (exposed[0, :7] == 0).all()
        assert (exposed[0, 7:] >= 8).all(), "nothing from before it was sold"
        assert (np.diff(mixed[1:], axis=1) == 1).mean() > 0.7
        assert (exposed[1:] == mixed[1:] + 1).all()


def test_what_truly_grows_is_flagged_among_thousands_that_do_not():
    counts = sold(1_500)
    counts[:10, -4:] *= 4
    grown = growth(counts, FLAT, ESTABLISHED)
    flagged = alarms(calibrated(grown, chance(counts, FLAT, ESTABLISHED, seed=1)))
    assert flagged[:10].mean() > 0.7
    assert flagged[10:].sum() <= 2


def test_established_and_launched_goods_are_told_by_the_past_alone():
    steady, rare, new = np.full(WEEKS, 5.0), np.zeros(WEEKS), np.zeros(WEEKS)
    rare[::5] = 9
    new[-8:] = 4
    counts = np.array([steady, rare, new])
    assert established(counts).tolist() == [True, False, False]
    assert launched(counts).tolist() == [False, False, True]
    assert not launched(counts[:, -12:]).any(), "with a quarter of history nothing can be told to be new"


def test_growth_goes_on_when_the_mean_and_three_weeks_are_half_as_high_again():
    known = np.full((4, 12), 10.0)
    ahead = np.array([[15, 15, 15, 15], [30, 30, 14, 14], [14, 16, 16, 15], [0, 60, 0, 0]], dtype=float)
    assert sustained(known, ahead, ESTABLISHED).tolist() == [True, False, True, False]
    assert went_on(np.array([0.0]), np.array([[1.0, 1, 1, 0]]), LAUNCHED).tolist() == [True]
