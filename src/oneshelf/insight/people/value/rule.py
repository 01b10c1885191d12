"""Which method is shipped: the rule, stated before anything is measured, and decided on the past only.

Spend and orders. Calibrate one horizon before today, score the horizon that has passed. A method is admitted when its absolute
error of spend is below that of `naive`, person by person, with the whole 95% interval below zero. Of the admitted, the one with
the lowest error wins; methods whose error is not different from the lowest (their paired interval holds zero) are a tie, which
the rank correlation breaks. When none is admitted, `naive` is shipped.

Activity. A method is admitted when the AUC of its chance of an order within the horizon is above that of `naive`, with the whole 95%
bootstrap interval above zero. Of the admitted, the one whose chances have the best logarithmic score wins: first in the right
order, then of the right size.

Amounts beyond `summaries.ceiling` count as that much here, so that one slip of a till does not decide for everybody.

When there is too little past for that (less than two horizons of orders), nothing can be decided, and `naive` is shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from oneshelf.insight.people.value.measures import (
    Interval,
    auc,
    bootstrap,
    log_loss,
    paired,
    rank_correlation,
)
from oneshelf.insight.people.value.methods import METHODS, NAIVE, Scores
from oneshelf.insight.people.value.summaries import Floats, Outcomes, ceiling


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The method for spend and orders, and the one for activity.

    Against `naive`, on the past: the difference of the absolute errors in minor units, and of the AUC; None for `naive` itself.
    """

    spend: str
    active: str
    spend_against_naive: Interval | None = None
    active_against_naive: Interval | None = None


#: Without a past to decide on.
UNDECIDED = Choice(spend=NAIVE, active=NAIVE)


def choose(scores: Mapping[str, Scores], outcomes: Outcomes) -> Choice:
    """Apply the rule to what every method expected of the past horizon, and what happened in it."""
    came = outcomes.order_days > 0
    most = ceiling(outcomes.spend_minor)
    errors = {
        name: np.abs(np.minimum(each.spend_minor, most) - np.minimum(outcomes.spend_minor, most))
        for name, each in scores.items()
    }

    def gain(active: Floats, at: NDArray[np.intp]) -> float:
        return auc(active[at], came[at]) - auc(scores[NAIVE].active[at], came[at])

    better = {
        name: bootstrap(len(came), partial(gain, each.active))
        for name, each in scores.items()
        if name != NAIVE
    }
    spend = _winner(errors, lambda name: rank_correlation(scores[name].spend_minor, outcomes.spend_minor))
    above = [name for name in METHODS if name in better and better[name].low > 0]
    active = min(above, key=lambda name: float(log_loss(scores[name].active, came).mean()), default=NAIVE)
    return Choice(
        spend=spend,
        active=active,
        spend_against_naive=paired(errors[spend] - errors[NAIVE]) if spend != NAIVE else None,
        active_against_naive=better[active] if active != NAIVE else None,
    )


def _winner(costs: Mapping[str, Floats], tie: Callable[[str], float]) -> str:
    admitted = [
        name
        for name in METHODS
        if name in costs and name != NAIVE and paired(costs[name] - costs[NAIVE]).below_zero
    ]
    if not admitted:
        return NAIVE
    best = min(admitted, key=lambda name: float(costs[name].mean()))
    tied = [name for name in admitted if name == best or paired(costs[best] - costs[name]).high >= 0]
    # a correlation that does not exist ranks last; max takes the simplest of equals
    return max(tied, key=lambda name: np.nan_to_num(tie(name), nan=-2.0))
