"""What no forecast may fall for: spikes, a month of building work, shelves that are always empty, levels that disagree."""

from dataclasses import replace

import numpy as np
import pytest

from oneshelf.insight.goods.forecast.closing import closed_days
from oneshelf.insight.goods.forecast.forecaster import fit
from oneshelf.insight.goods.forecast.methods import candidates
from oneshelf.insight.goods.forecast.reconciling import reconcile
from oneshelf.insight.goods.forecast.restoring import RESTORED_MAX, restore
from oneshelf.insight.goods.forecast.sharding import forecast_shards

from .conftest import AHEAD, DAYS, chain_of
from .test_methods import past_of
from .test_reconciling import MEMBERS, forecast_of


@pytest.fixture(scope="module")
def steady():
    return replace(chain_of(series=40, spread=(4.0, 8.0)).panel, regressors={})


def test_a_day_beyond_all_proportion_does_not_count_and_is_told(steady):
    sold = steady.sold.copy()
    sold[0, -3], sold[1, 50] = 5_000, 1e9
    usual, made = (fit(each, 7, boost=False).forecast(each) for each in (steady, replace(steady, sold=sold)))
    assert made.mean == pytest.approx(usual.mean, rel=0.3)
    assert made.at(0.99)[:2].max() < 60
    assert made.notes[0] == ("1 days sold beyond all proportion and do not count",)
    assert made.notes[2] == ()


def test_a_rise_that_lasts_is_no_spike(steady):
    sold = steady.sold.copy()
    sold[0, -5:] = 400
    made = fit(steady, 7, boost=False).forecast(replace(steady, sold=sold))
    assert made.mean[0].mean() > 20
    assert made.notes[0] == ()


@pytest.mark.parametrize("name", candidates())
def test_a_place_that_was_closed_for_weeks_comes_back_as_it_went(steady, name):
    closed = np.zeros((1, DAYS), dtype=np.bool_)
    closed[:, -60:] = True
    past = past_of(replace(steady, sold=np.where(closed, 0, steady.sold), closed=closed))
    made = candidates()[name](past, DAYS, 7)
    assert made.sum() == pytest.approx(steady.sold[:, -67:-60].sum(), rel=0.2)


def test_weeks_in_which_a_place_never_opened_are_no_habit_of_its_weekdays():
    totals = np.full((3, 84), 50.0)
    totals[:, 6::7] = 0
    totals[1, 40:82] = 0  # building work, and open again since Saturday
    totals[2, 40:] = 0
    ahead = closed_days(totals, 14)[:, 84:]
    sundays = np.arange(14) % 7 == 6
    assert np.array_equal(ahead[:2], np.stack([sundays, sundays]))
    assert ahead[2].all(), "nothing tells that it will open"


@pytest.mark.parametrize("stock", [1, 3])
def test_a_shelf_that_always_runs_out_cannot_make_demand_explode(steady, stock):
    sold = np.minimum(steady.sold, stock)
    restored = restore(replace(steady, sold=sold, ran_out=sold == stock), np.zeros(40, np.intp), 1)
    assert restored.demand.max() <= RESTORED_MAX * stock
    assert restored.demand.sum() > 1.2 * sold.sum()


def test_a_rare_series_that_is_made_to_add_up_keeps_quantiles_of_its_size():
    rare = forecast_of([[0.02]] * 4)
    rare = replace(rare, quantiles=np.tile([0.0, 0.0, 1.0], (4, 1, 1)))
    levels = {"all": forecast_of([[2.0]], 0.1), "category": forecast_of([[1.0], [1.0]], 0.1), "series": rare}
    found = reconcile(levels, MEMBERS)["series"]
    assert found.mean.sum() == pytest.approx(2.0, rel=0.05)
    assert found.quantiles[:, :, -1].max() <= 6, (
        "twenty-five times its mean is not twenty-five times its quantiles"
    )


def test_shards_by_another_process_are_forecast_as_here(steady):
    fitted = fit(steady, 7, boost=False)
    shards = [steady.take(np.arange(at, at + 20)) for at in (0, 20)]
    made = list(forecast_shards(fitted, iter(shards), 1))
    whole = fitted.forecast(steady)
    assert np.array_equal(np.concatenate([each.quantiles for each in made]), whole.quantiles)
    assert [one for each in made for one in each.series] == list(whole.series)


def test_a_short_horizon_learns_from_as_much_past_as_a_long_one(steady):
    short, long = (fit(steady, days, boost=False) for days in (1, AHEAD))
    assert short.choices == long.choices
    assert short.forecast(steady).mean == pytest.approx(long.forecast(steady).mean[:, :1])
