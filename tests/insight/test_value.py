"""Value: summaries from order days, the rule, backtests, and input that is hard on them."""

import itertools
from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.people.value import measures
from oneshelf.insight.people.value.backtest import EXPECTED_SCHEMA, backtest, expected
from oneshelf.insight.people.value.methods import METHODS, NAIVE, Scores
from oneshelf.insight.people.value.rule import choose
from oneshelf.insight.people.value.summaries import (
    Outcomes,
    from_flat,
    read_outcomes,
    read_summaries,
)

TODAY = date(2026, 3, 31)
Row = tuple[str, date, int]


_ENGINE = ibis.duckdb.connect()


def run(expression: ibis.Table) -> pa.Table:
    return _ENGINE.to_pyarrow(expression)


def table(rows: Sequence[Row]) -> ibis.Table:
    names = ("person_id", "day", "amount_minor")
    types = (pa.string(), pa.date32(), pa.int64())
    columns = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    flat = pa.table({name: pa.array(c, type=t) for name, c, t in zip(names, columns, types, strict=True)})
    return ibis.memtable(from_flat(flat))


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def shoppers(people: int = 400, days: int = 400, *, seed: int = 1) -> list[Row]:
    """People with a rhythm and a purse of their own, some of whom stop."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(people):
        rate, purse, risk = chance.gamma(1.5, 0.04), chance.gamma(4, 700), chance.beta(1, 8)
        at = float(chance.uniform(0, days / 2))
        while at < days:
            rows.append((f"p{number}", ago(days - 1 - int(at)), int(purse * chance.gamma(4, 0.25))))
            if chance.random() < risk:
                break
            at += chance.exponential(1 / rate)
    return rows


def test_a_summary_counts_what_happened_up_to_the_day() -> None:
    rows = [("ann", ago(100), 500), ("ann", ago(10), 300), ("ann", ago(10), 200), ("ann", ago(3), -100)]
    later = [("ann", ago(-1), 900), ("bob", ago(-2), 900)]
    people = read_summaries(run, table(rows + later), TODAY)
    assert people.person_ids.to_pylist() == ["ann"]
    assert {name: values[0] for name, values in people.columns.items()} == {
        "order_days": 2,
        "age_days": 100,
        "recency_days": 10,
        "spend_minor": 900,
        "paid_days": 2,
        "paid_minor": 1000,
        "gaps_squared": 8100,
        "order_days_last_28": 1,
        "order_days_last_91": 1,
        "order_days_last_182": 2,
        "order_days_last_364": 2,
        "spend_last_28_minor": 400,
        "spend_last_91_minor": 400,
        "spend_last_182_minor": 900,
        "spend_last_364_minor": 900,
    }
    after = read_outcomes(run, table(rows + later), people, horizon=90)
    assert (after.order_days[0], after.soon_days[0], after.spend_minor[0]) == (1, 1, 900)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(-40, 300), st.integers(-500, 5_000)), max_size=30)
)
def test_summaries_and_outcomes_agree_with_a_loop(drawn: list[tuple[str, int, int]]) -> None:
    rows = [(who, ago(days), amount) for who, days, amount in drawn]
    people = read_summaries(run, table(rows), TODAY)
    after = read_outcomes(run, table(rows), people, horizon=30)
    for at, who in enumerate(people.person_ids.to_pylist()):
        mine = [(days, amount) for one, days, amount in drawn if one == who]
        ordered = sorted({days for days, amount in mine if amount >= 0 and days >= 0}, reverse=True)
        assert people["order_days"][at] == len(ordered)
        assert people["recency_days"][at] == ordered[-1]
        gaps = [a - b for a, b in itertools.pairwise(ordered)]
        assert people["gaps_squared"][at] == sum(gap * gap for gap in gaps)
        assert people["spend_last_91_minor"][at] == sum(amount for days, amount in mine if 0 <= days < 91)
        assert after.spend_minor[at] == sum(amount for days, amount in mine if -30 <= days < 0)
    known = {who for who, days, amount in drawn if days >= 0 and amount >= 0}
    assert set(people.person_ids.to_pylist()) == known


def test_equal_people_get_equal_scores() -> None:
    rows = shoppers(150)
    twins = [(f"{who}-twin", day, amount) for who, day, amount in rows]
    found, _ = expected(run, table(rows + twins), as_of=TODAY)
    scores = {row.pop("person_id"): row for row in found.to_pylist()}
    assert scores
    assert all(scores[who] == scores[f"{who}-twin"] for who in scores if not who.endswith("twin"))


def test_the_order_of_rows_changes_nothing() -> None:
    rows = shoppers(100)
    assert expected(run, table(rows), as_of=TODAY) == expected(run, table(rows[::-1]), as_of=TODAY)


def test_a_backtest_scores_every_method_and_knows_nothing_of_what_came_after() -> None:
    rows, cut = shoppers(), ago(90)
    found = backtest(run, table(rows), cut=cut)
    assert {each.method for each in found.scores} == set(METHODS)
    spend = found.score(found.chosen.spend)
    naive = found.score(NAIVE)
    assert spend is not None
    assert naive is not None
    assert spend.spend_error_minor <= naive.spend_error_minor
    assert sum(tenth.people for tenth in found.spend_by_tenth) == found.people
    changed = [(who, day, amount if day <= cut else 3 * amount) for who, day, amount in rows]
    again = backtest(run, table(changed), cut=cut)
    assert again.chosen == found.chosen
    assert [t.expected for t in again.spend_by_tenth] == [t.expected for t in found.spend_by_tenth]


def test_expected_spend_of_simulated_people_comes_true() -> None:
    found = backtest(run, table(shoppers(1_500)), cut=ago(90))
    score = found.score("dropout")
    assert score is not None
    assert score.spend_ratio == pytest.approx(1.0, abs=0.12)
    assert score.churn_auc is not None
    assert score.churn_auc > 0.8


HARD: dict[str, list[Row]] = {
    "one person, one order": [("a", ago(200), 100)],
    "everybody on the same day": [(f"p{n}", ago(200), 100) for n in range(50)],
    "nobody repeats": [(f"p{n}", ago(n + 1), 100 + n) for n in range(300)],
    "a basket of a billion": [*shoppers(60), ("p1", ago(100), 100_000_000_000)],
    "everything given back": [*shoppers(60), *[(f"p{n}", ago(120), -9_000_000) for n in range(60)]],
    "orders of nothing": [(f"p{n % 9}", ago(n), 0) for n in range(300)],
    "orders in the future": [*shoppers(60), ("p0", date(2999, 1, 1), 5), ("p999", date(2999, 1, 1), 5)],
    "an order of 1900": [*shoppers(60), ("p0", date(1900, 1, 1), 5)],
    "a person who buys daily": [*shoppers(60), *[("daily", ago(n), 300) for n in range(399)]],
}


@pytest.mark.parametrize("name", HARD)
def test_hard_input_gets_finite_scores_of_everybody_who_ordered(name: str) -> None:
    rows = HARD[name]
    found, _ = expected(run, table(rows), as_of=TODAY)
    assert found.schema == EXPECTED_SCHEMA
    ordered = {who for who, day, amount in rows if ago(5 * 365) <= day <= TODAY and amount >= 0}
    assert set(found["person_id"].to_pylist()) == ordered
    for row in found.to_pylist():
        assert 0 <= row["p_active"] <= 1
        assert 0 <= row["expected_orders_90_days"] <= 100
        assert row["expected_spend_90_days_minor"] is not None


def test_a_basket_of_a_billion_does_not_change_what_others_are_expected_to_do() -> None:
    rows = shoppers(200)
    plain = {r["person_id"]: r for r in expected(run, table(rows), as_of=TODAY)[0].to_pylist()}
    huge = [*rows, ("p1", ago(100), 100_000_000_000)]
    changed = {r["person_id"]: r for r in expected(run, table(huge), as_of=TODAY)[0].to_pylist()}
    before = np.array([plain[who]["expected_spend_90_days_minor"] for who in plain if who != "p1"])
    after = np.array([changed[who]["expected_spend_90_days_minor"] for who in plain if who != "p1"])
    assert np.median(np.abs(after - before) / np.maximum(before, 100)) < 0.3


def test_nobody_gives_an_empty_table_and_a_clear_refusal_of_a_backtest() -> None:
    found, chosen = expected(run, table([]), as_of=TODAY)
    assert found.num_rows == 0
    assert chosen.spend == NAIVE
    with pytest.raises(NotFound):
        backtest(run, table([]), cut=TODAY)
    with pytest.raises(NotFound, match="after it"):
        backtest(run, table([("a", ago(3), 5)]), cut=TODAY)
    with pytest.raises(InvalidInput, match="horizon"):
        backtest(run, table([("a", ago(3), 5)]), cut=TODAY, horizon=0)
    with pytest.raises(InvalidInput, match="amount_minor"):
        from_flat(pa.table({"person_id": ["a"], "day": [TODAY]}))


def outcomes_of(spend: np.ndarray) -> Outcomes:
    came = (spend > 0).astype(float)
    return Outcomes(days=90, order_days=came, soon_days=came, spend_minor=spend)


def scores_of(spend: np.ndarray, active: np.ndarray) -> Scores:
    return Scores(orders=active, spend_minor=spend, active=active, soon=active)


def test_a_method_that_does_not_beat_the_naive_one_steps_aside() -> None:
    truth = np.random.default_rng(1).gamma(1, 100, 500)
    naive = scores_of(truth + 10, np.full(500, 0.9))
    noise = np.random.default_rng(2).normal(0, 10, 500)
    luck = scores_of(truth + 10 + noise, np.full(500, 0.9))
    assert choose({NAIVE: naive, "pool": luck}, outcomes_of(truth)).spend == NAIVE
    better = scores_of(truth + 5, np.full(500, 0.9))
    chosen = choose({NAIVE: naive, "pool": better}, outcomes_of(truth))
    assert (chosen.spend, chosen.active) == ("pool", NAIVE)
    assert chosen.spend_against_naive is not None
    assert chosen.spend_against_naive.high < 0


def test_chances_are_shipped_for_their_order_first_and_their_size_second() -> None:
    chance = np.random.default_rng(1).random(2_000)
    came = np.random.default_rng(2).random(2_000) < chance
    blurred = np.clip(chance + np.random.default_rng(3).normal(0, 0.4, 2_000), 0.05, 0.95)
    outcomes, spend = outcomes_of(came.astype(float)), np.zeros(2_000)
    scores = {
        NAIVE: scores_of(spend, blurred),
        "dropout": scores_of(spend, chance**3),  # the right order, but too low
        "boosting": scores_of(spend, chance),
        "pool": scores_of(spend, 1 - chance),
    }
    chosen = choose(scores, outcomes)
    assert chosen.active == "boosting"
    assert chosen.active_against_naive is not None
    assert chosen.active_against_naive.low > 0


def test_a_tie_of_errors_is_broken_by_rank_correlation() -> None:
    truth = np.arange(400, dtype=float)
    flip = np.where(np.arange(400) % 2 == 0, 30.0, -30.0)
    flat = scores_of(truth + flip, truth / 400)  # the same error as the next, in a worse order
    ordered = scores_of(truth + 30.0, truth / 400)
    naive = scores_of(truth + 90, truth / 400)
    assert choose({NAIVE: naive, "dropout": flat, "pool": ordered}, outcomes_of(truth)).spend == "pool"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=40))
def test_measures_agree_with_their_definitions(pairs: list[tuple[int, int]]) -> None:
    scores, truth = (np.array(side, dtype=float) for side in zip(*pairs, strict=True))
    if len(set(scores)) > 1 and len(set(truth)) > 1:
        assert measures.rank_correlation(scores, truth) == pytest.approx(spearmanr(scores, truth)[0])
    came = truth > 2
    wins = [(a > b) + 0.5 * (a == b) for a in scores[came] for b in scores[~came]]
    if wins:
        assert measures.auc(scores, came) == pytest.approx(np.mean(wins))
    if truth.sum():
        assert measures.share_of_top(truth, truth) <= 1
        assert measures.share_of_top(np.zeros(len(truth)), truth) == pytest.approx(
            max(1, round(len(truth) * 0.1)) / len(truth)
        )


def test_an_interval_of_paired_differences_holds_their_mean_nineteen_times_of_twenty() -> None:
    chance = np.random.default_rng(7)
    held = [
        interval.low <= 3 <= interval.high
        for interval in (measures.paired(chance.normal(3, 20, 200)) for _ in range(400))
    ]
    assert 0.92 < np.mean(held) < 0.98
