"""Spikes: a step that sold beyond all proportion (a till that sent 5,000 for 5, one order for a wedding) and must not speak for the rest.

A method that learnt from it would order for weeks what was bought once. What is beyond `TIMES` the series' third-best step of the last
year tells nothing: that is far above the promotions of an ordinary series, and a rise that is real is believed on its third step.
"""

from __future__ import annotations

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Bools, Floats
from oneshelf.insight.goods.forecast.rhythm import Rhythm

TIMES = 10.0
#: With fewer steps that sold nobody knows what is beyond proportion.
SALES_MIN = 8
_BEST = 3


def beyond(demand: Floats, is_open: Bools, rhythm: Rhythm) -> Bools:
    """Series x steps: which sold beyond all proportion."""
    seen = np.where(is_open, demand, 0.0)[:, -rhythm.year :]
    if seen.shape[1] < SALES_MIN:
        return np.zeros(demand.shape, dtype=np.bool_)
    best = -np.partition(-seen, _BEST - 1, axis=1)[:, _BEST - 1]
    most = np.where((seen > 0).sum(axis=1) >= SALES_MIN, TIMES * best, np.inf)
    return np.asarray(demand > most[:, None])
