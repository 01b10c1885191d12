"""The methods that compete: what each expects of everybody in the next days, from what was known before.

Every method is a function of a person's summary, so equal people get equal scores. What a method learns, it learns from origins:
earlier days, with what the people of then did afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy

from oneshelf.insight import gradient_boosting
from oneshelf.insight.people.value import boosting, dropout, spend
from oneshelf.insight.people.value.summaries import (
    QUARTER,
    SOON_DAYS,
    Floats,
    Outcomes,
    Summaries,
    capped,
    sample,
)

#: Spend of the last quarter, and for activity the days since the last order: what every other method must beat.
NAIVE: Final = "naive"
#: Last quarter and lifetime rate, in the proportion that was best before.
BLEND: Final = "blend"
#: BG/NBD or MBG/NBD, whichever explains the past better, with Gamma-Gamma.
DROPOUT: Final = "dropout"
#: Gradient boosting on portrait fields, starting from what `dropout` expects. Needs the extra `models`.
BOOSTING: Final = "boosting"
#: The mean of `naive` (for spend and orders), `dropout` and `boosting` where it is installed.
POOL: Final = "pool"

#: The simplest first: of methods that are equally good, the first is taken.
METHODS: Final = (NAIVE, BLEND, DROPOUT, BOOSTING, POOL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What a method expects of each person, in the order of a `Summaries`.

    `orders` counts days with an order. `active` is the chance of at least one within the horizon, `soon` within 28 days.
    """

    orders: Floats
    spend_minor: Floats
    active: Floats
    soon: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """An earlier day: the people of then, and what they did afterwards."""

    people: Summaries
    outcomes: Outcomes


def score(people: Summaries, past: Sequence[Origin], *, horizon: int) -> dict[str, Scores]:
    """Score everybody by every method that the past allows.

    `past` holds origins whose outcomes end by `people.as_of`, the newest first. Without any, nothing can be learnt from outcomes, so
    only `naive` and `dropout` are there, and `naive` takes the chances of `dropout`.
    """
    lost = _dropout(people, horizon)
    if not past:
        return {NAIVE: _naive(people, horizon, lost.scores), DROPOUT: lost.scores}
    chances = _by_recency(people, past)
    scores = {
        NAIVE: _naive(people, horizon, chances),
        BLEND: _blend(people, past[0], horizon, chances),
        DROPOUT: lost.scores,
    }
    pooled = [DROPOUT]
    if gradient_boosting.installed():
        scores[BOOSTING] = _boosting(people, past, lost, horizon)
        pooled.append(BOOSTING)
    scores[POOL] = _pool(scores[NAIVE], [scores[name] for name in pooled])
    return scores


@dataclass(frozen=True, slots=True, kw_only=True)
class _Dropped:
    """The scores of the dropout model, and what an order is expected to come to."""

    scores: Scores
    amount_minor: Floats


def _dropout(people: Summaries, horizon: int) -> _Dropped:
    some = sample(people)
    x, age = some["order_days"] - 1, some["age_days"]
    models = [dropout.fit(kind, x, age - some["recency_days"], age) for kind in ("bg", "mbg")]
    model = max(models, key=lambda each: each.log_likelihood)
    amounts = spend.fit(some["paid_days"], capped(some["paid_minor"] / np.maximum(some["paid_days"], 1)))
    x, age = people["order_days"] - 1, people["age_days"]
    t_x = age - people["recency_days"]
    mean = people["paid_minor"] / np.maximum(people["paid_days"], 1)
    amount = amounts.expected_amount(people["paid_days"], mean)
    orders = model.expected_orders(x, t_x, age, days=horizon)
    return _Dropped(
        scores=Scores(
            orders=orders,
            spend_minor=orders * amount,
            active=model.p_active(x, t_x, age, days=horizon),
            soon=model.p_active(x, t_x, age, days=SOON_DAYS),
        ),
        amount_minor=amount,
    )


