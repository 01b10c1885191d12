"""Making a plan: each line's best quantity alone, then what lines share, then the words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oneshelf.decisions.plan import limits as sharing
from oneshelf.decisions.plan.arrays import Floats, Ints, Rows
from oneshelf.decisions.plan.curve import Curve, Worth
from oneshelf.decisions.plan.inputs import Inputs
from oneshelf.decisions.plan.limits import Limit, Wanted
from oneshelf.decisions.plan.moving import moved
from oneshelf.decisions.plan.result import Plan, PlanPolicy
from oneshelf.decisions.plan.scenarios import chances
from oneshelf.decisions.plan.weighing import Figures, blocks
from oneshelf.decisions.plan.writing import Decided, write

DEFAULT_POLICY = PlanPolicy()


def make_plan(inputs: Inputs, *, policy: PlanPolicy = DEFAULT_POLICY) -> Plan:
    """The quantities with the highest expected profit, for every line, with the words and figures to judge them by.

    Lines that share nothing are solved one by one (`Curve`); lines under a limit that would not hold, together
    (`limits.share`). The same inputs and policy make the same plan. Raises InvalidInput.
    """
    worth = inputs.terms.priced(policy.margin_share, policy.holding_share)
    lucky = chances(inputs.days, seed=policy.seed)
    inputs, moves = moved(inputs, worth, lucky, policy)
    wanted = np.zeros(len(inputs.lines), dtype=np.int64)
    figures = Figures.empty(len(inputs.lines))
    for block in blocks(inputs, worth, lucky):
        best = block.best(inputs)
        wanted[block.rows] = best
        figures.put(block.rows, block.figures(best))
    quantities = _shared(inputs, worth, lucky, wanted, policy)
    for block in blocks(inputs, worth, lucky, np.flatnonzero(quantities != wanted)):
        figures.put(block.rows, block.figures(quantities[block.rows]))
    decided = Decided(worth=worth, wanted=wanted, quantities=quantities, figures=figures, moves=moves)
    return write(inputs, decided, policy)


def _shared(inputs: Inputs, worth: Worth, lucky: Floats, wanted: Ints, policy: PlanPolicy) -> Ints:
    """Quantities within the limits. Only lines under a limit that `wanted` breaks can change, and none can grow."""
    broken = [limit for limit in inputs.limits if not limit.holds(wanted)]
    if not broken:
        return wanted
    rows = np.unique(np.concatenate([limit.lines for limit in broken]))
    rows = rows[wanted[rows] > 0]
    found = [(block.rows, block.curve) for block in blocks(inputs, worth, lucky, rows)]
    order = np.argsort(np.concatenate([members for members, _ in found]))
    pack = inputs.terms.pack_pieces[rows]
    asked = Wanted(
        lines=rows,
        curve=Curve.joined([curve for _, curve in found]).rows(order),
        best=wanted[rows],
        pack=pack,
        least=-(-inputs.terms.minimum_pieces[rows] // pack) * pack,
    )
    tight = [_only(limit, rows) for limit in broken]
    quantities = wanted.copy()
    quantities[rows] = sharing.share(asked, tight, fairness=policy.fairness, seconds=policy.seconds)
    return quantities


def _only(limit: Limit, rows: Rows) -> Limit:
    kept = np.isin(limit.lines, rows)
    return replace(limit, lines=limit.lines[kept], takes=limit.takes[kept])
