"""The forecast as a whole, on a chain whose demand is known."""

from dataclasses import replace

import numpy as np
import pytest

from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.goods.forecast import notes
from oneshelf.insight.goods.forecast.forecaster import fit
from oneshelf.insight.goods.forecast.methods import moving_average

from .conftest import AHEAD, DAYS
from .test_methods import past_of


@pytest.fixture(scope="module")
def made(chain, fitted):
    return fitted.forecast(chain.panel)


def test_promotions_that_are_known_ahead_are_foreseen(chain, made):
    expected = chain.mean[:, DAYS:]
    plain = moving_average(past_of(chain.panel), DAYS, AHEAD)
    ours, theirs = (np.abs(each - expected).sum() / expected.sum() for each in (made.mean, plain))
    assert ours < 0.6 * theirs
    assert set(made.method) == {"boosted"}


def test_quantiles_rise_along_their_levels_and_hold_as_often_as_they_say(chain, made):
    came = chain.demand[:, DAYS:]
    assert (np.diff(made.quantiles, axis=2) >= 0).all()
    assert (made.quantiles >= 0).all()
    for level in (0.5, 0.8, 0.9):
        # a whole number covers a little more than asked
        assert level - 0.03 < (came <= made.at(level)).mean() < level + 0.12


def test_a_shard_is_forecast_as_the_whole_is(chain, fitted, made):
    some = np.array([3, 50, 149])
    part = fitted.forecast(chain.panel.take(some))
    assert part.mean == pytest.approx(made.mean[some], rel=1e-9)
    assert np.array_equal(part.quantiles, made.quantiles[some])
    assert part.series == tuple(made.series[at] for at in some)


def test_the_same_panel_has_the_same_forecast(chain):
    small = chain.panel.take(np.arange(40))
    assert np.array_equal(*(fit(small, 7).forecast(small).mean for _ in range(2)))


def test_new_and_gone_and_closed_are_told_and_foreseen(chain, fitted):
    sold = chain.panel.sold.copy()
    sold[0, :205], sold[0, 205:], sold[1, 90:] = 0, 2, 0
    sold[2] = 0
    closed = np.zeros((len(sold), DAYS + AHEAD), dtype=np.bool_)
    closed[:, DAYS + 6 :: 7] = True
    made = fitted.forecast(replace(chain.panel, sold=sold, closed=closed))
    assert notes.NEW in made.notes[0]
    assert 0 < made.mean[0, 0] < 20
    assert notes.GONE in made.notes[1]
    assert not made.mean[1].any()
    assert notes.NEW in made.notes[2]
    assert not made.mean[:, 6::7].any()
    assert not made.quantiles[:, 6::7].any()


def test_empty_shelves_are_made_up_for_and_noted(chain, fitted):
    stock = np.ceil(chain.mean[:, :DAYS])
    sold = np.minimum(chain.panel.sold, stock)
    cut = fitted.forecast(replace(chain.panel, sold=sold))
    restored = fitted.forecast(replace(chain.panel, sold=sold, ran_out=chain.panel.sold >= stock))
    expected = chain.mean[:, DAYS:].sum()
    assert cut.mean.sum() < 0.93 * expected, "the cut would be ordered again"
    assert abs(restored.mean.sum() / expected - 1) < 0.6 * (1 - cut.mean.sum() / expected)
    assert any("days restored on which stock ran out" in note for note in restored.notes[0])


def test_a_forecast_goes_on_with_what_was_fitted_before(chain, fitted, made):
    longer = replace(chain.panel, sold=chain.demand[:, : DAYS + 7])
    later = fitted.forecast(longer)
    assert (later.first_day - made.first_day).days == 7
    with pytest.raises(InvalidInput, match="ends before"):
        fitted.forecast(chain.panel.until(100))


@pytest.mark.parametrize("days", [1, 6, 20, 60])
def test_a_short_past_has_a_forecast_too(chain, days):
    panel = replace(
        chain.panel,
        sold=chain.panel.sold[:30, :days],
        series=chain.panel.series[:30],
        regressors={},
        groups={},
    )
    made = fit(panel, 7).forecast(panel)
    assert np.isfinite(made.mean).all()
    assert np.isfinite(made.quantiles).all()


def test_between_levels_a_quantile_is_on_the_line_and_beyond_them_there_is_none(made):
    assert made.at(0.85) == pytest.approx((made.at(0.8) + made.at(0.9)) / 2)
    with pytest.raises(NotFound, match=r"0\.999"):
        made.at(0.999)
    with pytest.raises(InvalidInput, match="do not fit"):
        replace(made, method=())


def test_nothing_to_forecast_is_refused(chain):
    with pytest.raises(InvalidInput, match="horizon"):
        fit(chain.panel, 0)
    with pytest.raises(InvalidInput, match="says nothing"):
        fit(chain.panel.take(np.arange(0)))
