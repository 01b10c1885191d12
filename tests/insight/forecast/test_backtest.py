"""The backtest: what would have been forecast, and nothing else."""

import numpy as np
import pytest

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.forecast.backtest import backtest
from oneshelf.insight.goods.forecast.forecaster import fit

from .conftest import DAYS


@pytest.fixture(scope="module")
def small(chain):
    return chain.panel.take(np.arange(60))


@pytest.fixture(scope="module")
def report(small):
    return backtest(small, horizon=7, origins=2)


def test_each_origin_is_forecast_from_the_days_before_it_alone(small, report):
    assert [(day - small.first_day).days for day in report.origins] == [DAYS - 14, DAYS - 7]
    means, sold = [], []
    for origin in (DAYS - 14, DAYS - 7):
        known = small.until(origin)
        means.append(fit(known, 28).forecast(known).mean[:, :7])
        sold.append(small.sold[:, origin : origin + 7])
    error = np.abs(np.hstack(means) - np.hstack(sold)).sum() / np.hstack(sold).sum()
    assert report.score("chosen").wape == pytest.approx(error)


def test_every_part_and_method_is_reported(report):
    parts = {(score.part, score.name) for score in report.scores}
    assert {
        ("all", "all"),
        ("volume", "high"),
        ("horizon", "1"),
        ("horizon", "2-7"),
        ("category", "c3"),
    } <= parts
    assert {"chosen", "seasonal_naive", "moving_average"} <= set(report.wrmsse)
    assert sum(report.score("chosen", "volume", name).series for name in ("high", "middle", "low")) == 60
    assert report.score("chosen").wape < report.score("seasonal_naive").wape


def test_calibration_says_how_often_each_quantile_held(report):
    held = {each.level: each.coverage for each in report.calibration}
    assert held[0.9] == report.score("chosen").coverage
    assert 0.84 < held[0.9] < 0.98
    assert sorted(held.values()) == list(held.values())


def test_more_than_the_past_allows_is_refused(small):
    with pytest.raises(InvalidInput, match="origins"):
        backtest(small, horizon=28, origins=8)
    with pytest.raises(InvalidInput, match="every"):
        backtest(small, horizon=7, origins=2, every=0)
