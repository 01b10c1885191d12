"""Questions: whom we ask about, as of which day, and what they really bought next.

The two published ways to cut a history in two, and nothing is taken out of the truth in either.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from oneshelf.decisions.recommend.baskets import Baskets, Ints

#: Of the published protocol: users with fewer baskets have no habits, and those with more are left out.
BASKETS_MIN, BASKETS_MAX = 3, 50
#: 72% of the users to learn from, 8% to choose by, 20% to report.
_LEARN, _CHOOSE = 0.72, 0.80
#: By date, the truth is somebody's first basket within this many days from the cut.
WITHIN_DAYS = 28


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """People asked about, with what was known before and what came next."""

    #: everybody's baskets before their `as_of`
    known: Baskets
    #: of each person (asked or not): the day, since 1970, as of which is asked
    as_of: Ints
    #: the people asked about, by number
    rows: Ints
    #: rows x items, sparse: 1 for what the next basket held
    truth: Any

    def only(self, kept: Any) -> Question:
        """The question about some of its rows."""
        return replace(self, rows=self.rows[kept], truth=self.truth[kept])


def last_baskets(baskets: Baskets, *, back: int = 0) -> Question:
    """Everybody's last basket, or the one `back` before it, from all before that; of people with `BASKETS_MIN` to `BASKETS_MAX` baskets.

    Others are not in it at all. The question is asked the day after the basket before: nobody knows when the next comes.
    """
    counts = baskets.counts
    kept = (counts >= BASKETS_MIN) & (counts <= BASKETS_MAX)
    baskets = baskets.where(kept[baskets.person])
    ages = baskets.ages
    known, truth = baskets.where(ages > back), baskets.where(ages == back)
    as_of = np.zeros(len(baskets.people), dtype=np.int64)
    np.maximum.at(as_of, known.person, known.day + 1)
    rows = truth.person[known.counts[truth.person] > 0]
    return Question(known=known, as_of=as_of, rows=rows, truth=_truth(truth, rows))


def first_baskets_from(baskets: Baskets, day: int, *, within: int = WITHIN_DAYS) -> Question:
    """The first basket within some days from a day of each person who had at least `BASKETS_MIN` before it."""
    known, later = baskets.before(day), baskets.where((baskets.day >= day) & (baskets.day < day + within))
    first = later.where(later.ages == later.counts[later.person] - 1)
    rows = first.person[known.counts[first.person] >= BASKETS_MIN]
    as_of = np.full(len(baskets.people), day, dtype=np.int64)
    return Question(known=known, as_of=as_of, rows=rows, truth=_truth(first, rows))


def split(question: Question, *, seed: int = 1) -> tuple[Question, Question, Question]:
    """The users drawn into three parts: to learn from, to choose by, to report."""
    drawn = np.random.default_rng(seed).permutation(len(question.rows))
    at = [int(len(drawn) * share) for share in (_LEARN, _CHOOSE)]
    learn, choose, report = (question.only(np.sort(part)) for part in np.split(drawn, at))
    return learn, choose, report


def _truth(baskets: Baskets, rows: Ints) -> Any:
    matrix = baskets.matrix()[rows]
    matrix.data[:] = 1.0
    return matrix
