"""Scores of lists against the truth, as the published protocols define them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np

from oneshelf.decisions.recommend.baskets import Floats, Ints
from oneshelf.decisions.recommend.lists import NOTHING, held

Part = Literal["all", "repeats", "new"]


class ListScore(msgspec.Struct, frozen=True, kw_only=True):
    """How good one method's lists are, mean over people. People without truth of a part are left out of it."""

    method: str
    part: Part
    k: int
    people: int
    #: share of the true basket that is in the list, and its standard error
    recall: float
    recall_error: float
    #: the ideal list holds the whole true basket, however long (Li, Jullien, Ariannezhad and de Rijke, TOIS 2023)
    ndcg: float
    #: the ideal list is `k` long (Järvelin and Kekäläinen, TOIS 2002)
    ndcg_cut: float
    #: share of people with anything right
    hit_rate: float


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One figure a person, in the order of the rows asked; NaN for those without truth of the part."""

    recall: Floats
    ndcg: Floats
    ndcg_cut: Floats
    hit: Floats


def judged(lists: Ints, truth: Any, k: int) -> Judged:
    """Score the first `k` of each list (rows x at least k, -1 where there is none) against the truth (rows x items, sparse)."""
    lists = lists[:, :k]
    row = np.repeat(np.arange(len(lists)), lists.shape[1])
    right = (held(truth, row, np.maximum(lists.ravel(), 0)) & (lists.ravel() != NOTHING)).reshape(lists.shape)
    size = np.diff(truth.tocsr().indptr)
    gains = 1 / np.log2(np.arange(2, max(int(size.max(initial=1)), k) + 2))
    ideal = np.concatenate([[0.0], np.cumsum(gains)])
    gained = right @ gains[: lists.shape[1]]
    with np.errstate(invalid="ignore", divide="ignore"):
        return Judged(
            recall=right.sum(axis=1) / size,
            ndcg=gained / ideal[size],
            ndcg_cut=gained / ideal[np.minimum(size, k)],
            hit=np.where(size > 0, right.any(axis=1), np.nan),
        )


def parted(truth: Any, bought: Any) -> dict[Part, Any]:
    """The truth as a whole, what of it the person had bought before, and what was new; each rows x items, sparse."""
    ever = bought.copy()
    ever.data[:] = 1.0
    repeats = truth.multiply(ever).tocsr()
    new = (truth - repeats).tocsr()
    new.eliminate_zeros()
    return {"all": truth, "repeats": repeats, "new": new}


def score(method: str, part: Part, k: int, found: Judged) -> ListScore:
    """The mean over people."""
    has = ~np.isnan(found.recall)
    people = int(has.sum())
    if not people:
        return ListScore(
            method=method,
            part=part,
            k=k,
            people=0,
            recall=0.0,
            recall_error=0.0,
            ndcg=0.0,
            ndcg_cut=0.0,
            hit_rate=0.0,
        )
    return ListScore(
        method=method,
        part=part,
        k=k,
        people=people,
        recall=float(found.recall[has].mean()),
        recall_error=float(found.recall[has].std() / np.sqrt(people)),
        ndcg=float(found.ndcg[has].mean()),
        ndcg_cut=float(found.ndcg_cut[has].mean()),
        hit_rate=float(found.hit[has].mean()),
    )


def paired_z(ours: Floats, theirs: Floats) -> float:
    """The mean difference a person over its standard error: beyond 2 it is hardly chance."""
    apart = (ours - theirs)[~np.isnan(ours)]
    spread = apart.std() if len(apart) else 0.0
    return float(apart.mean() / (spread / np.sqrt(len(apart)))) if spread > 0 else 0.0
