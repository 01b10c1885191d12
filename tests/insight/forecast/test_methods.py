"""Methods: against slow and plain twins, and nothing from the future."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.insight.goods.forecast.forecaster import BOOSTED, fit
from oneshelf.insight.goods.forecast.guards import guard
from oneshelf.insight.goods.forecast.methods import candidates, moving_average, seasonal_mean, seasonal_naive
from oneshelf.insight.goods.forecast.past import Past
from oneshelf.insight.goods.forecast.segments import segments

from .conftest import WEEK, chain_of


def past_of(panel, shared=1) -> Past:
    group = np.zeros(len(panel), dtype=np.intp)
    return Past.of(panel, np.maximum(panel.sold, 0), group, shared)


@pytest.fixture(scope="module")
def past():
    chain = chain_of(series=12)
    closed = np.zeros((1, 300), dtype=np.bool_)
    closed[:, 50:210:9] = True
    sold = np.where(closed[:, :210], 0, chain.panel.sold)
    return past_of(replace(chain.panel, sold=sold, closed=closed))


@given(st.integers(60, 210))
@settings(max_examples=20)
def test_plain_methods_are_their_definitions_over_days_that_were_open(past, origin):
    days = range(origin - 28, origin)
    open_days = [day for day in days if past.counted[0, day]]
    mean = past.demand[:, open_days].mean(axis=1)
    assert moving_average(past, origin, 3)[:, 2] == pytest.approx(mean)
    for ahead in (0, 6, 9):
        same = [origin + ahead % 7 - 7 * back for back in range(1, 9)]
        same = [day for day in same if day >= 0 and past.counted[0, day]]
        assert seasonal_mean(past, origin, 10)[:, ahead] == pytest.approx(past.demand[:, same].mean(axis=1))
        assert seasonal_naive(past, origin, 10)[:, ahead] == pytest.approx(past.demand[:, same[0]])


@pytest.mark.parametrize("name", [*candidates(), BOOSTED])
def test_no_forecast_knows_its_own_day_or_a_later_one(name, chain, fitted):
    origin = 180
    changed = replace(chain.panel, sold=chain.panel.sold.copy())
    changed.sold[:, origin:] = 1_000.0
    method = fitted.boosted.predict if name == BOOSTED else None

    def made(panel):
        past = past_of(panel, fitted.shared)
        return method(panel, past, origin, 28) if method else candidates()[name](past, origin, 28)

    assert np.array_equal(made(chain.panel), made(changed))


def test_seasons_are_found_that_no_series_could_tell_alone():
    chain = chain_of(series=300, spread=(0.2, 0.5))
    past = past_of(replace(chain.panel, regressors={}))
    week = past.levels.seasonal(210, 7)
    assert week.mean(axis=0) == pytest.approx(WEEK / WEEK.mean(), rel=0.08)
    assert week.std(axis=0).max() < 0.12, "each leans on all"


def test_a_series_that_sells_much_has_a_week_of_its_own():
    chain = chain_of(series=40, spread=(30, 60))
    sold = chain.panel.sold.copy()
    sold[0] = np.random.default_rng(2).poisson(np.tile(WEEK[::-1] * 50, 30))
    past = past_of(replace(chain.panel, sold=sold))
    assert past.levels.seasonal(210, 7)[0] == pytest.approx(WEEK[::-1] / WEEK.mean(), rel=0.25)


def test_series_are_classed_by_how_they_sell_and_where_they_are_in_their_life():
    r = np.random.default_rng(3)
    sold = np.zeros((6, 210))
    sold[0] = 10
    sold[1] = r.choice([1, 1, 1, 40], 210)
    sold[2, ::5] = 2
    sold[3, ::5] = r.choice([1, 1, 1, 40], 42)
    sold[4, 190:] = 3
    sold[5, :120] = 3
    chain = chain_of(series=6)
    found = segments(past_of(replace(chain.panel, sold=sold)), 210)
    assert found.tolist() == ["smooth", "erratic", "intermittent", "lumpy", "new", "gone"]


def test_whatever_a_method_says_a_forecast_is_a_number_within_rails(past):
    wild = np.full((12, 4), 2.0)
    wild[0], wild[1], wild[2, 1] = 1e9, -5, np.nan
    guarded = guard(wild, past, 210)
    assert np.isfinite(guarded.mean).all()
    assert (guarded.mean >= 0).all()
    assert guarded.mean[0, 0] <= 2 * past.demand[0].max()
    assert guarded.mean[2, 1] == pytest.approx(past.mean(210, 28)[2])
    assert guarded.held.tolist()[:4] == [True, True, False, False]
    assert guarded.replaced.tolist()[:4] == [False, False, True, False]


def test_a_panel_whose_parts_do_not_fit_is_refused_with_all_of_them(chain):
    with pytest.raises(Exception, match="do not fit") as caught:
        replace(chain.panel, ran_out=np.zeros((1, 2), dtype=np.bool_), groups={"category": ("x",)})
    assert {problem.field for problem in caught.value.problems} == {"ran_out", "groups.category"}


def test_without_boosting_there_are_the_others(chain):
    plain = fit(chain.panel.take(np.arange(30)), 7, boost=False)
    assert plain.boosted is None
    assert plain.forecast(chain.panel.take(np.arange(3))).days == 7
