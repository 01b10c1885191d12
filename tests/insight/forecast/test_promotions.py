"""Promotions in a shop too small for trees: what they did before says what one to come will do, and nobody knows one before it is told."""

from dataclasses import replace

import numpy as np
import pytest

from oneshelf.insight.goods.forecast.forecaster import fit
from oneshelf.insight.goods.forecast.notes import NOTHING_LEARNT
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import Series

from .conftest import FIRST, WEEK

DAYS, AHEAD, FACTOR = 140, 14, 2.5
#: six of cake, which promotions move, the last of which never was promoted; six of bread, which they do not move
TYPES = ("cake",) * 6 + ("bread",) * 6


@pytest.fixture(scope="module")
def shop() -> Panel:
    """Every product is promoted on some days, and all of them tomorrow."""
    r = np.random.default_rng(3)
    promoted = (r.random((12, DAYS + AHEAD)) < 0.2).astype(float)
    promoted[5, :DAYS] = 0
    promoted[:, DAYS:] = np.arange(AHEAD) == 0
    factor = np.where(np.array(TYPES)[:, None] == "cake", FACTOR, 1.0)
    mean = np.tile(WEEK, 22)[None, :] * 8 * np.where(promoted > 0, factor, 1.0)
    return Panel(
        series=tuple(Series("a", f"p{n}") for n in range(12)),
        first_day=FIRST,
        sold=r.poisson(mean)[:, :DAYS].astype(float),
        regressors={"promotion": promoted},
        groups={"type": TYPES},
    )


def raised(panel: Panel) -> np.ndarray:
    """By series: tomorrow against the same day of the week after, which nobody promotes."""
    mean = fit(panel, AHEAD, boost=False).forecast(panel).mean
    return mean[:, 0] / mean[:, 7]


def test_a_promotion_told_raises_the_forecast_by_what_its_like_did_before(shop: Panel) -> None:
    found = raised(shop)
    assert found[:5] == pytest.approx(FACTOR, rel=0.2)
    assert found[5] == pytest.approx(FACTOR, rel=0.3)  # never promoted: as its type
    assert found[6:] == pytest.approx(1.0, abs=0.2)
    # and the days without one are not taken for better than they are because some before them were promoted
    plain = fit(shop, AHEAD, boost=False).forecast(shop).mean[:6, 7:].sum(axis=1).mean()
    assert plain == pytest.approx(8 * WEEK.sum(), rel=0.1)


def test_what_was_not_told_yet_is_not_known(shop: Panel) -> None:
    late = np.full(shop.regressors["promotion"].shape, DAYS)
    assert raised(replace(shop, known_after={"promotion": late})) == pytest.approx(1.0)
    assert raised(replace(shop, known_after={"promotion": late - 1}))[0] > 2


def test_where_nothing_was_ever_promoted_nothing_is_made_up(shop: Panel) -> None:
    never = shop.regressors["promotion"] * (np.arange(DAYS + AHEAD) >= DAYS)
    panel = replace(shop, regressors={"promotion": never})
    assert raised(panel) == pytest.approx(1.0)
    assert NOTHING_LEARNT in fit(panel, AHEAD, boost=False).forecast(panel).notes[0]
