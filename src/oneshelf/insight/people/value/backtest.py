"""Backtest: calibrate before a date, score what came after it. And the scoring of everybody for the night."""

from __future__ import annotations

from datetime import date, timedelta

import ibis.expr.types as ir
import msgspec
import numpy as np
import pyarrow as pa

from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.people.value import measures
from oneshelf.insight.people.value.measures import Interval
from oneshelf.insight.people.value.methods import METHODS, NAIVE, Origin, Scores, score
from oneshelf.insight.people.value.rule import UNDECIDED, Choice, choose
from oneshelf.insight.people.value.summaries import (
    LEARN_MAX,
    Floats,
    Outcomes,
    Run,
    Summaries,
    evenly,
    read_outcomes,
    read_summaries,
)

HORIZON_DAYS = 90

#: Origins lie this far apart, and each has this much history before it: with less, habits are not to be seen.
_STEP_DAYS, _ORIGINS, _HISTORY_DAYS_MIN = 28, 3, 56

EXPECTED_SCHEMA = pa.schema(
    [
        ("person_id", pa.string()),
        ("expected_orders_90_days", pa.float64()),
        ("expected_spend_90_days_minor", pa.int64()),
        ("p_active", pa.float64()),
    ]
)


class MethodScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one method did. None where a figure does not exist: nobody came, or everybody, or nothing was spent."""

    method: str
    #: mean of |expected - spent| over people, in minor units
    spend_error_minor: float
    rank_correlation: float | None
    #: what part of all spend the tenth with the highest expectation brought
    top_tenth_share: float | None
    #: sum of what was expected over sum of what was spent
    spend_ratio: float | None
    orders_error: float
    #: AUC of the chance of an order within the horizon, and of one within 28 days
    churn_auc: float | None
    lapse_auc: float | None
    #: mean logarithmic score of the chance of an order within the horizon; lower is better
    activity_loss: float


class Tenth(msgspec.Struct, frozen=True, kw_only=True):
    """Calibration: people of neighbouring expectations, what was expected of each on average, and what happened."""

    people: int
    expected: float
    happened: float


class ValueBacktest(msgspec.Struct, frozen=True, kw_only=True):
    """Calibrated to `cut`, scored on the `horizon_days` after it. Amounts are in minor units of one currency."""

    cut: date
    horizon_days: int
    currency: str | None = None
    people: int
    #: the share that the best tenth really brought
    top_tenth_ideal: float | None
    chosen: Choice
    scores: tuple[MethodScore, ...]
    #: of the chosen method for spend, less `naive`; None when that is `naive` itself
    error_against_naive: Interval | None
    rank_against_naive: Interval | None
    top_tenth_against_naive: Interval | None
    #: of the chosen method for activity, less `naive`
    churn_auc_against_naive: Interval | None
    lapse_auc_against_naive: Interval | None
    spend_by_tenth: tuple[Tenth, ...]
    activity_by_tenth: tuple[Tenth, ...]

    def score(self, method: str) -> MethodScore | None:
        """The score of one method, if the past allowed it."""
        return next((each for each in self.scores if each.method == method), None)


def backtest(
    run: Run, days: ir.Table, *, cut: date, horizon: int = HORIZON_DAYS, currency: str | None = None
) -> ValueBacktest:
    """Score every method on the `horizon` days after `cut`, knowing the days up to it and nothing else.

    `days` has the columns of `summaries.order_days`; `currency` is only noted. Raises NotFound when nobody had ordered by the cut, or
    none of them did after it, so that there is nothing to compare with.
    """
    _check(horizon)
    people, past, chosen = _decided(run, days, cut, horizon)
    truth = read_outcomes(run, days, people, horizon=horizon)
    if not truth.order_days.any():
        raise NotFound(
            f"Nobody of those before {cut} ordered in the {horizon} days after it.", "Choose an earlier date."
        )
    scores = score(people, past, horizon=horizon)
    naive, spend, active = scores[NAIVE], scores[chosen.spend], scores[chosen.active]
    spent, came, soon = truth.spend_minor, truth.order_days > 0, truth.soon_days > 0
    size, moved, chanced = len(people), chosen.spend != NAIVE, chosen.active != NAIVE
    return ValueBacktest(
        cut=cut,
        horizon_days=horizon,
        currency=currency,
        people=size,
        top_tenth_ideal=_number(measures.share_of_top(spent, spent)),
        chosen=chosen,
        scores=tuple(_score(name, scores[name], truth) for name in METHODS if name in scores),
        error_against_naive=measures.paired(
            np.abs(spend.spend_minor - spent) - np.abs(naive.spend_minor - spent)
        )
        if moved
        else None,
        rank_against_naive=measures.bootstrap(
            size,
            lambda at: (
                measures.rank_correlation(spend.spend_minor[at], spent[at])
                - measures.rank_correlation(naive.spend_minor[at], spent[at])
            ),
        )
        if moved
        else None,
        top_tenth_against_naive=measures.bootstrap(
            size,
            lambda at: (
                measures.share_of_top(spend.spend_minor[at], spent[at])
                - measures.share_of_top(naive.spend_minor[at], spent[at])
            ),
        )
        if moved
        else None,
        churn_auc_against_naive=measures.bootstrap(
            size,
            lambda at: measures.auc(active.active[at], came[at]) - measures.auc(naive.active[at], came[at]),
        )
        if chanced
        else None,
        lapse_auc_against_naive=measures.bootstrap(
            size, lambda at: measures.auc(active.soon[at], soon[at]) - measures.auc(naive.soon[at], soon[at])
        )
        if chanced
        else None,
        spend_by_tenth=_tenths(spend.spend_minor, spent),
        activity_by_tenth=_tenths(active.active, came.astype(np.float64)),
    )


def expected(run: Run, days: ir.Table, *, as_of: date) -> tuple[pa.Table, Choice]:
    """What everybody who ordered by `as_of` is expected to do in the next 90 days, and by which methods: EXPECTED_SCHEMA.

    Orders after `as_of` are not looked at. With nobody there the table is empty. Each person's row depends on their own summary
    and on what was learnt of all, so equal people have equal rows.
    """
    people, past, chosen = _decided(run, days, as_of, HORIZON_DAYS)
    if not len(people):
        return EXPECTED_SCHEMA.empty_table(), chosen
    scores = score(people, past, horizon=HORIZON_DAYS)
    spend = scores[chosen.spend]
    columns = [
        people.person_ids.cast(pa.string()),
        pa.array(spend.orders),
        pa.array(np.rint(spend.spend_minor).astype(np.int64)),
        pa.array(scores[chosen.active].active),
    ]
    return pa.table(columns, schema=EXPECTED_SCHEMA), chosen


def _decided(
    run: Run, days: ir.Table, as_of: date, horizon: int
) -> tuple[Summaries, tuple[Origin, ...], Choice]:
    """Everybody as of a day, what may be learnt from, and the rule's choice one horizon before."""
    people = read_summaries(run, days, as_of)
    past = _origins(run, days, as_of, people.history_days, horizon)
    if not past:
        return people, past, UNDECIDED
    before = past[0]
    earlier = _origins(run, days, before.people.as_of, before.people.history_days, horizon)
    if not earlier:
        return people, past, UNDECIDED
    return people, past, choose(score(before.people, earlier, horizon=horizon), before.outcomes)


