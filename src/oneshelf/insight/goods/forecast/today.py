"""A day that is not over: what it will still sell, and what it says about the days after it.

The forecast of the day is taken as gamma distributed rate with its own uncertainty, and what sold so far as Poisson around the share of
it that has passed: so the rate of the rest is (1/x + sold) / (1/x + mean share) times what was expected (the mean of a gamma
posterior, as in `season`), where x is the excess of the forecast. A steady seller that has sold nothing by three o'clock moves far, a rare
one hardly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from oneshelf.insight.goods.forecast.arrays import Floats

#: The least and the most that a day's rate is taken to stray.
EXCESS = (0.02, 5.0)


@dataclass(frozen=True, slots=True)
class Today:
    """By series: pieces that the day will still sell, and by what factor the days after it are other than was thought."""

    still: Floats
    factor: Floats


def revise(
    mean: Floats,
    low: Floats,
    high: Floats,
    *,
    levels: tuple[float, float],
    sold: Floats,
    share: Floats,
    memory: float,
) -> Today:
    """Look at a day with its forecast (`mean`, and the quantiles `low` and `high` at two `levels`), by series.

    `sold` so far, in the `share` of the day that has passed; not a number where nobody knows what sold. `memory` is what one
    day weighs in a level.
    """
    deviation = np.maximum(high - low, 0.0) / (
        scipy.special.ndtri(levels[1]) - scipy.special.ndtri(levels[0])
    )
    squared = np.maximum(mean, 1e-9) ** 2
    excess = np.clip((deviation**2 - mean) / squared, *EXCESS)
    known = np.isfinite(sold)
    rate = (1.0 / excess + np.where(known, np.maximum(sold, 0.0), 0.0)) / (1.0 / excess + mean * share)
    rate = np.where(known & (mean > 0), rate, 1.0)
    still = mean * (1.0 - share) * rate
    whole = np.where(known, np.maximum(sold, 0.0), mean * share) + still
    surprise = np.where(mean > 0, whole / np.maximum(mean, 1e-9) - 1.0, 0.0)
    return Today(still=still, factor=np.maximum(1.0 + memory * surprise, 0.0))
