"""Forecasts and their backtest: against slow and plain twins, and nothing from the future."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.history import History
from oneshelf.insight.goods.forecast.next_day import METHODS, SHIPPED, quantiles, spreads, weekday_levels
from oneshelf.insight.goods.forecast.next_day_backtest import backtest, wape_by_series

FIRST = date(2026, 1, 5)
quantities = arrays(
    np.float64,
    st.tuples(st.integers(1, 90), st.integers(1, 4)),
    elements=st.integers(-3, 40).map(float),
)


def history_of(values) -> History:
    values = np.asarray(values, dtype=float)
    names = tuple(f"s{n}" for n in range(values.shape[1]))
    return History(
        series=names, first_day=FIRST, quantities=values, simulated=np.zeros(values.shape[1], dtype=np.bool_)
    )


def poisson_week(weeks=30, series=40, seed=1):
    """Demand with a weekday pattern that all series share, and levels of their own."""
    r = np.random.default_rng(seed)
    pattern = np.array([0.6, 0.7, 0.8, 1.0, 1.3, 1.6, 1.0])
    levels = r.gamma(2.0, 1.0, series)
    return r.poisson(np.tile(pattern, weeks)[:, None] * levels).astype(float)


def mean_before(values, day, days):
    past = values[max(0, day - days) : day]
    return past.mean(axis=0) if len(past) else np.zeros(values.shape[1])


def plain(method, values, day):
    """The forecast of one day, as its definition reads."""
    same = [values[day - 7 * k] for k in range(1, 9) if day - 7 * k >= 0]
    if method == "moving_average":
        return mean_before(values, day, 28)
    if not same:
        return mean_before(values, day, 7)
    return np.mean(same, axis=0) if method == "weekday_mean" else same[0]


@pytest.mark.parametrize("method", [name for name in METHODS if name != SHIPPED])
@given(values=quantities)
@settings(max_examples=30)
def test_each_comparison_is_its_definition(method, values):
    forecasts = METHODS[method](values)
    assert forecasts.shape == (len(values) + 1, values.shape[1])
    for day in range(len(values) + 1):
        assert forecasts[day] == pytest.approx(plain(method, values, day))


@pytest.mark.parametrize("method", METHODS)
@given(values=quantities, data=st.data())
@settings(max_examples=30)
def test_no_forecast_knows_its_own_day_or_a_later_one(method, values, data):
    day = data.draw(st.integers(0, len(values) - 1))
    changed = values.copy()
    changed[day:] = 1_000.0
    before, after = METHODS[method](values), METHODS[method](changed)
    assert np.array_equal(before[: day + 1], after[: day + 1])
    assert np.array_equal(spreads(values, before)[: day + 1], spreads(changed, after)[: day + 1])


@given(quantities)
@settings(max_examples=50)
def test_the_shipped_forecast_is_finite_and_never_negative(values):
    forecasts = weekday_levels(values)
    assert np.isfinite(forecasts).all()
    assert (forecasts >= 0).all()


def test_the_shipped_forecast_of_a_constant_series_is_that_constant():
    assert weekday_levels(np.full((60, 3), 7.0))[1:] == pytest.approx(np.full((60, 3), 7.0))


def test_the_shipped_forecast_finds_the_week_that_all_series_share():
    forecasts = weekday_levels(poisson_week(series=400))
    week = forecasts[-8:-1].sum(axis=1)
    assert week / week.mean() == pytest.approx([0.6, 0.7, 0.8, 1.0, 1.3, 1.6, 1.0], rel=0.06)


def test_one_huge_series_does_not_speak_for_all():
    values = poisson_week(series=400)
    fuel = np.tile([9e5, 1e5, 1e5, 1e5, 1e5, 1e5, 1e5], 30)[:, None]
    forecasts = weekday_levels(np.hstack([values, fuel]))[-8:-1, :-1].sum(axis=1)
    alone = weekday_levels(values)[-8:-1].sum(axis=1)
    assert forecasts == pytest.approx(alone, rel=0.15)


def test_a_closed_day_does_not_lower_the_levels():
    values = poisson_week(series=400)
    closed = values.copy()
    closed[-1] = 0
    normal_next, after_closing = weekday_levels(values)[-1].sum(), weekday_levels(closed)[-1].sum()
    assert after_closing == pytest.approx(normal_next, rel=0.03)


def test_a_shop_that_never_opens_on_sundays_is_not_sent_goods_for_one():
    values = poisson_week(series=400)
    values[6::7] = 0
    assert weekday_levels(values[:-1])[-1].sum() == pytest.approx(0, abs=1e-9)


@given(st.floats(0.01, 200), st.floats(0.0, 20.0), st.sampled_from([0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]))
def test_quantiles_are_those_of_scipys_distributions(mean, excess, level):
    variance = mean * (1 + excess)
    found = quantiles(np.array([[mean]]), np.array([[variance]]), level)[0, 0]
    if variance > mean * (1 + 1e-9):
        expected = stats.nbinom.ppf(level, mean**2 / (variance - mean), mean / variance)
    else:
        expected = stats.poisson.ppf(level, mean)
    assert found == max(expected, 0)


def test_a_mean_of_nothing_or_of_returns_has_quantiles_of_nothing():
    means, variances = np.array([[0.0, -2.0]]), np.array([[3.0, 3.0]])
    assert (quantiles(means, variances, 0.9) == 0).all()


def test_the_ninety_percent_quantile_covers_nine_days_in_ten():
    result = backtest(history_of(poisson_week(series=300)))
    score = result.score(SHIPPED)
    assert score is not None
    assert score.coverage == pytest.approx(0.92, abs=0.03), "whole numbers cover a little more than asked"
    assert abs(score.bias) < 0.02


def test_the_scores_of_a_backtest_are_their_definitions():
    values = poisson_week(weeks=10, series=7)
    result = backtest(history_of(values), test_days=14)
    assert (result.first_day, result.last_day) == (FIRST + timedelta(days=56), FIRST + timedelta(days=69))
    naive = np.array([values[day - 7] for day in range(56, 70)])
    sold = values[56:]
    score = result.score("seasonal_naive")
    assert score.wape == pytest.approx(np.abs(naive - sold).sum() / sold.sum())
    assert score.bias == pytest.approx((naive - sold).sum() / sold.sum())
    steps = ((values[7:56] - values[:49]) ** 2).mean(axis=0)
    assert score.rmsse == pytest.approx(np.sqrt(((naive - sold) ** 2).mean(axis=0) / steps).mean())


def test_volume_classes_are_thirds_by_what_was_sold_before_the_test():
    values = poisson_week(series=9)
    result = backtest(history_of(values))
    assert [result.score(SHIPPED, volume).series for volume in ("all", "high", "middle", "low")] == [
        9,
        3,
        3,
        3,
    ]
    before = values[:-28].sum(axis=0)
    high = np.argsort(-before, kind="stable")[:3]
    alone = (
        np.abs(weekday_levels(values)[-29:-1][:, high] - values[-28:][:, high]).sum()
        / values[-28:][:, high].sum()
    )
    assert result.score(SHIPPED, "high").wape == pytest.approx(alone)


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((60, 3)),
        np.full((1, 2), 4.0),
        np.full((60, 2), -1.0),
        np.zeros((40, 0)),
        np.ones((5, 1)),
    ],
    ids=["all zeros", "one day", "only returns", "no series", "shorter than a week"],
)
def test_odd_histories_have_scores_that_are_numbers_or_nothing(values):
    for score in backtest(history_of(values)).scores:
        for figure in (score.wape, score.rmsse, score.bias, score.coverage):
            assert figure is None or np.isfinite(figure)


def test_a_series_that_sold_nothing_in_the_test_has_no_error():
    values = poisson_week(series=2)
    values[-28:, 1] = 0
    history = history_of(values)
    first, second = wape_by_series(history, weekday_levels(values))
    assert first is not None
    assert first > 0
    assert second is None


def test_a_backtest_of_no_days_is_refused():
    with pytest.raises(InvalidInput, match="test_days"):
        backtest(history_of(np.ones((9, 1))), test_days=0)


def test_a_history_fills_days_without_a_sale_and_adds_up_repeats():
    rows = [
        ("tea", FIRST, 2, False),
        ("tea", FIRST, 1, False),
        ("milk", FIRST + timedelta(days=2), 5, True),
        ("milk", FIRST - timedelta(days=1), 99, False),
    ]
    history = History.of(rows, first_day=FIRST, last_day=FIRST + timedelta(days=2))
    assert history.series == ("milk", "tea")
    assert history.quantities.tolist() == [[0, 3], [0, 0], [5, 0]]
    assert history.simulated.tolist() == [True, False]


def test_a_history_that_runs_backwards_is_refused():
    with pytest.raises(InvalidInput, match="last_day"):
        History.of([], first_day=FIRST, last_day=FIRST - timedelta(days=1))
