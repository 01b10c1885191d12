"""Habits: popularity and personal frequency, the plain methods that every other has to beat."""

from __future__ import annotations

from typing import Any

import numpy as np

from oneshelf.decisions.recommend.baskets import Baskets, Floats, Ints

#: A basket counts 1/e after this many days; measured best on Complete Journey, and what the live state keeps.
TAU_DAYS = 120.0


def popularity(known: Baskets, *, as_of: Ints | None = None, days: int | None = None) -> Floats:
    """In how many baskets each item is; with `days`, only in the days up to the newest `as_of`."""
    lines = np.ones(len(known.item), dtype=np.bool_)
    if days is not None and as_of is not None and len(as_of):
        lines = known.line_day >= int(as_of.max()) - days
    return np.bincount(known.item[lines], minlength=len(known.items)).astype(np.float64)


def by_popularity(counts: Floats) -> Ints:
    """Items, the most popular first, ties in order of id."""
    return np.lexsort((np.arange(len(counts)), -counts)).astype(np.int64)


def places(sorted_items: Ints) -> Ints:
    """Of each item: its place in a sorted list of all."""
    place = np.empty(len(sorted_items), dtype=np.int64)
    place[sorted_items] = np.arange(len(sorted_items))
    return place


def frequency(known: Baskets) -> Any:
    """In how many of their baskets each person has each item: people x items, sparse."""
    return known.matrix()


def decayed_frequency(known: Baskets, as_of: Ints, *, tau_days: float = TAU_DAYS) -> Any:
    """The same, a basket counting exp(-days ago / tau): people x items, sparse. `as_of` is each person's day."""
    ago = as_of[known.person] - known.day
    return known.matrix(np.exp(-ago / tau_days))


def recent_frequency(known: Baskets, *, baskets: int) -> Any:
    """The share of each person's last `baskets` baskets that hold each item: people x items, sparse.

    UWPop@r of Faggioli, Polato and Aiolli (UMAP 2020).
    """
    recent = known.where(known.ages < baskets)
    had = np.minimum(np.maximum(recent.counts, 1), baskets)
    return recent.matrix(1.0 / had[recent.person])
