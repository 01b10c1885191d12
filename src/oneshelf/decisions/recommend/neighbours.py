"""Neighbours: TIFU-KNN and UP-CF as published. Both add what people alike buy to what a person buys."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from oneshelf.decisions.recommend.baskets import Baskets, Floats, Ints
from oneshelf.decisions.recommend.habits import recent_frequency
from oneshelf.decisions.recommend.lists import Scorer


class Tifu(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of TIFU-KNN, by the names of the paper; the defaults are its own for Ta-Feng."""

    neighbours: int = 300
    within_decay: float = 0.9
    group_decay: float = 0.7
    alpha: float = 0.7
    groups: int = 7


class UpCf(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of UP-CF@r, by the names of the paper."""

    recency: int = 25
    locality: int = 5
    asymmetry: float = 0.25


def personal_vectors(known: Baskets, parameters: Tifu) -> Any:
    """The temporal item frequencies of TIFU-KNN: people x items, sparse.

    A person's baskets are cut into groups, the later ones one larger where they do not come out even. A basket fades by `within_decay` for each that came
    after it, and by `group_decay` for each group after its own. (The paper's formula counts the first anew in each group; the authors' code, from which the
    published figures come, counts it over all baskets, and so does this.)
    """
    count = known.counts[known.person]
    nth = count - 1 - known.ages
    groups = np.minimum(count, parameters.groups)
    base, larger = count // groups, count % groups
    smaller = (groups - larger) * base
    in_smaller = nth < smaller
    group = np.where(in_smaller, nth // base, groups - larger + (nth - smaller) // (base + 1))
    size = np.where(in_smaller, base, base + 1)
    faded = parameters.within_decay**known.ages * parameters.group_decay ** (parameters.groups - 1.0 - group)
    return known.matrix(faded / size / groups)


def tifu_knn(known: Baskets, parameters: Tifu, *, panel: Ints) -> Scorer:
    """TIFU-KNN. The neighbours are people of the `panel`, by Euclidean distance; nobody is their own.

    Hu, He, Gao and Zhang, "Modeling Personalized Item Frequency Information for Next-basket Recommendation", SIGIR 2020.
    """
    vectors = personal_vectors(known, parameters)
    others = vectors[panel]
    turned = others.T.tocsr()
    squared = np.asarray(others.multiply(others).sum(axis=1)).ravel()

    def scores(rows: Ints) -> Floats:
        own = vectors[rows]
        distance = squared[None, :] - 2 * (own @ turned).toarray()
        distance[rows[:, None] == panel[None, :]] = np.inf
        weights = _mean_of(distance, min(parameters.neighbours, len(panel)))
        found: Floats = (weights @ others).toarray() * (1 - parameters.alpha)
        found += parameters.alpha * own
        return np.asarray(found)

    return scores


def up_cf(known: Baskets, parameters: UpCf, *, panel: Ints) -> Scorer:
    """UP-CF@r. Everybody in the panel votes by the share of their recent baskets that hold an item.

    Faggioli, Polato and Aiolli, "Recency Aware Collaborative Filtering for Next Basket Recommendation", UMAP 2020: the vote weighs the
    asymmetric cosine of what two people ever bought, to the power of `locality`; a person's own vote weighs 1.
    """
    bought = known.matrix()
    bought.data[:] = 1.0
    ever = np.maximum(np.asarray(bought.sum(axis=1)).ravel(), 1.0)
    votes = recent_frequency(known, baskets=parameters.recency)
    others, turned_votes = bought[panel].T.tocsr(), votes[panel].T.tocsr().astype(np.float32)
    alpha = parameters.asymmetry

    def scores(rows: Ints) -> Floats:
        alike = (bought[rows] @ others).toarray()
        alike /= ever[rows, None] ** alpha * ever[panel][None, :] ** (1 - alpha)
        alike[rows[:, None] == panel[None, :]] = 0.0
        found = np.ascontiguousarray((turned_votes @ (alike**parameters.locality).T.astype(np.float32)).T)
        found += votes[rows]
        return np.asarray(found)

    return scores


def _mean_of(distance: Floats, count: int) -> Any:
    """A matrix that takes the mean of the `count` nearest of each row; fewer where nobody else is there."""
    import scipy  # noqa: PLC0415  # half a second to import

    near = np.argsort(distance, axis=1, kind="stable")[:, :count]
    there = np.isfinite(np.take_along_axis(distance, near, axis=1))
    each = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    begin = np.arange(0, near.size + 1, count)
    return scipy.sparse.csr_matrix((each.ravel(), near.ravel(), begin), shape=distance.shape)