def _naive(people: Summaries, horizon: int, chances: Scores | Mapping[str, Floats]) -> Scores:
    """What the last quarter brought, or as much of it as there is."""
    scale = horizon / min(QUARTER, max(people.history_days, 1))
    return _with_chances(
        people[f"order_days_last_{QUARTER}"] * scale, people[f"spend_last_{QUARTER}_minor"] * scale, chances
    )


def _blend(people: Summaries, origin: Origin, horizon: int, chances: Mapping[str, Floats]) -> Scores:
    def parts(each: Summaries) -> tuple[Scores, Scores]:
        seen = np.maximum(each["age_days"] + 1, min(horizon, each.history_days))
        rate = horizon / seen
        life = _with_chances(each["order_days"] * rate, each["spend_minor"] * rate, chances)
        return _naive(each, horizon, chances), life

    def weight(last: Floats, life: Floats, truth: Floats) -> float:
        tried = np.linspace(0.0, 1.0, 21)
        return float(tried[np.argmin([np.abs(w * last + (1 - w) * life - truth).mean() for w in tried])])

    last, life = parts(origin.people)
    now_last, now_life = parts(people)
    spent = [capped(each) for each in (last.spend_minor, life.spend_minor, origin.outcomes.spend_minor)]
    by_spend = weight(*spent)
    by_orders = weight(last.orders, life.orders, origin.outcomes.order_days)
    return _with_chances(
        by_orders * now_last.orders + (1 - by_orders) * now_life.orders,
        by_spend * now_last.spend_minor + (1 - by_spend) * now_life.spend_minor,
        chances,
    )


def _by_recency(people: Summaries, past: Sequence[Origin]) -> dict[str, Floats]:
    """The share of people of the same recency who came back, by a curve that only falls."""
    recency = np.concatenate([each.people["recency_days"] for each in past])
    order = np.argsort(recency, kind="stable")

    def curve(came: list[Floats]) -> Floats:
        fitted = scipy.optimize.isotonic_regression(np.concatenate(came)[order], increasing=False).x
        days, first = np.unique(recency[order], return_index=True)
        levels = np.add.reduceat(fitted, first) / np.diff([*first, len(fitted)])
        return np.interp(people["recency_days"], days, levels)

    return {
        "active": curve([(each.outcomes.order_days > 0).astype(np.float64) for each in past]),
        "soon": curve([(each.outcomes.soon_days > 0).astype(np.float64) for each in past]),
    }


def _boosting(people: Summaries, past: Sequence[Origin], lost: _Dropped, horizon: int) -> Scores:
    def known(each: Summaries, dropped: _Dropped) -> boosting.Known:
        scores = dropped.scores
        return boosting.Known(
            people=each,
            orders=scores.orders,
            amount_minor=dropped.amount_minor,
            active=scores.active,
            soon=scores.soon,
        )

    learnt = boosting.fit(
        [(known(each.people, _dropout(each.people, horizon)), each.outcomes) for each in past]
    )
    found = learnt.predict(known(people, lost))
    return Scores(
        orders=found["orders"], spend_minor=found["spend"], active=found["active"], soon=found["soon"]
    )


def _pool(naive: Scores, others: Sequence[Scores]) -> Scores:
    """Equal weights: learning them costs more than it brings (Bates and Granger, 1969; Smith and Wallis, 2009)."""
    count = len(others)
    return Scores(
        orders=(naive.orders + sum(each.orders for each in others)) / (count + 1),
        spend_minor=(naive.spend_minor + sum(each.spend_minor for each in others)) / (count + 1),
        active=np.asarray(sum(each.active for each in others) / count),
        soon=np.asarray(sum(each.soon for each in others) / count),
    )


def _with_chances(orders: Floats, spend_minor: Floats, chances: Scores | Mapping[str, Floats]) -> Scores:
    if isinstance(chances, Scores):
        return Scores(orders=orders, spend_minor=spend_minor, active=chances.active, soon=chances.soon)
    return Scores(orders=orders, spend_minor=spend_minor, active=chances["active"], soon=chances["soon"])
