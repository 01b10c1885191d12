"""Goods that age on the shelf: what demand the goods already there will not serve, when the oldest are sold first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from oneshelf.decisions.plan.arrays import Draws, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Unserved:
    """What demand finds no goods, and what goods find no demand, before anything new is ordered."""

    #: lines x scenarios x days, in pieces
    missing: Draws
    #: lines x scenarios: pieces that will be thrown away within those days
    wasted: Draws
    #: lines x days: pieces that are expected to be there in the morning
    there: Floats


def serve(demand: Draws, arriving: Floats, expiring: Floats) -> Unserved:
    """Sell what is there, the oldest first, day by day.

    `demand` is lines x scenarios x days. `arriving` is lines x days: the pieces on sale from the morning of a day on, those at hand
    on the first; `expiring` is lines x days: the pieces whose last day it is. Demand that finds nothing is lost.

    The pieces stand in a queue by their last day. What has left it by an evening is what was sold, or what had to go by then,
    whichever is more, so that a running total is all there is to keep.
    """
    arrived = np.cumsum(arriving, axis=1, dtype=np.float32)
    gone = np.minimum(np.cumsum(expiring, axis=1, dtype=np.float32), arrived)
    left, wasted = np.zeros_like(demand[:, :, 0]), np.zeros_like(demand[:, :, 0])
    missing, there = np.empty_like(demand), np.empty(arriving.shape)
    for day in range(demand.shape[2]):
        stock = arrived[:, day, None] - left
        there[:, day] = stock.mean(axis=1)
        sold = np.minimum(demand[:, :, day], stock)
        missing[:, :, day] = demand[:, :, day] - sold
        left += sold
        thrown = np.maximum(gone[:, day, None] - left, 0)
        wasted += thrown
        left += thrown
    return Unserved(missing=missing, wasted=wasted, there=there)
