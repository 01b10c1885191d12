"""Lists: the best few of many scores, for many people at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from oneshelf.decisions.recommend.baskets import Floats, Ints

#: Fills a list that ran out.
NOTHING = -1

#: People whose scores are held at a time: 256 rows of 100,000 items are 200 MB.
ROWS_A_TURN = 256

#: Scores of some people, by their numbers: rows x items, sparse or dense; only scores above 0 count.
Scorer = Callable[[Ints], Any]


def parts(rows: Ints) -> Iterator[Ints]:
    """The rows, some at a time."""
    return (rows[begin : begin + ROWS_A_TURN] for begin in range(0, len(rows), ROWS_A_TURN))


def best(scorer: Scorer, rows: Ints, k: int, *, order: Ints, without: Any = None) -> Ints:
    """The `k` items with the highest score above 0 of each row; rows x k, -1 where there are no more.

    Ties go to the item that `order` (of every item, its place) puts first. What `without` (people x items, sparse) holds is left out.
    """
    found = [
        best_of(scorer(part), k, order=order, without=None if without is None else without[part])
        for part in parts(rows)
    ]
    return np.concatenate(found or [np.zeros((0, k), dtype=np.int64)])


def best_of(scores: Any, k: int, *, order: Ints, without: Any = None) -> Ints:
    """`best` of scores that are there already."""
    if isinstance(scores, np.ndarray):
        if without is not None:
            scores = scores.copy()
            scores[np.repeat(np.arange(len(scores)), np.diff(without.indptr)), without.indices] = 0.0
        at = min(k, scores.shape[1]) - 1
        cut = scores.shape[1] - 1 - at
        least = np.partition(scores, cut, axis=1)[:, cut : cut + 1]
        row, item = np.nonzero((scores >= least) & (scores > 0))
        score = scores[row, item]
    else:
        scores = scores.tocsr()
        row = np.repeat(np.arange(scores.shape[0]), np.diff(scores.indptr))
        item, score = scores.indices.astype(np.int64), scores.data
        kept = score > 0
        if without is not None:
            kept &= ~held(without, row, item)
        row, item, score = row[kept], item[kept], score[kept]
    return first_of_each(row, item, (order[item], -score, row), rows=scores.shape[0], k=k)


def first_of_each(row: Ints, item: Ints, keys: tuple[Any, ...], *, rows: int, k: int) -> Ints:
    """The first `k` items of each row when sorted by the keys, of which the last is the row; rows x k, -1 where there are no more."""
    sequence = np.lexsort(keys)
    row, item = row[sequence], item[sequence]
    begin = np.searchsorted(row, np.arange(rows))
    place = np.arange(len(row)) - begin[row]
    found = np.full((rows, k), NOTHING, dtype=np.int64)
    shown = place < k
    found[row[shown], place[shown]] = item[shown]
    return found


def filled(lists: Ints, popular: Ints, *, without: Any = None) -> Ints:
    """The same lists (rows x k), filled up with the most popular items that they do not hold, nor `without` (rows x items, sparse).

    `popular` are items, the best first.
    """
    lists = lists.copy()
    for at in np.flatnonzero((lists == NOTHING).any(axis=1)):
        listed = lists[at][lists[at] != NOTHING]
        barred = listed if without is None else np.concatenate([listed, without[at].indices])
        # enough of the popular ones, however many of them are barred
        likely = popular[: lists.shape[1] + len(barred)]
        more = likely[~np.isin(likely, barred)][: lists.shape[1] - len(listed)]
        lists[at] = NOTHING
        lists[at, : len(listed) + len(more)] = np.concatenate([listed, more])
    return lists


def held(matrix: Any, row: Ints, item: Ints) -> Any:
    """Of each pair of row and item: whether a sparse matrix holds it."""
    return places_in(matrix, row, item) >= 0


def values_of(matrix: Any, row: Ints, item: Ints) -> Floats:
    """Of each pair of row and item: its value in a matrix, 0 where a sparse one holds none."""
    if isinstance(matrix, np.ndarray):
        dense: Floats = matrix[row, item].astype(np.float64)
        return dense
    at = places_in(matrix, row, item)
    data = matrix.data if matrix.nnz else np.zeros(1)
    return np.where(at >= 0, data[at], 0.0).astype(np.float64)


def places_in(matrix: Any, row: Ints, item: Ints) -> Ints:
    """Of each pair of row and item: its place in the data of a sparse matrix (CSR), or -1."""
    if not matrix.has_sorted_indices:
        matrix.sort_indices()
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    keys = rows * matrix.shape[1] + matrix.indices
    if not len(keys):
        return np.full(len(row), NOTHING, dtype=np.int64)
    wanted = np.asarray(row, dtype=np.int64) * matrix.shape[1] + item
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, NOTHING)
