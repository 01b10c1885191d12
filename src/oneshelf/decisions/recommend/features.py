"""What the learnt ranker sees of a person and an item that may go into their next basket.

Everything is of the days before each person's `as_of`. Times are in days, frequencies in baskets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from oneshelf.decisions.recommend.baskets import Baskets, Floats, Ints
from oneshelf.decisions.recommend.habits import by_popularity, places, popularity

#: Habits are seen at several speeds: what faded away long ago, and what is bought this month.
TAUS_DAYS: Final = (14.0, 45.0, 120.0, 365.0)
#: The place of 120 days among these: the plain method.
PLAIN: Final = 2
#: Shares of the last few baskets.
LAST: Final = (1, 3, 10)
#: Where something never happened: longer ago than any habit.
NEVER_DAYS: Final = 1_000.0

#: The names of the columns of `Past.features`, in their order.
NAMES: Final = (
    *(f"decayed_{tau:.0f}_days" for tau in TAUS_DAYS),
    *(f"share_of_last_{last}" for last in LAST),
    "baskets",
    "share_of_baskets",
    "days_since",
    "days_since_first",
    "gap_days",
    "days_since_over_gap",
    "baskets_since",
    "place_in_own_list",
    "share_of_own_best",
    "popular_7_days",
    "popular_28_days",
    "popular",
    "growing",
    "buyers",
    "baskets_a_buyer",
    "gap_of_all",
    "days_since_over_gap_of_all",
    "type_decayed",
    "type_days_since",
    "type_gap_days",
    "type_days_since_over_gap",
    "share_of_own_type",
    "share_of_all_type",
    "type_popular",
    "own_baskets",
    "own_size",
    "own_gap_days",
    "own_days_since",
    "own_repeats",
    "own_items",
)


@dataclass(frozen=True)
class Pairs:
    """What each person did with each thing of a kind they ever had: person x thing, sorted; `at` finds a pair."""

    width: int
    keys: Ints
    baskets: Floats
    first: Floats
    last: Floats
    #: place, counted back from the newest, of the newest basket that held it
    newest: Floats
    #: pairs x TAUS_DAYS, and pairs x LAST
    decayed: Floats
    recent: Floats

    @cached_property
    def person(self) -> Ints:
        """Of each pair: the person."""
        return self.keys // self.width

    @cached_property
    def thing(self) -> Ints:
        """Of each pair: the item or the type."""
        return self.keys % self.width

    @property
    def gap(self) -> Floats:
        """Days from one time to the next, of those that happened twice."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.baskets > 1, (self.first - self.last) / (self.baskets - 1), np.nan)

    def at(self, person: Ints, thing: Ints) -> Ints:
        """The places of pairs; the place behind the last where there is none."""
        if not len(self.keys):
            return np.zeros(len(person), dtype=np.int64)
        wanted = person * self.width + thing
        found = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        return np.where((self.keys[found] == wanted) & (thing >= 0), found, len(self.keys))

    def columns(self, at: Ints) -> dict[str, Any]:
        """What is known of pairs at some places; what never happened has no baskets and lies `NEVER_DAYS` back."""
        return {name: values[at] for name, values in self._padded.items()}

    @cached_property
    def _padded(self) -> dict[str, Any]:
        order = np.lexsort((-self.decayed[:, PLAIN], self.person))
        place = np.empty(len(order))
        place[order] = np.arange(len(order)) - np.searchsorted(self.person, self.person[order])
        columns = {
            "baskets": (self.baskets, 0.0),
            "first": (self.first, NEVER_DAYS),
            "last": (self.last, NEVER_DAYS),
            "newest": (self.newest, NEVER_DAYS),
            "decayed": (self.decayed, 0.0),
            "recent": (self.recent, 0.0),
            "gap": (self.gap, np.nan),
            "place": (place, NEVER_DAYS),
        }
        return {
            name: np.concatenate([values, np.full((1, *values.shape[1:]), never)])
            for name, (values, never) in columns.items()
        }


