"""Guard-rails: whatever a method says, a forecast is a number, not below nothing and not beyond what was ever seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats
from oneshelf.insight.goods.forecast.past import Past

#: No day is expected to sell more than so many times the best day of the last year.
BEST_DAYS = 2.0
#: A new series has no best day: so many times what its group's new ones sell.
NEW_LEVELS = 10.0


@dataclass(frozen=True, slots=True)
class Guarded:
    """Safe means, and by series whether the method had to be held or replaced."""

    mean: Floats
    held: Bools
    replaced: Bools


def guard(mean: Floats, past: Past, origin: int) -> Guarded:
    """Replace what is not a number by the moving average, and hold what is beyond the rails."""
    known = np.isfinite(mean)
    fallback = past.mean(origin, past.rhythm.recent)[:, None]
    safe = np.where(known, mean, fallback)
    first = max(0, origin - past.rhythm.year)
    seen = np.where(past.counted[:, first:origin], past.demand[:, first:origin], 0.0)
    best = seen.max(axis=1, initial=0.0)
    top = np.maximum(
        BEST_DAYS * best,
        np.where(past.age(origin) < past.rhythm.recent, NEW_LEVELS, 1.0) * past.levels.level[:, origin],
    )
    held = np.clip(safe, 0.0, top[:, None])
    return Guarded(held, np.any(held != safe, axis=1), np.any(~known, axis=1))
