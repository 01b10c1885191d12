"""Shuffled weeks: the same series with their weeks in an order of chance, in which nothing grows but by accident."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.windows import Flags


def shuffles(
    counts: Floats, exposure: Floats, *, rounds: int, seed: int, block: int = 1
) -> Iterator[tuple[Floats, Floats]]:
    """`rounds` times (counts, exposure), both series x weeks, every series in an order of its own.

    A week keeps its exposure; weeks without any (before a product was first sold, say) stay in front. `block` keeps so many
    neighbouring weeks together, as promotions last longer than one.
    """
    random = np.random.default_rng(seed)
    exposure = np.broadcast_to(exposure, counts.shape)
    for _ in range(rounds):
        order = _orders(random, exposure > 0, block)
        yield np.take_along_axis(counts, order, axis=1), np.take_along_axis(exposure, order, axis=1)


def _orders(random: np.random.Generator, seen: Flags, block: int) -> NDArray[np.intp]:
    series, weeks = seen.shape
    blocks = -(-(weeks + block - 1) // block)
    keys = np.repeat(1 + random.random((series, blocks)), block, axis=1)
    # blocks begin anywhere, not at the same week in every round
    cut = int(random.integers(0, block))
    return np.argsort(np.where(seen, keys[:, cut : cut + weeks], 0.0), axis=1, kind="stable")
