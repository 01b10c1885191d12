"""Recommendation: each published method against a plain reading of its paper, on random baskets."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
import scipy

from oneshelf.decisions.recommend import habits, ranker, scores
from oneshelf.decisions.recommend.baskets import SCHEMA, Baskets
from oneshelf.decisions.recommend.evaluate import PLAIN, evaluate
from oneshelf.decisions.recommend.features import NAMES, Past
from oneshelf.decisions.recommend.lists import best, filled
from oneshelf.decisions.recommend.neighbours import Tifu, UpCf, tifu_knn, up_cf
from oneshelf.decisions.recommend.questions import Question, first_baskets_from, last_baskets, split
from oneshelf.decisions.recommend.report import KINDS, written
from oneshelf.errors import NotFound
from oneshelf.insight import gradient_boosting

FIRST = date(2026, 1, 1)
#: baskets by person, the oldest first: day number and items
Plain = dict[int, list[tuple[int, set[int]]]]


def random_baskets(seed: int, *, people: int = 14, items: int = 9) -> tuple[Baskets, Plain]:
    """With many ties: few items, some people with one basket, several with the same."""
    chance = np.random.default_rng(seed)
    plain: Plain = {}
    for person in range(people):
        days = np.sort(chance.choice(120, size=chance.integers(1, 12), replace=False))
        plain[person] = [
            (int(day), set(chance.choice(items, size=chance.integers(1, 5)).tolist())) for day in days
        ]
    plain[people - 1] = plain[0]
    return baskets_of(plain), plain


def baskets_of(plain: Plain) -> Baskets:
    rows = [(f"p{p:04}", f"i{i:04}", day) for p, all_ in plain.items() for day, b in all_ for i in b]
    rows += [(f"p{0:04}", f"i{i:04}", plain[0][0][0]) for i in plain[0][0][1]]  # said twice
    order = np.random.default_rng(9).permutation(len(rows))
    who, what, day = zip(*(rows[at] for at in order), strict=True)
    days = pa.array([FIRST + timedelta(days=d) for d in day], pa.date32())
    return Baskets.of(pa.table([pa.array(who), pa.array(what), days], schema=SCHEMA))


def item(baskets: Baskets, number: int) -> int:
    return int(np.flatnonzero(baskets.items == f"i{number:04}")[0])


@pytest.mark.parametrize("seed", range(4))
def test_personal_frequencies_are_those_of_a_plain_count(seed: int) -> None:
    baskets, plain = random_baskets(seed)
    as_of = np.full(len(plain), (FIRST - date(1970, 1, 1)).days + 130)
    counted = habits.frequency(baskets).toarray()
    faded = habits.decayed_frequency(baskets, as_of, tau_days=30).toarray()
    recent = habits.recent_frequency(baskets, baskets=3).toarray()
    featured = Past(baskets, as_of, np.full(len(baskets.items), -1)).frequency().toarray()
    for person, own in plain.items():
        for number in {i for _, basket in own for i in basket}:
            at = person, item(baskets, number)
            days = [day for day, basket in own if number in basket]
            assert counted[at] == len(days)
            assert faded[at] == pytest.approx(sum(math.exp(-(130 - day) / 30) for day in days))
            assert featured[at] == pytest.approx(sum(math.exp(-(130 - day) / 120) for day in days))
            assert recent[at] == pytest.approx(
                sum(number in basket for _, basket in own[-3:]) / min(3, len(own))
            )
    assert counted.sum() == sum(len(basket) for own in plain.values() for _, basket in own)


@pytest.mark.parametrize("seed", range(4))
def test_tifu_knn_is_the_papers(seed: int) -> None:
    baskets, plain = random_baskets(seed)
    chosen = Tifu(neighbours=3, within_decay=0.8, group_decay=0.6, alpha=0.7, groups=4)
    panel = np.arange(0, len(plain), 2)
    found = tifu_knn(baskets, chosen, panel=panel)(np.arange(len(plain)))

    def vector(own: list[tuple[int, set[int]]]) -> np.ndarray:
        faded = []
        for nth, (_, basket) in enumerate(own):
            one = np.zeros(len(baskets.items))
            one[[item(baskets, number) for number in basket]] = chosen.within_decay ** (len(own) - 1 - nth)
            faded.append(one)
        count = min(len(faded), chosen.groups)
        sizes = [len(faded) // count + (group >= count - len(faded) % count) for group in range(count)]
        groups, begin = [], 0
        for size in sizes:
            groups.append(np.mean(faded[begin : begin + size], axis=0))
            begin += size
        weights = [chosen.group_decay ** (chosen.groups - 1 - at) for at in range(count)]
        return np.sum([w * g for w, g in zip(weights, groups, strict=True)], axis=0) / count

    vectors = np.array([vector(plain[person]) for person in plain])
    for person in plain:
        others = [other for other in panel if other != person]
        far = sorted(others, key=lambda other: ((vectors[person] - vectors[other]) ** 2).sum())
        edge = ((vectors[person] - vectors[far[2]]) ** 2).sum()
        beyond = ((vectors[person] - vectors[far[3]]) ** 2).sum()
        if beyond - edge < 1e-9:
            continue  # a tie for the last neighbour: either is right
        expected = 0.7 * vectors[person] + 0.3 * vectors[far[:3]].mean(axis=0)
        np.testing.assert_allclose(found[person], expected, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_up_cf_is_the_papers(seed: int) -> None:
    baskets, plain = random_baskets(seed)
    chosen = UpCf(recency=2, locality=3, asymmetry=0.25)
    panel = np.arange(len(plain))
    found = up_cf(baskets, chosen, panel=panel)(np.arange(len(plain)))
    ever = {person: set.union(*(basket for _, basket in own)) for person, own in plain.items()}
    for person in plain:
        for number in range(9):
            score = 0.0
            for other, own in plain.items():
                shared = len(ever[person] & ever[other])
                alike = shared / (len(ever[person]) ** 0.25 * len(ever[other]) ** 0.75)
                vote = sum(number in basket for _, basket in own[-2:]) / min(2, len(own))
                score += (1.0 if other == person else alike**3) * vote
            assert found[person, item(baskets, number)] == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dense", [False, True])
def test_the_best_are_those_of_a_plain_sort_and_ties_go_by_popularity(seed: int, dense: bool) -> None:
    chance = np.random.default_rng(seed)
    given = chance.integers(0, 4, (30, 12)).astype(float)
    barred = scipy.sparse.csr_matrix(chance.random((30, 12)) < 0.2, dtype=float)
    order = chance.permutation(12)
    matrix = given if dense else scipy.sparse.csr_matrix(given)
    rows = np.arange(30)
    lists = best(lambda part: matrix[part], rows, 6, order=order, without=barred)
    full = filled(lists, np.argsort(order), without=barred)
    for row in rows:
        allowed = [i for i in range(12) if not barred[row, i]]
        wanted = sorted((i for i in allowed if given[row, i] > 0), key=lambda i: (-given[row, i], order[i]))
        assert [i for i in lists[row] if i >= 0] == wanted[:6]
        rest = sorted((i for i in allowed if i not in wanted[:6]), key=lambda i: order[i])
        assert [i for i in full[row] if i >= 0] == [*wanted[:6], *rest][:6]


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_the_protocol(seed: int) -> None:
    chance = np.random.default_rng(seed)
    truth = scipy.sparse.csr_matrix(chance.random((40, 15)) < 0.25, dtype=float)
    bought = scipy.sparse.csr_matrix(chance.random((40, 15)) < 0.4, dtype=float)
    lists = np.array([chance.permutation(15)[:10] for _ in range(40)])
    lists[3, 5:] = -1
    parts = scores.parted(truth, bought)
    assert (parts["repeats"] + parts["new"] != truth).nnz == 0
    for name, part in parts.items():
        found = scores.judged(lists, part, 10)
        for row in range(40):
            true = set(part[row].indices)
            assert {bool(bought[row, i]) for i in true} <= {
                "all": {True, False},
                "repeats": {True},
                "new": {False},
            }[name]
            if not true:
                assert np.isnan([found.recall[row], found.ndcg[row], found.hit[row]]).all()
                continue
            right = [at for at, i in enumerate(lists[row]) if i in true]
            gain = sum(1 / math.log2(at + 2) for at in right)
            assert found.recall[row] == pytest.approx(len(right) / len(true))
            assert found.hit[row] == (len(right) > 0)
            assert found.ndcg[row] == pytest.approx(
                gain / sum(1 / math.log2(at + 2) for at in range(len(true)))
            )
            assert found.ndcg_cut[row] == pytest.approx(
                gain / sum(1 / math.log2(at + 2) for at in range(min(10, len(true))))
            )


def told(question: Question) -> dict[int, set[int]]:
    return {int(p): set(question.truth[at].indices.tolist()) for at, p in enumerate(question.rows)}


@pytest.mark.parametrize("seed", range(3))
def test_questions_hold_what_was_known_and_what_came_next(seed: int) -> None:
    baskets, plain = random_baskets(seed)
    base = (FIRST - date(1970, 1, 1)).days
    by_date = first_baskets_from(baskets, base + 60)
    wanted = {}
    for person, own in plain.items():
        later = [basket for day, basket in own if 60 <= day < 88]
        if sum(day < 60 for day, _ in own) >= 3 and later:
            wanted[person] = {item(baskets, number) for number in later[0]}
    assert told(by_date) == wanted
    assert (by_date.known.day < base + 60).all()
    last = last_baskets(baskets)
    assert told(last) == {
        p: {item(baskets, n) for n in own[-1][1]} for p, own in plain.items() if len(own) >= 3
    }
    for person in told(last):
        days = last.known.day[last.known.person == person] - base
        assert days.tolist() == [day for day, _ in plain[person][:-1]]
        assert last.as_of[person] == base + days[-1] + 1
    parts = split(last)
    assert sorted(p for part in parts for p in told(part)) == sorted(told(last))


def rhythm(people: int) -> tuple[Baskets, np.ndarray]:
    """A shop whose people buy staples every other week in turns, so that what is due tells more than how often."""
    chance = np.random.default_rng(3)
    plain: Plain = {}
    for person in range(people):
        turns = chance.permutation(12)
        plain[person] = [
            (
                week * 7,
                {int(i) for i in turns[(week % 2) * 6 : (week % 2) * 6 + 6]} | {int(chance.integers(12, 40))},
            )
            for week in range(int(chance.integers(8, 12)))
        ]
    baskets = baskets_of(plain)
    return baskets, np.arange(len(baskets.items)) % 5


def test_the_learnt_ranker_is_shipped_where_it_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("lightgbm")
    monkeypatch.setattr(ranker, "_ROUNDS", 25)
    baskets, types = rhythm(280)
    report = evaluate(baskets, types, protocol="last-basket")
    learnt, plain = report.score("ranker"), report.score(PLAIN)
    assert report.chosen.next == "ranker"
    assert learnt is not None
    assert plain is not None
    assert learnt.recall > plain.recall + 0.2
    assert {(c.method, c.k): c.recall_z for c in report.next_against_plain}["ranker", 10] > 5


def test_nothing_is_chosen_by_those_who_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gradient_boosting, "installed", lambda: False)
    baskets, types = rhythm(150)
    report = evaluate(baskets, types, protocol="last-basket")
    reported = split(last_baskets(baskets))[2].rows
    swapped = np.isin(baskets.line_person, reported) & (baskets.ages == 0)[baskets.basket]
    changed = replace(baskets, item=np.where(swapped, (baskets.item + 20) % 40, baskets.item))
    found = evaluate(changed, types, protocol="last-basket")
    assert found.chosen == report.chosen
    assert found.next != report.next


def test_an_evaluation_by_date_is_written_in_each_form_and_needs_a_next_basket() -> None:
    baskets, types = rhythm(60)
    report = evaluate(baskets, types)
    assert {s.method for s in report.next} >= {
        "popular",
        "popular_7_days",
        "frequency",
        PLAIN,
        "tifu_knn",
        "up_cf",
    }
    assert report.people == sum(
        s.people for s in report.next if (s.method, s.part, s.k) == ("popular", "all", 10)
    )
    for kind in KINDS:
        text = written(report, kind)
        assert "tifu_knn" in text
        assert (str(report.next[0].recall) if kind == "json" else f"{report.next[0].recall:.4f}") in text
    with pytest.raises(NotFound, match="next basket"):
        evaluate(baskets, types, cut=FIRST + timedelta(days=1))


def test_features_tell_nothing_of_the_day_asked_about_or_after() -> None:
    baskets, types = rhythm(20)
    day = (FIRST - date(1970, 1, 1)).days + 42
    cut = first_baskets_from(baskets, day)
    past = Past(cut.known, cut.as_of, types)
    pairs = ranker.candidates(past, cut.rows, "next")
    seen = past.features(pairs.person, pairs.item)
    assert seen.shape == (len(pairs.row), len(NAMES))
    own = past.frequency()
    at = NAMES.index("decayed_120_days")
    np.testing.assert_allclose(seen[:, at], np.asarray(own[pairs.person, pairs.item]).ravel(), rtol=1e-6)
    assert np.nanmin(seen[:, NAMES.index("days_since")]) >= 1
    new = ranker.candidates(past, cut.rows, "new")
    assert not np.asarray(past.bought[new.person, new.item]).any()
