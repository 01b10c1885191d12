"""Evaluate: the published next-basket protocols on a shop's own history, every method beside the plain ones.

Parameters and the method to ship are chosen on other people (`last-basket`) or on earlier days (`by-date`) than those that are reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Final, Literal

import msgspec
import numpy as np

from oneshelf.decisions.recommend import habits, neighbours, ranker, scores
from oneshelf.decisions.recommend.baskets import Baskets, Ints
from oneshelf.decisions.recommend.features import Past
from oneshelf.decisions.recommend.lists import NOTHING, Scorer, best, filled
from oneshelf.decisions.recommend.neighbours import Tifu, UpCf
from oneshelf.decisions.recommend.questions import (
    WITHIN_DAYS,
    Question,
    first_baskets_from,
    last_baskets,
    split,
)
from oneshelf.decisions.recommend.ranker import Ranker
from oneshelf.decisions.recommend.scores import ListScore
from oneshelf.errors import NotFound
from oneshelf.insight import gradient_boosting

Protocol = Literal["by-date", "last-basket"]

#: What is reported, and the longest list that is made.
SIZES: Final = (10, 20)
LONGEST: Final = max(SIZES)
#: The plain method that every other is compared with, and the plain list of what is new.
PLAIN: Final = "frequency_decayed"
PLAIN_NEW: Final = "popular_28_days"
RANKER: Final = "ranker"
#: A learnt list is shipped only where it is better beyond chance on what it is chosen by.
Z_MIN: Final = 2.0
#: How many earlier days are learnt from; and at most so many people of each, to choose by, to report, and to be neighbours.
LESSONS: Final = 3
LESSON_PEOPLE, CHOOSE_PEOPLE, REPORT_PEOPLE, PANEL_PEOPLE = 4_000, 2_000, 20_000, 5_000

TAUS_DAYS: Final = (60.0, 120.0, 240.0)
#: The parameters that the papers found best on one set or another.
TIFUS: Final = (
    Tifu(),
    Tifu(neighbours=900, within_decay=0.9, group_decay=0.7, alpha=0.9, groups=3),
    Tifu(neighbours=300, within_decay=0.95, group_decay=0.9, alpha=0.9, groups=10),
)
UP_CFS: Final = (
    UpCf(recency=5),
    UpCf(),
    UpCf(recency=100, locality=10),
)


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What was chosen on other people or earlier days."""

    tau_days: float
    tifu_knn: Tifu
    up_cf: UpCf
    #: the method to ship for the next basket, and the one for what is new
    next: str
    new: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """A method against the plain one, person by person: mean difference over its standard error."""

    method: str
    k: int
    recall_z: float
    ndcg_z: float


