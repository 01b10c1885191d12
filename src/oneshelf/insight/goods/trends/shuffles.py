"""Series in which nothing grows but by accident: real ones with their weeks shuffled, or drawn anew from their own past."""

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


def redrawn(
    counts: Floats, exposure: Floats, block: int, *, rounds: int, seed: int
) -> Iterator[tuple[Floats, Floats]]:
    """`rounds` times (counts, exposure), both series x weeks, every series drawn from its own weeks but the last `block`.

    Blocks of so many neighbouring weeks are drawn with replacement, so that the newest weeks, which may truly have grown, are not
    among what passes for chance, and weeks that hang together still do (moving blocks bootstrap, Kuensch 1989).
    """
    random = np.random.default_rng(seed)
    exposure = np.broadcast_to(exposure, counts.shape)
    series, weeks = counts.shape
    past = max(1, weeks - block)
    seen = exposure[:, :past] > 0
    first = np.where(seen.any(axis=1), seen.argmax(axis=1), 0)
    room = np.maximum(past - block - first + 1, 1)
    before = np.arange(weeks)[None, :] < first[:, None]
    for _ in range(rounds):
        begin = first[:, None] + (random.random((series, -(-weeks // block))) * room[:, None]).astype(np.intp)
        # the newest week is the last of a whole block
        at = (begin[:, :, None] + np.arange(block)).reshape(series, -1)[:, -weeks:]
        at = np.minimum(at, past - 1)
        drawn = (np.take_along_axis(each, at, axis=1) for each in (counts, exposure))
        mixed, exposed = (np.where(before, 0.0, each) for each in drawn)
        yield mixed, exposed


def _orders(random: np.random.Generator, seen: Flags, block: int) -> NDArray[np.intp]:
    series, weeks = seen.shape
    blocks = -(-(weeks + block - 1) // block)
    keys = np.repeat(1 + random.random((series, blocks)), block, axis=1)
    # blocks begin anywhere, not at the same week in every round
    cut = int(random.integers(0, block))
    return np.argsort(np.where(seen, keys[:, cut : cut + weeks], 0.0), axis=1, kind="stable")
