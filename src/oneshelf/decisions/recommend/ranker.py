"""The learnt ranker: what of a person's habits, and of what is popular, goes into their next basket.

LightGBM's LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART", 2010) over the candidates of `candidates`. What people bought next after earlier
days is the label, so nothing of the day of asking or after it is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from oneshelf.decisions.recommend.baskets import Floats, Ints
from oneshelf.decisions.recommend.features import Past
from oneshelf.decisions.recommend.lists import NOTHING, best, filled, first_of_each, held, parts
from oneshelf.decisions.recommend.questions import Question
from oneshelf.insight import gradient_boosting

#: What a person bought that is looked at, and the popular that is looked at beside it.
OWN_MAX, POPULAR_MAX = 150, 30
#: What is new to a person: of types that they buy, and the popular.
TYPED_MAX, POPULAR_NEW_MAX = 100, 60
#: Fewer people whose next basket is known teach nothing.
LESSONS_MIN: Final = 200
_ROUNDS: Final = 200
_PARAMETERS: Final[dict[str, Any]] = {
    **gradient_boosting.SETTINGS,
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 100,
    "feature_fraction": 0.7,
    "seed": 1,
}


#: What is looked at for the next basket, and for what is new to a person.
List = Literal["next", "new"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Pairs of a row asked about and an item, by row."""

    row: Ints
    person: Ints
    item: Ints


def candidates(past: Past, rows: Ints, which: List) -> Candidates:
    """The items that each person bought most and the most popular; or, of what they never bought, the popular and those of types that they buy."""
    if which == "next":
        own = best(past.frequency().__getitem__, rows, OWN_MAX, order=past.order)
        popular = np.broadcast_to(past.sorted[:POPULAR_MAX], (len(rows), min(POPULAR_MAX, len(past.sorted))))
    else:
        own = best(past.affinity, rows, TYPED_MAX, order=past.order, without=past.bought)
        nothing = np.full((len(rows), POPULAR_NEW_MAX), NOTHING, dtype=np.int64)
        popular = filled(nothing, past.sorted, without=past.bought[rows])
    listed = np.concatenate([own, popular], axis=1)
    row, item = np.repeat(np.arange(len(rows)), listed.shape[1]), listed.ravel()
    width = len(past.known.items)
    keys = np.unique(row[item != NOTHING] * width + item[item != NOTHING])
    row = keys // width
    return Candidates(row=row, person=rows[row], item=keys % width)


@dataclass(frozen=True, slots=True)
class Ranker:
    """Fitted trees."""

    trees: Any
    which: List

    def lists(self, past: Past, rows: Ints, k: int) -> Ints:
        """The best `k` for each row; rows x k, -1 where there are no more candidates."""
        found = []
        for part in parts(rows):
            pairs = candidates(past, part, self.which)
            scores = self.scores(past, pairs)
            keys = (past.order[pairs.item], -scores, pairs.row)
            found.append(first_of_each(pairs.row, pairs.item, keys, rows=len(part), k=k))
        return np.concatenate(found or [np.zeros((0, k), dtype=np.int64)])

    def scores(self, past: Past, pairs: Candidates) -> Floats:
        """Of each candidate: a number that orders those of one person."""
        found: Floats = self.trees.predict(past.features(pairs.person, pairs.item))
        return found


def fit(lessons: Sequence[tuple[Past, Question]], which: List) -> Ranker | None:
    """Learn from questions whose truth is known; None when they are too few. Raises Unavailable without LightGBM."""
    if sum(len(question.rows) for _, question in lessons) < LESSONS_MIN:
        return None
    lightgbm = gradient_boosting.library("The learnt ranker", "models")
    seen, labels, groups = [], [], []
    for past, question in lessons:
        pairs = candidates(past, question.rows, which)
        seen.append(past.features(pairs.person, pairs.item))
        labels.append(held(question.truth, pairs.row, pairs.item).astype(np.float32))
        groups.append(np.bincount(pairs.row, minlength=len(question.rows)))
    data = lightgbm.Dataset(
        np.concatenate(seen), np.concatenate(labels), group=np.concatenate(groups), free_raw_data=True
    )
    return Ranker(lightgbm.train(_PARAMETERS, data, _ROUNDS), which)
