"""Moves between places: goods that one place will not sell in time, brought to another where they are expected to earn more.

What goods at hand are worth to a line follows the curve of its orders (`Curve`): a piece sold before another order could bring its
like earns its price, one sold later saves buying it, and one thrown away brings its salvage. With fewer or more of them
the best order is another one, and that is counted. Which moves pay for themselves and for the trips that they need is a mixed-integer
program over all products together (HiGHS).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import scipy

from oneshelf.decisions.plan.arrays import Floats, Ints, Rows
from oneshelf.decisions.plan.curve import Worth
from oneshelf.decisions.plan.inputs import Inputs
from oneshelf.decisions.plan.result import Move, PlanPolicy
from oneshelf.decisions.plan.weighing import Block, blocks

#: From so much expected waste of goods at hand on, a line may give some away.
WASTE_MIN = 1.0
#: Parts into which what a line may give or take is cut.
PARTS = 6
#: Pairs of a giving and a taking line that are weighed at most; those with most to waste are.
PAIRS_MAX = 4_000


def moved(inputs: Inputs, worth: Worth, lucky: Floats, policy: PlanPolicy) -> tuple[Inputs, tuple[Move, ...]]:
    """The inputs after the moves that are expected to earn more than they cost, and these moves.

    They leave tonight and are on sale in the morning. Nothing moves while the policy names no cost of a piece.
    """
    if policy.move_minor is None:
        return inputs, ()
    found = _candidates(inputs, worth, lucky)
    if found is None:
        return inputs, ()
    flows = _solve(inputs, found, policy)
    flows = [(pair, pieces) for pair, pieces in flows if pieces]
    if not flows:
        return inputs, ()
    moves = tuple(_move(inputs, found, pair, pieces, policy.move_minor) for pair, pieces in flows)
    after = _shifted(inputs, [(found.rows[a], found.rows[b], pieces) for (a, b), pieces in flows])
    return replace(after, remarks=_told(inputs, moves)), moves


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidates:
    """Lines that could give or take, and what that would do to each."""

    #: lines of the plan
    rows: Rows
    gives: Rows
    #: pairs of positions in `rows`: who gives, who takes
    pairs: list[tuple[int, int]]
    #: lines x PARTS: pieces up to the end of each part
    cuts: Ints
    #: lines x PARTS: what a piece of the part loses its line, or earns it; never better further on
    slope: Floats


def _candidates(inputs: Inputs, worth: Worth, lucky: Floats) -> _Candidates | None:
    of_product: defaultdict[str, list[int]] = defaultdict(list)
    for row, (place, product) in enumerate(inputs.lines):
        if place is not None:
            of_product[product].append(row)
    ages = (inputs.expiring.sum(axis=1) > 0) & (inputs.arriving[:, 0] > 0)
    asked = [row for rows in of_product.values() if len(rows) > 1 for row in rows if ages[row]]
    if not asked:
        return None
    waste = np.zeros(len(inputs.lines))
    for block in blocks(inputs, worth, lucky, np.array(sorted(asked), dtype=np.intp)):
        waste[block.rows] = block.unserved.wasted.mean(axis=1)
    givers = [row for row in np.argsort(-waste).tolist() if waste[row] >= WASTE_MIN]
    pairs: list[tuple[int, int]] = []
    for row in givers:
        takers = [
            one for one in of_product[inputs.lines[row][1]]
            if waste[one] < WASTE_MIN and inputs.open[one, 0]
        ]  # fmt: skip
        if len(pairs) + len(takers) > PAIRS_MAX:
            break
        pairs += [(row, one) for one in takers]
    if not pairs:
        return None
    rows = np.array(sorted({row for pair in pairs for row in pair}), dtype=np.intp)
    at = {int(row): position for position, row in enumerate(rows)}
    gives = np.array(sorted({at[giver] for giver, _ in pairs}), dtype=np.intp)
    most = _most(inputs, rows, gives, waste, pairs=[(at[a], at[b]) for a, b in pairs])
    cuts = np.rint(most[:, None] * np.arange(1, PARTS + 1) / PARTS).astype(np.int64)
    slope = _slopes(inputs, worth, lucky, rows=rows, gives=gives, cuts=cuts)
    return _Candidates(
        rows=rows, gives=gives, pairs=[(at[a], at[b]) for a, b in pairs], cuts=cuts, slope=slope
    )


def _most(
    inputs: Inputs,
    rows: Rows,
    gives: Rows,
    waste: Floats,
    *,
    pairs: Iterable[tuple[int, int]],
) -> Floats:
    """By candidate: what it may give (twice what it would waste, as far as it is there), or take (all that may be given)."""
    most = np.zeros(len(rows))
    there = np.minimum(inputs.arriving[rows, 0], inputs.expiring[rows].sum(axis=1))
    most[gives] = np.minimum(np.ceil(2 * waste[rows[gives]]), np.floor(there[gives]))
    for giver, taker in pairs:
        most[taker] += most[giver]
    return most


def _slopes(inputs: Inputs, worth: Worth, lucky: Floats, *, rows: Rows, gives: Rows, cuts: Ints) -> Floats:
    """By candidate and part: what one piece of it changes. Estimates that would rise along the parts are held level."""
    sign = np.ones(len(rows))
    sign[gives] = -1.0
    left = _days_left(inputs, rows, gives)
    values = [_values(inputs, worth, lucky, rows)]
    for cut in cuts.T:
        changed = _with(inputs, rows, (sign * cut).astype(np.int64), left)
        values.append(_values(changed, worth, lucky, rows))
    pieces = np.diff(np.column_stack([np.zeros(len(rows)), cuts]), axis=1)
    slope = np.diff(np.column_stack(values), axis=1) / np.maximum(pieces, 1)
    slope[pieces == 0] = 0.0
    return np.minimum.accumulate(slope, axis=1)


def _days_left(inputs: Inputs, rows: Rows, gives: Rows) -> Ints:
    """By candidate: the last day (by column) of what is given of its product, the first of all that may be."""
    first = (inputs.expiring[rows] > 0).argmax(axis=1)
    of_product: dict[str, int] = {}
    for position in gives.tolist():
        product = inputs.lines[rows[position]][1]
        of_product[product] = min(of_product.get(product, inputs.days), int(first[position]))
    return np.array([of_product[inputs.lines[row][1]] for row in rows], dtype=np.int64)


def _values(inputs: Inputs, worth: Worth, lucky: Floats, rows: Rows) -> Floats:
    """By candidate: what its goods at hand and its best order are expected to bring."""
    out = np.zeros(len(inputs.lines))
    for block in blocks(inputs, worth, lucky, rows):
        out[block.rows] = _value(block, inputs, worth)
    return out[rows]


def _value(block: Block, inputs: Inputs, worth: Worth) -> Floats:
    served = (block.demand - block.unserved.missing).mean(axis=1, dtype=np.float64)
    price, cost = worth.price[block.rows], worth.cost[block.rows]
    soon = served[:, : block.next_day].sum(axis=1) * price
    later = served[:, block.next_day :].sum(axis=1) * cost
    wasted = block.unserved.wasted.mean(axis=1) * worth.salvage[block.rows]
    return np.asarray(soon + later + wasted + block.curve.profit(block.best(inputs)))


def _with(inputs: Inputs, rows: Rows, change: Ints, left: Ints) -> Inputs:
    """The inputs with fewer pieces (the soonest to go first) or more of them in some rows; those go after the day `left`."""
    arriving, expiring = inputs.arriving.copy(), inputs.expiring.copy()
    for row, pieces, day in zip(rows.tolist(), change.tolist(), left.tolist(), strict=True):
        arriving[row, 0] += pieces
        if pieces >= 0:
            expiring[row, day] += pieces
        else:
            expiring[row] -= _soonest(expiring[row], -pieces)
    return replace(inputs, arriving=arriving, expiring=expiring)


def _shifted(inputs: Inputs, moves: Iterable[tuple[int, int, int]]) -> Inputs:
    """The inputs after moves (giver, taker, pieces), one after the other; every piece keeps its own last day."""
    arriving, expiring = inputs.arriving.copy(), inputs.expiring.copy()
    for giver, taker, pieces in moves:
        taken = _soonest(expiring[giver], pieces)
        for row, sign in ((giver, -1), (taker, 1)):
            arriving[row, 0] += sign * pieces
            expiring[row] += sign * taken
    return replace(inputs, arriving=arriving, expiring=expiring)


def _soonest(expiring: Floats, pieces: int) -> Floats:
    """By day, which pieces of a line are the soonest to go."""
    before = np.cumsum(expiring) - expiring
    return np.clip(pieces - before, 0, expiring)


def _solve(inputs: Inputs, found: _Candidates, policy: PlanPolicy) -> list[tuple[tuple[int, int], int]]:
    """Whole pieces for each pair. Variables: pieces of each pair, pieces of each part of each line, and the trips."""
    pairs, lines = found.pairs, len(found.rows)
    place = [inputs.lines[row][0] for row in found.rows]
    trips = sorted({(place[a] or "", place[b] or "") for a, b in pairs})
    trip_of = {trip: number for number, trip in enumerate(trips)}
    parts = np.diff(np.column_stack([np.zeros(lines), found.cuts]), axis=1)
    count, of_parts = len(pairs), lines * PARTS
    earns = np.concatenate(
        [
            np.full(count, -float(policy.move_minor or 0)),
            found.slope.ravel(),
            np.full(len(trips), -float(policy.trip_minor)),
        ]
    )
    giver, taker = np.array(pairs, dtype=np.intp).T
    order = np.arange(count)
    # what a line gives or takes over all its pairs is what its parts hold
    flows = scipy.sparse.coo_array(
        (np.ones(2 * count), (np.concatenate([giver, taker]), np.concatenate([order, order]))),
        shape=(lines, count),
    )
    held = scipy.sparse.kron(scipy.sparse.identity(lines), np.ones((1, PARTS)))
    balance = scipy.sparse.hstack([flows, -held, scipy.sparse.coo_array((lines, len(trips)))])
    # nothing moves without its trip
    most = found.cuts[giver, -1].astype(float)
    trip = np.array([trip_of[place[a] or "", place[b] or ""] for a, b in pairs], dtype=np.intp)
    driven = scipy.sparse.hstack(
        [
            scipy.sparse.identity(count),
            scipy.sparse.coo_array((count, of_parts)),
            scipy.sparse.coo_array((-most, (order, trip)), shape=(count, len(trips))),
        ]
    )
    answer = scipy.optimize.milp(
        -earns,
        integrality=np.concatenate([np.ones(count), np.zeros(of_parts), np.ones(len(trips))]),
        bounds=scipy.optimize.Bounds(0, np.concatenate([most, parts.ravel(), np.ones(len(trips))])),
        constraints=[
            scipy.optimize.LinearConstraint(balance.tocsr(), 0, 0),
            scipy.optimize.LinearConstraint(driven.tocsr(), ub=0),
        ],
        options={"time_limit": policy.seconds, "mip_rel_gap": 1e-3},
    )
    if answer.x is None:
        return []
    return [(pair, round(pieces)) for pair, pieces in zip(pairs, answer.x[:count].tolist(), strict=True)]


def _move(inputs: Inputs, found: _Candidates, pair: tuple[int, int], pieces: int, cost_minor: int) -> Move:
    giver, taker = (int(found.rows[at]) for at in pair)
    left = np.flatnonzero(inputs.expiring[giver] > 0)
    # what the pieces change on both sides, without the trip, which others share
    gain = sum(_first(found, at, pieces) for at in pair) - pieces * cost_minor
    return Move(
        product_id=inputs.lines[giver][1],
        from_place=inputs.lines[giver][0] or "",
        to_place=inputs.lines[taker][0] or "",
        pieces=pieces,
        last_day=inputs.day(int(left[0])),
        earns_minor=round(gain),
    )


def _first(found: _Candidates, at: int, pieces: int) -> float:
    """What the first so many pieces of a line change."""
    parts = np.diff(np.concatenate([[0], np.minimum(found.cuts[at], pieces)]))
    return float((parts * found.slope[at]).sum())


def _told(inputs: Inputs, moves: Iterable[Move]) -> tuple[tuple[str, ...], ...]:
    """The remarks of every line with what leaves it and what comes to it."""
    said: defaultdict[tuple[str | None, str], list[str]] = defaultdict(list)
    for move in moves:
        said[move.from_place, move.product_id].append(f"Tonight {move.pieces:,} go to {move.to_place}.")
        said[move.to_place, move.product_id].append(f"Tonight {move.pieces:,} come from {move.from_place}.")
    before = inputs.remarks or ((),) * len(inputs.lines)
    return tuple((*told, *said.get(line, ())) for told, line in zip(before, inputs.lines, strict=True))
