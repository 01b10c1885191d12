"""Which method is shipped: the rule, stated before anything is measured, and decided on the past only.

Spend and orders. Calibrate one horizon before today, score the horizon that has passed. A method is admitted when its absolute
error of spend is below that of `naive`, person by person, with the whole 95% interval below zero. Of the admitted, the one with
the lowest error wins; methods whose error is not different from the lowest (their paired interval holds zero) are a tie, which
the rank correlation breaks. When none is admitted, `naive` is shipped.

Activity. The same by the logarithmic score of the chance of an order within the horizon, ties broken by the AUC.

Amounts beyond `summaries.ceiling` count as that much here, so that one slip of a till does not decide for everybody.

When there is too little past for that (less than two horizons of orders), nothing can be decided, and `naive` is shipped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from oneshelf.insight.people.value.measures import Interval, auc, log_loss, paired, rank_correlation
from oneshelf.insight.people.value.methods import METHODS, NAIVE, Scores
from oneshelf.insight.people.value.summaries import Floats, Outcomes, ceiling


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """The method for spend and orders, the one for activity, and by how much each beat `naive` on the past (None: not measured)."""

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
    losses = {name: log_loss(each.active, came) for name, each in scores.items()}
    spend = _winner(errors, lambda name: rank_correlation(scores[name].spend_minor, outcomes.spend_minor))
    active = _winner(losses, lambda name: auc(scores[name].active, came))
    return Choice(
        spend=spend,
        active=active,
        spend_against_naive=paired(errors[spend] - errors[NAIVE]) if spend != NAIVE else None,
        active_against_naive=paired(losses[active] - losses[NAIVE]) if active != NAIVE else None,
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
