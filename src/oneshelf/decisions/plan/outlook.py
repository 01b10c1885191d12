"""Next week's outlook for whoever grows or makes the goods: what they will be asked for, day by day, and how sure that is."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import msgspec
import numpy as np
import scipy

from oneshelf.decisions.plan.arrays import Floats
from oneshelf.decisions.plan.inputs import Inputs
from oneshelf.decisions.plan.scenarios import SCENARIOS, draw
from oneshelf.decisions.plan.weighing import HIGH, LOW

DAYS = 7

#: How much of a day's surprise places and products share: a warm weekend is warm everywhere.
LINES_TOGETHER = 0.3


class OutlookDay(msgspec.Struct, frozen=True, kw_only=True):
    """Demand of one day: expected, and its 10% and 90% quantiles, in pieces."""

    day: date
    mean: float
    low: int
    high: int


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Demand of one product over all places that one supplier serves, in the days ahead and over all of them together."""

    supplier_id: str | None
    product_id: str
    days: tuple[OutlookDay, ...] = ()
    mean: float = 0.0
    low: int = 0
    high: int = 0


def outlook(inputs: Inputs, *, days: int = DAYS, seed: int = 1) -> tuple[Outlook, ...]:
    """What each supplier will be asked for, the largest first; closed days count as none.

    Places are added up future by future; they share `LINES_TOGETHER` of their surprises, so that the sum is surer than each, and less
    sure than if they had nothing in common.
    """
    days = min(days, inputs.days)
    random = np.random.default_rng(seed)
    shared = random.standard_normal((SCENARIOS, days))
    groups: defaultdict[tuple[str | None, str], list[int]] = defaultdict(list)
    for row, (_, product_id) in enumerate(inputs.lines):
        groups[inputs.terms.supplier[row], product_id].append(row)
    found = []
    for (supplier_id, product_id), rows in groups.items():
        total = np.zeros((SCENARIOS, days))
        for row in rows:
            own = random.standard_normal((SCENARIOS, days))
            lucky = scipy.special.ndtr(np.sqrt(LINES_TOGETHER) * shared + np.sqrt(1 - LINES_TOGETHER) * own)
            wanted = draw(inputs.levels, inputs.quantiles[row : row + 1, :days], lucky)[0]
            total += wanted * inputs.open[row, :days]
        mean = (inputs.mean[rows, :days] * inputs.open[rows, :days]).sum(axis=0)
        told = tuple(map(inputs.day, range(days)))
        found.append(_summed(mean, total, told, Outlook(supplier_id=supplier_id, product_id=product_id)))
    return tuple(sorted(found, key=lambda one: (one.supplier_id or "", -one.mean, one.product_id)))


def _summed(mean: Floats, total: Floats, told: tuple[date, ...], of: Outlook) -> Outlook:
    low, high = int(LOW * SCENARIOS), int(HIGH * SCENARIOS)
    by_day, over_all = np.sort(total, axis=0), np.sort(total.sum(axis=1))
    days = tuple(
        OutlookDay(
            day=day, mean=round(float(mean[at]), 2), low=int(by_day[low, at]), high=int(by_day[high, at])
        )
        for at, day in enumerate(told)
    )
    return msgspec.structs.replace(
        of, days=days, mean=round(float(mean.sum()), 2), low=int(over_all[low]), high=int(over_all[high])
    )
