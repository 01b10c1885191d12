"""Segments: kinds of series for which one method may serve and another not.

By how long a series waits between sales and how much these differ (Syntetos, Boylan and Croston 2005, On the categorization of
demand patterns, JORS 56), and by where it is in its life.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast.arrays import Bools
from oneshelf.insight.goods.forecast.past import Past

Segment = Literal["smooth", "erratic", "intermittent", "lumpy", "new", "gone"]
SEGMENTS: tuple[Segment, ...] = get_args(Segment)

#: The cut-offs of the published categories: mean steps between sales, and squared variation of what sells.
INTERVAL, VARIATION = 1.32, 0.49
#: Recent spans over which a series is classed.
SPANS = 6
#: A series is gone when it has not sold for at least the recent span and for so many times its usual wait: when it still
#: sold, that would happen once in 22,000 (e to the power of minus ten).
GONE_WAITS = 10.0


def segments(past: Past, origin: int) -> NDArray[np.str_]:
    """By series: its segment as of a step."""
    first = max(0, origin - SPANS * past.rhythm.recent)
    counted = past.counted[:, first:origin]
    demand = np.where(counted, past.demand[:, first:origin], 0.0)
    sales = (demand > 0).sum(axis=1)
    interval = counted.sum(axis=1) / np.maximum(sales, 1)
    mean = demand.sum(axis=1) / np.maximum(sales, 1)
    squares = (demand**2).sum(axis=1) / np.maximum(sales, 1)
    variation = np.maximum(squares / np.maximum(mean, 1e-12) ** 2 - 1.0, 0.0)
    steady, alike = interval < INTERVAL, variation < VARIATION
    found = np.select([steady & alike, steady, alike], ["smooth", "erratic", "intermittent"], "lumpy").astype(
        "<U12"
    )
    found[past.age(origin) < past.rhythm.recent] = "new"
    found[gone(past, origin)] = "gone"
    return found


def gone(past: Past, origin: int) -> Bools:
    """By series: whether it has stopped selling."""
    counted = past.counted[:, :origin]
    sold = counted & (past.demand[:, :origin] > 0)
    since = np.where(sold.any(axis=1), sold[:, ::-1].argmax(axis=1), origin)
    after = np.arange(origin)[None, :] >= (origin - since)[:, None]
    quiet = (counted & after).sum(axis=1)
    before = counted.sum(axis=1) - quiet
    wait = before / np.maximum(sold.sum(axis=1), 1)
    return np.asarray((quiet >= past.rhythm.recent) & (quiet > GONE_WAITS * wait) & (before > 0))