class RecommendReport(msgspec.Struct, frozen=True, kw_only=True):
    """How good each method's lists are. `frequency_decayed` and `popular_28_days` are the plain ones to beat."""

    protocol: Protocol
    #: the first day that is not known, by date
    cut: date | None
    people: int
    items: int
    #: mean share of the true basket that its person had bought before
    bought_before: float
    chosen: Choice
    #: the list for the next basket, against all of the truth, what had been bought before, and what was new
    next: tuple[ListScore, ...]
    next_against_plain: tuple[Compared, ...]
    #: the list of its own of what is new, against what was new in the truth
    new: tuple[ListScore, ...]
    new_against_plain: tuple[Compared, ...]

    def score(self, method: str, k: int = 10, part: scores.Part = "all") -> ListScore | None:
        """One method's score for the next basket, if it was measured."""
        return next((s for s in self.next if (s.method, s.k, s.part) == (method, k, part)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exam:
    """A question, what is known at it, and where to learn from."""

    question: Question
    past: Past
    #: whose habits may be neighbours
    panel: Ints
    lessons: tuple[tuple[Past, Question], ...]
    #: what was learnt from the lessons, by list; shared by exams that have the same ones
    rankers: dict[ranker.List, Ranker | None] = field(default_factory=dict)


def evaluate(
    baskets: Baskets, types: Ints, *, protocol: Protocol = "by-date", cut: date | None = None
) -> RecommendReport:
    """Score every method. `types` numbers each item's type, -1 where it has none.

    By date, the truth is each person's first basket in the 28 days from `cut`; without one, 28 days before the newest basket. Raises NotFound when nobody's
    next basket is known.
    """
    if not len(baskets):
        raise NotFound("Nobody has bought anything yet.", "Load orders first.")
    if protocol == "by-date":
        newest = date(1970, 1, 1) + timedelta(days=int(baskets.day.max()))
        cut = cut or newest - timedelta(days=WITHIN_DAYS - 1)
        choosing, reporting = _by_date(baskets, types, cut)
    else:
        cut = None
        choosing, reporting = _by_person(baskets, types)
    if not len(choosing.question.rows) or not len(reporting.question.rows):
        raise NotFound(
            "There is nobody whose next basket is known.",
            "The protocols ask for people with three baskets and more and one after them, by date also 28 days earlier, to choose by.",
        )
    choice = _choose(choosing)
    lists = _next_lists(reporting, choice)
    new_lists = _new_lists(reporting, choice)
    question, bought = reporting.question, reporting.past.bought[reporting.question.rows]
    truths = scores.parted(question.truth, bought)
    return RecommendReport(
        protocol=protocol,
        cut=cut,
        people=len(question.rows),
        items=len(baskets.items),
        bought_before=float(
            np.mean(np.diff(truths["repeats"].indptr) / np.maximum(np.diff(question.truth.indptr), 1))
        ),
        chosen=choice,
        next=tuple(
            scores.score(method, part, k, scores.judged(found, truth, k))
            for method, found in lists.items()
            for part, truth in truths.items()
            for k in SIZES
        ),
        next_against_plain=_compared(lists, truths["all"], PLAIN),
        new=tuple(
            scores.score(method, "new", k, scores.judged(found, truths["new"], k))
            for method, found in new_lists.items()
            for k in SIZES
        ),
        new_against_plain=_compared(new_lists, truths["new"], PLAIN_NEW),
    )


def _by_date(baskets: Baskets, types: Ints, cut: date) -> tuple[_Exam, _Exam]:
    day = (cut - date(1970, 1, 1)).days
    asked = [
        _asked(first_baskets_from(baskets, day - WITHIN_DAYS * back), types) for back in range(LESSONS + 2)
    ]
    known = [exam for exam in asked if len(exam[1].rows)]

    def exam(at: int, people: int) -> _Exam:
        past, question = asked[at]
        lessons = tuple((p, _some(q, LESSON_PEOPLE)) for p, q in known if p.as_of.max() < past.as_of.max())
        everybody = np.flatnonzero(question.known.counts > 0)
        return _Exam(
            question=_some(question, people),
            past=past,
            panel=everybody[_evenly(len(everybody), PANEL_PEOPLE)],
            lessons=lessons[:LESSONS],
        )

    return exam(1, CHOOSE_PEOPLE), exam(0, REPORT_PEOPLE)


def _by_person(baskets: Baskets, types: Ints) -> tuple[_Exam, _Exam]:
    past, question = _asked(last_baskets(baskets), types)
    learn, choose, report = split(question)
    earlier, before = _asked(last_baskets(baskets, back=1), types)
    lessons = ((past, _some(learn, LESSON_PEOPLE)), (earlier, _some(before, LESSON_PEOPLE)))
    panel = learn.rows[_evenly(len(learn.rows), PANEL_PEOPLE)]
    rankers: dict[ranker.List, Ranker | None] = {}
    choosing, reporting = (
        _Exam(question=_some(part, people), past=past, panel=panel, lessons=lessons, rankers=rankers)
        for part, people in ((choose, CHOOSE_PEOPLE), (report, REPORT_PEOPLE))
    )
    return choosing, reporting


def _asked(question: Question, types: Ints) -> tuple[Past, Question]:
    return Past(question.known, question.as_of, types), question


def _choose(exam: _Exam) -> Choice:
    """Every parameter by recall of the first ten, the simplest first; what is learnt only where it is better beyond chance."""
    by_tau = {tau: _decayed(exam, tau) for tau in TAUS_DAYS}
    by_tifu = {
        each: _listed(exam, neighbours.tifu_knn(exam.past.known, each, panel=exam.panel)) for each in TIFUS
    }
    by_up_cf = {
        each: _listed(exam, neighbours.up_cf(exam.past.known, each, panel=exam.panel)) for each in UP_CFS
    }
    tau, tifu, up_cf = (_best(exam, by) for by in (by_tau, by_tifu, by_up_cf))
    lists = {PLAIN: by_tau[tau], "tifu_knn": by_tifu[tifu], "up_cf": by_up_cf[up_cf], **_learnt(exam, "next")}
    new = scores.parted(exam.question.truth, exam.past.bought[exam.question.rows])["new"]
    new_lists = {PLAIN_NEW: _popular_new(exam, 1), "type_affinity": _affinity(exam), **_learnt(exam, "new")}
    return Choice(
        tau_days=tau,
        tifu_knn=tifu,
        up_cf=up_cf,
        next=_surely_best(lists, exam.question.truth, PLAIN, 10),
        new=_surely_best(new_lists, new, PLAIN_NEW, 20),
    )


def _next_lists(exam: _Exam, choice: Choice) -> dict[str, Ints]:
    """Every method's list for the next basket; what runs out is filled with what is popular."""
    past, panel = exam.past, exam.panel
    nothing = np.full((len(exam.question.rows), LONGEST), NOTHING, dtype=np.int64)
    return {
        "popular": filled(nothing, habits.by_popularity(past.popular[:, 2])),
        "popular_7_days": filled(nothing, habits.by_popularity(past.popular[:, 0])),
        "frequency": _listed(exam, past.bought.__getitem__),
        PLAIN: _decayed(exam, choice.tau_days),
        "tifu_knn": _listed(exam, neighbours.tifu_knn(past.known, choice.tifu_knn, panel=panel)),
        "up_cf": _listed(exam, neighbours.up_cf(past.known, choice.up_cf, panel=panel)),
        **_learnt(exam, "next"),
    }


def _new_lists(exam: _Exam, choice: Choice) -> dict[str, Ints]:
    """Every method's list of what is new to each person."""
    up_cf = neighbours.up_cf(exam.past.known, choice.up_cf, panel=exam.panel)
    return {
        "popular": _popular_new(exam, 2),
        "popular_7_days": _popular_new(exam, 0),
        PLAIN_NEW: _popular_new(exam, 1),
        "up_cf": _listed(exam, up_cf, without=exam.past.bought),
        "type_affinity": _affinity(exam),
        **_learnt(exam, "new"),
    }


def _learnt(exam: _Exam, which: ranker.List) -> dict[str, Ints]:
    """The ranker's list, where LightGBM is installed and there is enough to learn from."""
    if not gradient_boosting.installed():
        return {}
    if which not in exam.rankers:
        exam.rankers[which] = ranker.fit([(past, _of(which, past, q)) for past, q in exam.lessons], which)
    fitted = exam.rankers[which]
    if fitted is None:
        return {}
    return {RANKER: fitted.lists(exam.past, exam.question.rows, LONGEST)}


def _of(which: ranker.List, past: Past, question: Question) -> Question:
    """The question with only what is new in its truth, for the list of what is new."""
    if which == "next":
        return question
    return replace(question, truth=scores.parted(question.truth, past.bought[question.rows])["new"])


def _listed(exam: _Exam, scorer: Scorer, *, without: Any = None) -> Ints:
    rows, past = exam.question.rows, exam.past
    lists = best(scorer, rows, LONGEST, order=past.order, without=without)
    return filled(lists, past.sorted, without=None if without is None else without[rows])


def _decayed(exam: _Exam, tau_days: float) -> Ints:
    matrix = habits.decayed_frequency(exam.past.known, exam.past.as_of, tau_days=tau_days)
    return _listed(exam, matrix.__getitem__)


def _affinity(exam: _Exam) -> Ints:
    return _listed(exam, exam.past.affinity, without=exam.past.bought)


def _popular_new(exam: _Exam, column: int) -> Ints:
    nothing = np.full((len(exam.question.rows), LONGEST), NOTHING, dtype=np.int64)
    popular = habits.by_popularity(exam.past.popular[:, column])
    return filled(nothing, popular, without=exam.past.bought[exam.question.rows])


def _best(exam: _Exam, by: Mapping[Any, Ints]) -> Any:
    return max(by, key=lambda each: scores.judged(by[each], exam.question.truth, 10).recall.mean())


def _surely_best(lists: Mapping[str, Ints], truth: Any, plain: str, k: int) -> str:
    """The method with the highest recall of those that are better than the plain one beyond chance, or the plain one."""
    found = {method: scores.judged(each, truth, k) for method, each in lists.items()}
    sure = {
        method: float(np.nanmean(each.recall))
        for method, each in found.items()
        if method != plain and scores.paired_z(each.recall, found[plain].recall) > Z_MIN
    }
    return max(sure, key=sure.__getitem__) if sure else plain


def _compared(lists: Mapping[str, Ints], truth: Any, plain: str) -> tuple[Compared, ...]:
    return tuple(
        Compared(
            method=method,
            k=k,
            recall_z=scores.paired_z(ours.recall, theirs.recall),
            ndcg_z=scores.paired_z(ours.ndcg_cut, theirs.ndcg_cut),
        )
        for k in SIZES
        for theirs in (scores.judged(lists[plain], truth, k),)
        for method, ours in ((name, scores.judged(each, truth, k)) for name, each in lists.items())
        if method != plain
    )


def _some(question: Question, most: int) -> Question:
    return question if len(question.rows) <= most else question.only(_evenly(len(question.rows), most))


def _evenly(size: int, most: int) -> Ints:
    """At most so many places, spread evenly."""
    return (
        np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(np.int64))
        if size
        else np.zeros(0, np.int64)
    )