def _origins(run: Run, days: ir.Table, as_of: date, history_days: int, horizon: int) -> tuple[Origin, ...]:
    """Earlier days whose outcomes are known by `as_of`, the newest first; none when the history is too short."""
    ages = [horizon + step * _STEP_DAYS for step in range(_ORIGINS)]
    found = []
    for age in ages:
        if history_days - age < _HISTORY_DAYS_MIN:
            break
        people = read_summaries(run, days, as_of - timedelta(days=age))
        outcomes = read_outcomes(run, days, people, horizon=horizon)
        if len(people) > LEARN_MAX:
            at = evenly(len(people))
            people, outcomes = people.take(at), outcomes.take(at)
        found.append(Origin(people=people, outcomes=outcomes))
    return tuple(found)


def _score(name: str, scores: Scores, truth: Outcomes) -> MethodScore:
    spent, came = truth.spend_minor, truth.order_days > 0
    total = float(spent.sum())
    return MethodScore(
        method=name,
        spend_error_minor=float(np.abs(scores.spend_minor - spent).mean()),
        rank_correlation=_number(measures.rank_correlation(scores.spend_minor, spent)),
        top_tenth_share=_number(measures.share_of_top(scores.spend_minor, spent)),
        spend_ratio=float(scores.spend_minor.sum()) / total if total > 0 else None,
        orders_error=float(np.abs(scores.orders - truth.order_days).mean()),
        churn_auc=_number(measures.auc(scores.active, came)),
        lapse_auc=_number(measures.auc(scores.soon, truth.soon_days > 0)),
        activity_loss=float(measures.log_loss(scores.active, came).mean()),
    )


def _tenths(scores: Floats, truth: Floats) -> tuple[Tenth, ...]:
    """People in ten groups by their score, the lowest first; fewer groups where many share one score."""
    edges = np.unique(np.quantile(scores, np.linspace(0.1, 0.9, 9)))
    group = np.searchsorted(edges, scores, side="left")
    return tuple(
        Tenth(
            people=int((group == each).sum()),
            expected=float(scores[group == each].mean()),
            happened=float(truth[group == each].mean()),
        )
        for each in np.unique(group)
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value


def _check(horizon: int) -> None:
    if horizon < 1:
        raise InvalidInput.of("horizon", horizon, "leaves nothing to score.", "Expected 1 or more days.")
