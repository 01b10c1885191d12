"""What a plan came to: its quantities beside what was sold on its day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np

from oneshelf.app.core import Core
from oneshelf.app.goods.plans import past as pasts
from oneshelf.decisions.plan.result import PlanLine
from oneshelf.decisions.plan.scoring import Day, PlanScore, score_day
from oneshelf.errors import NotFound


def scored(
    core: Core, for_day: date, made: Sequence[PlanLine], changed: Sequence[PlanLine], *, margin_share: float
) -> PlanScore:
    """Score the lines whose goods were on sale that day: as they were ordered, as they were proposed, and plain ways beside them.

    A cost that is not known is what `margin_share` leaves of the price.
    Raises NotFound when nothing was sold on the day.
    """
    pairs = [(old, new) for old, new in zip(made, changed, strict=True) if new.arrives_on == for_day]
    sold = pasts.sold_on(core, for_day, by_place=any(new.place_id is not None for _, new in pairs))
    if not sold:
        raise NotFound(f"Nothing was sold on {for_day}.", "Score the plan when the day's sales are in.")
    lines = [new for _, new in pairs]
    price = np.array([1.0 if line.price_minor is None else line.price_minor for line in lines])
    cost = np.array([np.nan if line.cost_minor is None else line.cost_minor for line in lines], dtype=float)
    cost = np.where(np.isnan(cost), price * (1 - margin_share), cost)
    at_hand = np.array([line.at_hand for line in lines])
    day = Day(
        demand=np.array([float(max(sold.get((line.place_id, line.product_id), 0), 0)) for line in lines]),
        at_hand=at_hand,
        ages=np.array([line.life_days == 1 for line in lines], dtype=bool),
        margin=price - cost,
        cost=cost,
    )
    last_week = np.array([float(line.last_week) for line in lines])
    orders = {
        "plan": np.array([float(line.quantity) for line in lines]),
        "proposed": np.array([float(old.quantity) for old, _ in pairs]),
        "yesterday": np.array([float(line.before or 0) for line in lines]),
        "last_week": np.maximum(last_week - at_hand, 0),
    }
    if not any(line.before is not None for line in lines):
        del orders["yesterday"]
    notes = ["Sales are demand cut by what was there: what was sold out is missing from every figure alike."]
    if any(line.cost_minor is None for line in lines):
        notes.append(f"Where a cost is not known, a margin of {margin_share:.0%} was assumed.")
    return score_day(for_day, day, orders, notes=tuple(notes))