@dataclass(frozen=True)
class Past:
    """What is known before each person's day, ready to be asked for features."""

    known: Baskets
    as_of: Ints
    #: of each item: its type by number, -1 where it has none
    types: Ints

    @cached_property
    def items(self) -> Pairs:
        """People with items."""
        return self._pairs(self.known.item, len(self.known.items))

    @cached_property
    def of_types(self) -> Pairs:
        """People with types."""
        return self._pairs(self.types[self.known.item], int(self.types.max(initial=0)) + 1)

    @cached_property
    def popular(self) -> Floats:
        """Items x 3: the share of baskets of the last 7 days, of the last 28 and of all that hold each."""
        columns = []
        for days in (7, 28, None):
            since = -1 if days is None else int(self.as_of.max(initial=0)) - days
            size = max(int((self.known.day >= since).sum()), 1)
            columns.append(popularity(self.known, as_of=self.as_of, days=days) / size)
        return np.column_stack(columns)

    @cached_property
    def sorted(self) -> Ints:
        """All items, the most popular of the last four weeks first."""
        return by_popularity(self.popular[:, 1] + self.popular[:, 2] * 1e-6)

    @cached_property
    def order(self) -> Ints:
        """Of each item: its place in `sorted`."""
        return places(self.sorted)

    def frequency(self, column: int = PLAIN) -> Any:
        """Decayed personal frequency: people x items, sparse."""
        import scipy  # noqa: PLC0415  # half a second to import

        pairs = self.items
        shape = (len(self.known.people), len(self.known.items))
        return scipy.sparse.csr_matrix((pairs.decayed[:, column], (pairs.person, pairs.thing)), shape=shape)

    @cached_property
    def bought(self) -> Any:
        """What each person ever bought: people x items, sparse."""
        return self.known.matrix()

    def affinity(self, rows: Ints) -> Floats:
        """How much each person buys of an item's type, times how popular the item is among those of its type: rows x items.

        What has no type counts by its popularity alone, as if everybody bought some of it.
        """
        import scipy  # noqa: PLC0415  # half a second to import

        pairs = self.of_types
        shape = (len(self.known.people), pairs.width)
        own = scipy.sparse.csr_matrix((pairs.decayed[:, PLAIN], (pairs.person, pairs.thing)), shape=shape)
        taste = own[rows].toarray() / np.maximum(own[rows].sum(axis=1).A1[:, None], 1e-12)
        everybody = self._type_popular / max(self._type_popular.sum(), 1e-12)
        taste = 0.9 * taste + 0.1 * everybody
        month = self.popular[:, 1] + 1e-3 * self.popular[:, 2]
        typed = np.bincount(np.maximum(self.types, 0), month * (self.types >= 0), minlength=shape[1])
        share = month / np.maximum(typed[np.maximum(self.types, 0)], 1e-12)
        found = taste[:, np.maximum(self.types, 0)] * share
        scores: Floats = np.where(self.types >= 0, found, month / max(month.sum(), 1e-12))
        return scores

    def features(self, person: Ints, item: Ints) -> Floats:
        """Candidates (person and item of each) x NAMES."""
        own = self.items.columns(self.items.at(person, item))
        kind = self.types[item]
        typed = self.of_types.columns(self.of_types.at(person, kind))
        counts, gap, since, type_gap = own["baskets"], own["gap"], own["last"], typed["gap"]
        all_gap, buyers, had = self._of_items
        baskets, size, own_gap, own_since, repeats, distinct = (each[person] for each in self._of_people)
        week, month, ever = self.popular[item].T
        type_popular = np.where(kind >= 0, self._type_popular[kind], ever)
        columns = [
            *own["decayed"].T,
            *own["recent"].T,
            counts,
            counts / np.maximum(baskets, 1),
            since,
            own["first"],
            gap,
            since / np.where(gap > 0, gap, np.nan),
            own["newest"],
            own["place"],
            own["decayed"][:, PLAIN] / np.maximum(self._own_best[person], 1e-12),
            week,
            month,
            ever,
            (week + 1e-5) / (month + 1e-5),
            buyers[item],
            had[item] / np.maximum(buyers[item], 1),
            all_gap[item],
            since / all_gap[item],
            typed["decayed"][:, PLAIN],
            typed["last"],
            type_gap,
            typed["last"] / np.where(type_gap > 0, type_gap, np.nan),
            own["decayed"][:, PLAIN] / np.maximum(typed["decayed"][:, PLAIN], 1e-12),
            ever / np.maximum(type_popular, 1e-12),
            type_popular,
            baskets,
            size,
            own_gap,
            own_since,
            repeats,
            distinct,
        ]
        return np.column_stack(columns).astype(np.float32)

    def _pairs(self, thing: Ints, width: int) -> Pairs:
        known = self.known
        there = thing >= 0
        person, basket = known.line_person[there], known.basket[there]
        key = person * width + thing[there]
        sequence = np.lexsort((basket, key))
        key, basket = key[sequence], basket[sequence]
        fresh = np.ones(len(key), dtype=np.bool_)
        fresh[1:] = (key[1:] != key[:-1]) | (basket[1:] != basket[:-1])
        key, basket = key[fresh], basket[fresh]  # a type once a basket
        keys, pair = np.unique(key, return_inverse=True)
        ago = (self.as_of[known.person] - known.day)[basket].astype(np.float64)
        age = known.ages[basket]
        had = known.counts[known.person[basket]]

        def summed(values: Floats) -> Floats:
            return np.bincount(pair, values, minlength=len(keys)).astype(np.float64)

        first = np.full(len(keys), -np.inf)
        last, newest = np.full(len(keys), np.inf), np.full(len(keys), np.inf)
        np.maximum.at(first, pair, ago)
        np.minimum.at(last, pair, ago)
        np.minimum.at(newest, pair, age.astype(np.float64))
        return Pairs(
            width=width,
            keys=keys,
            baskets=np.bincount(pair, minlength=len(keys)).astype(np.float64),
            first=first,
            last=last,
            newest=newest,
            decayed=np.column_stack([summed(np.exp(-ago / tau)) for tau in TAUS_DAYS]),
            recent=np.column_stack([summed((age < n) / np.minimum(had, n)) for n in LAST]),
        )

    @cached_property
    def _own_best(self) -> Floats:
        best = np.zeros(len(self.known.people))
        np.maximum.at(best, self.items.person, self.items.decayed[:, PLAIN])
        return best

    @cached_property
    def _of_items(self) -> tuple[Floats, Floats, Floats]:
        """Of each item: days from one basket of a person to the next (NaN where nobody came back), its buyers, and its baskets."""
        pairs, size = self.items, len(self.known.items)
        spans = np.bincount(pairs.thing, np.maximum(pairs.first - pairs.last, 0), minlength=size)
        again = np.bincount(pairs.thing, pairs.baskets - 1, minlength=size)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.where(again > 0, spans / again, np.nan)
        buyers = np.bincount(pairs.thing, minlength=size).astype(np.float64)
        had = np.bincount(pairs.thing, pairs.baskets, minlength=size).astype(np.float64)
        return np.where(gap > 0, gap, np.nan), buyers, had

    @cached_property
    def _of_people(self) -> tuple[Floats, ...]:
        """Of each person: baskets, mean size, days between baskets, days since the last, share of lines bought before, distinct items."""
        known, people = self.known, len(self.known.people)
        baskets = known.counts.astype(np.float64)
        lines = np.bincount(known.line_person, minlength=people).astype(np.float64)
        first, last = np.full(people, NEVER_DAYS), np.full(people, NEVER_DAYS)
        ago = (self.as_of[known.person] - known.day).astype(np.float64)
        oldest, newest = known.ages == baskets[known.person] - 1, known.ages == 0
        first[known.person[oldest]], last[known.person[newest]] = ago[oldest], ago[newest]
        distinct = np.bincount(self.items.person, minlength=people).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            gap = np.where(baskets > 1, (first - last) / (baskets - 1), np.nan)
            return baskets, lines / baskets, gap, last, 1 - distinct / lines, distinct

    @cached_property
    def _type_popular(self) -> Floats:
        """Of each type: the share of all baskets that hold any item of it, summed over items."""
        there = self.types >= 0
        popular = np.bincount(self.types[there], self.popular[there, 2], minlength=self.of_types.width)
        return popular.astype(np.float64)
