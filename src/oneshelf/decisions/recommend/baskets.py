"""Baskets: who bought what on which day, as arrays for many people at once. A basket is a person and a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: What `Baskets.of` reads: one row a product of a person's day.
SCHEMA: Final = pa.schema([("person_id", pa.string()), ("product_id", pa.string()), ("day", pa.date32())])


@dataclass(frozen=True, slots=True, kw_only=True)
class Baskets:
    """Baskets by person and then by day. People and items are numbered by their place in `people` and `items`."""

    people: NDArray[np.object_]
    items: NDArray[np.object_]
    #: of each basket: whose it is, and its day since 1970
    person: Ints
    day: Ints
    #: of each line: its basket, and its item; an item stands once in a basket
    basket: Ints
    item: Ints

    @classmethod
    def of(cls, rows: pa.Table) -> Baskets:
        """From rows under `SCHEMA`, in whatever order and with repeats; people and items sorted by id."""
        people, who = _numbered(rows["person_id"])
        items, what = _numbered(rows["product_id"])
        day = rows["day"].cast(pa.int32()).to_numpy(zero_copy_only=False).astype(np.int64)
        order = np.lexsort((what, day, who))
        who, day, what = who[order], day[order], what[order]
        fresh_basket = _changes(who, day)
        fresh_line = _changes(who, day, what)
        basket = np.cumsum(fresh_basket) - 1
        return cls(
            people=people,
            items=items,
            person=who[fresh_basket],
            day=day[fresh_basket],
            basket=basket[fresh_line],
            item=what[fresh_line],
        )

    def __len__(self) -> int:
        return len(self.person)

    @property
    def line_person(self) -> Ints:
        """Of each line: whose it is."""
        return self.person[self.basket]

    @property
    def line_day(self) -> Ints:
        """Of each line: its day."""
        return self.day[self.basket]

    @property
    def sizes(self) -> Ints:
        """How many items each basket holds."""
        return np.bincount(self.basket, minlength=len(self)).astype(np.int64)

    @property
    def counts(self) -> Ints:
        """How many baskets each person has."""
        return np.bincount(self.person, minlength=len(self.people)).astype(np.int64)

    @property
    def ages(self) -> Ints:
        """Of each basket: how many of the same person came after it; 0 for the newest."""
        return np.cumsum(self.counts)[self.person] - 1 - np.arange(len(self))

    def where(self, kept: Bools) -> Baskets:
        """Only some baskets; people and items keep their numbers."""
        lines = kept[self.basket]
        number = np.cumsum(kept) - 1
        return Baskets(
            people=self.people,
            items=self.items,
            person=self.person[kept],
            day=self.day[kept],
            basket=number[self.basket[lines]],
            item=self.item[lines],
        )

    def before(self, as_of: Ints | int) -> Baskets:
        """Only what happened before a day, or before each person's own day."""
        limit = np.broadcast_to(np.asarray(as_of), (len(self.people),))
        return self.where(self.day < limit[self.person])

    def matrix(self, weights: Floats | None = None) -> Any:
        """People x items, a sparse matrix (CSR): in how many baskets, or the sum of the weights of these baskets."""
        import scipy  # noqa: PLC0415  # half a second to import

        values = np.ones(len(self.item)) if weights is None else weights[self.basket]
        shape = (len(self.people), len(self.items))
        return scipy.sparse.csr_matrix((values, (self.line_person, self.item)), shape=shape)


def _numbered(column: Any) -> tuple[NDArray[np.object_], Ints]:
    """Every value once, in order, and of each row the number of its value."""
    coded = pc.dictionary_encode(column)
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    coded = coded.chunk(0) if isinstance(coded, pa.ChunkedArray) else coded
    names = coded.dictionary
    order = pc.sort_indices(names).to_numpy()
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    found = np.array(names.take(pa.array(order)).to_pylist(), dtype=object)
    return found, number[coded.indices.to_numpy()]


def _changes(*keys: Ints) -> Bools:
    """Where a sorted row differs from the one before it."""
    fresh = np.ones(len(keys[0]), dtype=np.bool_)
    if len(fresh):
        fresh[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return fresh
