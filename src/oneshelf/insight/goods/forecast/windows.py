"""Sums over the steps around each one."""

from __future__ import annotations

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Floats


def around(values: Floats, reach: int) -> Floats:
    """Series x steps: the sum of each step and of the `reach` ones before and after it."""
    steps = values.shape[1]
    until = np.zeros((values.shape[0], steps + 1))
    np.cumsum(values, axis=1, out=until[:, 1:])
    first = np.maximum(np.arange(steps) - reach, 0)
    last = np.minimum(np.arange(steps) + reach + 1, steps)
    return np.asarray(until[:, last] - until[:, first])
