"""A plan made in the afternoon: its last day is not over, and what it sold so far counts as that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from oneshelf.app.core import Core
from oneshelf.app.goods.plans.ahead import Ahead
from oneshelf.app.goods.plans.at_hand import Lot
from oneshelf.app.goods.plans.past import Past
from oneshelf.decisions.plan.arrays import Bools, Floats
from oneshelf.insight.goods.forecast.rhythm import DAILY
from oneshelf.insight.goods.forecast.today import revise
from oneshelf.insight.goods.so_far import DAYS, done_by

#: Before so much of the day has passed, a place without a sale is not late.
LATE_FROM = 0.2


def passed(core: Core, day: date, now: datetime) -> dict[str | None, float]:
    """By place (None: over the whole chain), the share of a day's business that is usually done by now."""
    span = (day - timedelta(days=DAYS), day - timedelta(days=1))
    with core.analysis:
        rows = core.engine.run(done_by(core.engine.events("order.completed", days=span), day, now))
    counts = list(zip(*(rows[name].to_pylist() for name in ("place_id", "done", "whole")), strict=True))
    done, whole = (sum(each[at] for each in counts) for at in (1, 2))
    found: dict[str | None, float] = {place: part / total for place, part, total in counts if total}
    return {**found, None: done / whole if whole else 0.0}


def shares(past: Past, by_place: Mapping[str | None, float]) -> Floats:
    """By line: the share of the day that has passed at its place."""
    return np.array([by_place.get(place, by_place[None]) for place, _ in past.lines])


def so_far(ahead: Ahead, past: Past, share: Floats, late: Bools) -> tuple[Ahead, Floats]:
    """The days after today, and what today will still sell, by line. `ahead` begins with today; `late` lines sent nothing of it."""
    sold = np.where(late, np.nan, past.quantities[-1])
    today = revise(
        ahead.mean[:, 0],
        ahead.quantiles[:, 0, 0],
        ahead.quantiles[:, 0, -2],
        levels=(ahead.levels[0], ahead.levels[-2]),
        sold=sold,
        share=share,
        memory=DAILY.level_share,
    )
    after = replace(
        ahead,
        mean=ahead.mean[:, 1:] * today.factor[:, None],
        quantiles=ahead.quantiles[:, 1:] * today.factor[:, None, None],
    )
    return after, today.still


def less_sold(lots: Sequence[Lot], lines: Sequence[tuple[str | None, str]], still: Floats) -> list[Lot]:
    """Lots without what today will still sell of them, the oldest first."""
    wanted = {line: round(pieces) for line, pieces in zip(lines, still.tolist(), strict=True)}
    left = []
    for lot in sorted(lots, key=lambda lot: (lot.arrives_on or date.min, lot.expires_on or date.max)):
        line = (lot.place_id, lot.product_id)
        taken = min(lot.pieces, wanted.get(line, 0)) if lot.arrives_on is None else 0
        if taken:
            wanted[line] -= taken
        left.append(replace(lot, pieces=lot.pieces - taken))
    return left
