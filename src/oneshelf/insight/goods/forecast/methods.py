"""Methods: what each expects of every series on the steps ahead, from the steps before an origin and nothing else.

All take a `Past`, an origin and a horizon and return series x horizon. The plain ones are always among the candidates.
Croston (1972) as corrected by Syntetos and Boylan (2005), TSB (Teunter, Syntetos and Babai 2011), and exponential smoothing
with a fitted memory are those of Nixtla's statsforecast, on demand with the season evened out. (Its theta and ETS models with
fitted seasons take 15 to 170 ms a series, which is too long for a shop of many.)
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from oneshelf.errors import Unavailable
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.forecast.past import Past

#: Same weekdays (or weeks of the year) that the seasonal mean looks back on.
SEASONS = 8
#: How many seasons the seasonal naive goes back when the last one was closed.
NAIVE_SEASONS = 4
#: A season's index below this would blow up what is divided by it.
_INDEX_MIN = 0.1
#: With fewer steps known, the moving average stands in for a fitted model.
_KNOWN_MIN = 8

Method = Callable[[Past, int, int], Floats]


def seasonal_naive(past: Past, origin: int, horizon: int) -> Floats:
    """What the same step of the last season saw; of one before it when that one was closed."""
    season = past.rhythm.season
    out = _flat(past.mean(origin, past.rhythm.recent), horizon)
    for back in range(NAIVE_SEASONS, 0, -1):
        at = origin - season * back + np.arange(horizon) % season
        usable = at >= 0
        seen, demand = past.counted[:, at[usable]], past.demand[:, at[usable]]
        out[:, usable] = np.where(seen, demand, out[:, usable])
    return out


def moving_average(past: Past, origin: int, horizon: int) -> Floats:
    """The mean of the recent steps."""
    return _flat(past.mean(origin, past.rhythm.recent), horizon)


def seasonal_mean(past: Past, origin: int, horizon: int) -> Floats:
    """The mean of the last `SEASONS` same steps of the season, or of as many as there are."""
    season = past.rhythm.season
    total, seen = np.zeros((len(past.demand), season)), np.zeros((len(past.demand), season))
    for back in range(1, SEASONS + 1):
        at = origin - season * back + np.arange(season)
        if at[0] < 0:
            break
        total += np.where(past.counted[:, at], past.demand[:, at], 0.0)
        seen += past.counted[:, at]
    mean = np.where(seen > 0, total / np.maximum(seen, 1.0), past.mean(origin, past.rhythm.recent)[:, None])
    return np.asarray(mean[:, np.arange(horizon) % season])


def seasonal_level(past: Past, origin: int, horizon: int) -> Floats:
    """An exponential level, times the index of the season that the series shares with its group and the whole panel."""
    return past.levels.base(origin, horizon)


def croston_sba(past: Past, origin: int, horizon: int) -> Floats:
    """Croston's method with the correction of Syntetos and Boylan, for demand with many zeros."""
    return _by_series(past, origin, horizon, _models().CrostonSBA())


def tsb(past: Past, origin: int, horizon: int) -> Floats:
    """Teunter, Syntetos and Babai's method, which lets a product that no longer sells fade."""
    return _by_series(past, origin, horizon, _models().TSB(alpha_d=0.1, alpha_p=0.05))


def smoothing(past: Past, origin: int, horizon: int) -> Floats:
    """Exponential smoothing whose memory is fitted to each series."""
    return _by_series(past, origin, horizon, _models().SimpleExponentialSmoothingOptimized())


#: The methods that need no library, the plain references first.
PLAIN = ("seasonal_naive", "moving_average")
SIMPLE: dict[str, Method] = {
    "seasonal_naive": seasonal_naive,
    "moving_average": moving_average,
    "seasonal_mean": seasonal_mean,
    "seasonal_level": seasonal_level,
}
#: Those of statsforecast.
FITTED: dict[str, Method] = {"croston_sba": croston_sba, "tsb": tsb, "smoothing": smoothing}


def candidates() -> dict[str, Method]:
    """The methods that can be tried with what is installed; boosting stands beside them."""
    return SIMPLE if find_spec("statsforecast") is None else {**SIMPLE, **FITTED}


def _flat(mean: Floats, horizon: int) -> Floats:
    return np.repeat(mean[:, None], horizon, axis=1)


def _models() -> Any:
    try:
        from statsforecast import models  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as error:
        raise Unavailable("This method needs statsforecast.", "Install oneshelf[forecast].") from error
    return models


def _by_series(past: Past, origin: int, horizon: int, model: Any) -> Floats:
    """Let a model of statsforecast see the counted demand of each series without its season, and put the season back."""
    season = past.rhythm.season
    index = np.maximum(past.levels.seasonal(origin, season), _INDEX_MIN)
    phase = (np.arange(origin) - origin) % season
    even = past.demand[:, :origin] / index[:, phase]
    out = _flat(past.mean(origin, past.rhythm.recent), horizon)
    for row, (values, seen) in enumerate(zip(even, past.counted[:, :origin], strict=True)):
        known = values[seen]
        if known.size >= _KNOWN_MIN and known.any():
            out[row] = model.forecast(known, horizon)["mean"]
    return np.asarray(out * past.levels.seasonal(origin, horizon))
