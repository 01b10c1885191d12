"""Gradient boosting over all series at once, starting from the seasonal level.

The trees (LightGBM) learn by what factor a step differs from the series' seasonal level, with the loss of a Tweedie
distribution (which has many zeros and a long tail). They see the step directly rather than feeding on their own forecasts, so
errors cannot build up along the horizon. Friedman (2001), Greedy function approximation; Januschowski et al. (2022),
Forecasting with trees, International Journal of Forecasting 38(4).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from oneshelf.insight import gradient_boosting
from oneshelf.insight.goods.forecast import features
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.past import Past
from oneshelf.insight.goods.forecast.season import HEAVY_PIECES

ROUNDS = 150
#: Rows that the trees learn from; more take longer and teach little.
ROWS_MAX = 300_000
#: The fewest from which anything is learnt.
ROWS_MIN = 2_000
_ROWS_AT_ONCE = 400_000

_PARAMETERS = {
    **gradient_boosting.SETTINGS,
    "objective": "tweedie",
    "tweedie_variance_power": 1.3,
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.7,
    "max_bin": 127,
}


@dataclass(frozen=True, slots=True)
class Boosted:
    """Fitted trees."""

    trees: Any
    coding: features.Coding

    def predict(self, panel: Panel, past: Past, origin: int, horizon: int) -> Floats:
        """Series x horizon: expected demand from step `origin` on."""
        view, count = features.View(panel, past, self.coding), len(panel)
        out = np.empty((count, horizon))
        per = max(1, _ROWS_AT_ONCE // horizon)
        for first in range(0, count, per):
            some = np.arange(first, min(first + per, count))
            at, ahead = np.repeat(some, horizon), np.tile(np.arange(horizon), len(some))
            factor = np.exp(self.trees.predict(view.matrix(origin, at, ahead), raw_score=True))
            out[some] = (view.base(origin, at, ahead) * factor).reshape(-1, horizon)
        return out


def fit(
    panel: Panel, past: Past, horizon: int, *, until: int, seed: int, asked: int | None = None
) -> Boosted | None:
    """Learn from the steps before `until`, half of them among the first that are `asked` for; None when there are too few.

    Raises Unavailable without LightGBM.
    """
    lightgbm = gradient_boosting.library("Boosting", "forecast")
    view = features.View(panel, past, features.Coding.of(panel))
    near = min(horizon if asked is None else asked, max(1, past.rhythm.recent // 4))
    rows = _rows(view, _Reach(horizon, near, until), np.random.default_rng(seed))
    if rows is None:
        return None
    data = lightgbm.Dataset(
        rows.seen,
        rows.demand / rows.base,
        # as if each were counted in pieces, but a large one only so far
        weight=rows.base / (1.0 + rows.base / HEAVY_PIECES),
        init_score=np.zeros(len(rows.demand)),
        feature_name=view.names(),
        categorical_feature=list(view.coding.codes),
    )
    return Boosted(lightgbm.train({**_PARAMETERS, "seed": seed}, data, ROUNDS), view.coding)


@dataclass(frozen=True, slots=True)
class _Rows:
    """What the trees learn from, a row for each pair of a series and a step ahead of some origin."""

    seen: Floats
    demand: Floats
    base: Floats


class _Reach(NamedTuple):
    """Up to how many steps ahead is learnt, how many of them are near, and which step is no longer known."""

    horizon: int
    near: int
    until: int


def _rows(view: features.View, reach: _Reach, r: np.random.Generator) -> _Rows | None:
    """Pairs of series and steps ahead, drawn evenly over origins, half of them near; None when they are too few.

    Tomorrow can be known better than the fourth week, by what sold these days, and most orders are for days that are near.
    """
    past, count = view.past, len(view.panel)
    # not a week apart, or tomorrow would always be the same weekday; and many, or the trees learn these very dates
    origins = [*range(reach.until - 1, 2 * past.rhythm.recent, -max(1, past.rhythm.refresh // 2))]
    if not origins:
        return None
    most = ROWS_MAX // len(origins)
    found = []
    for origin in origins:
        alive = np.flatnonzero((past.age(origin) > 1) & (past.mean(origin, 4 * past.rhythm.recent) > 0))
        alive = alive if len(alive) <= most else r.choice(alive, most, replace=False)
        most_ahead = min(reach.horizon, reach.until - origin)
        at = np.repeat(alive, min(max(1, most // count), most_ahead))
        ahead = r.integers(0, np.where(r.random(at.size) < 0.5, min(reach.near, most_ahead), most_ahead))
        known = past.counted[at, origin + ahead]
        at, ahead = at[known], ahead[known]
        if at.size:
            seen = view.matrix(origin, at, ahead)
            found.append(_Rows(seen, past.demand[at, origin + ahead], view.base(origin, at, ahead)))
    if sum(len(each.demand) for each in found) < ROWS_MIN:
        return None
    return _Rows(
        np.concatenate([each.seen for each in found]),
        np.concatenate([each.demand for each in found]),
        np.concatenate([each.base for each in found]),
    )
