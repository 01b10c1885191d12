"""Limits that lines share (a supplier's capacity, scarce goods, a budget), and the best that can be had within them."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from oneshelf.decisions.plan.arrays import Bools, Floats, Ints, Rows
from oneshelf.decisions.plan.curve import Curve
from oneshelf.errors import InvalidInput

#: Parts into which a line's curve is cut at most, when quantities are weighed against each other.
PARTS = 12

#: Up to so many parts the division is solved in whole numbers, which is exact and grows steeply.
EXACT_PARTS = 2_000

#: How long the solver may look for something better, and how near to the bound is near enough.
SECONDS = 20.0
GAP = 1e-4

Kind = Literal["supply", "supplier", "warehouse", "budget"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `most` of something over some lines. `supply` is one product's goods, which places share fairly."""

    kind: Kind
    #: whose limit it is: a product's, supplier's, warehouse's or budget's name
    name: str
    #: the lines under it, by their place in the plan
    lines: Rows
    #: how much of it a piece of each of those lines takes, more than 0: 1, its volume, or its cost
    takes: Floats
    most: float

    def __post_init__(self) -> None:
        if not self.most >= 0:
            raise InvalidInput.of("most", self.most, "cannot be a limit.", "Expected 0 or more.")
        if len(self.takes) != len(self.lines) or not (self.takes > 0).all():
            raise InvalidInput.of(
                "takes", self.name, "does not say what a piece takes.", "Give a number above 0 for each line."
            )

    def used(self, quantities: Ints) -> float:
        """How much the quantities of the whole plan take."""
        return float((quantities[self.lines] * self.takes).sum())

    def holds(self, quantities: Ints) -> bool:
        """Whether it is kept, up to rounding."""
        return self.used(quantities) <= self.most * (1 + 1e-9) + 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The lines under limits that do not hold: their curves, and the quantities that would be best without limits."""

    #: the lines' places in the plan, ascending
    lines: Rows
    curve: Curve
    best: Ints
    pack: Ints
    #: the least that can be ordered of each line, in whole packs
    least: Ints


def share(
    wanted: Wanted, limits: Sequence[Limit], *, fairness: float = 0.5, seconds: float = SECONDS
) -> Ints:
    """The quantities with the highest expected profit that keep every limit, none above what would be best without them.

    Of scarce goods each place is first assured `fairness` of what a division in proportion to `best` would give it, in
    whole packs; profit decides about the rest. A mixed-integer program (HiGHS), whose answer is then filled up with what still
    fits; when the solver finds none in time, filling up alone.
    """
    at = {int(line): row for row, line in enumerate(wanted.lines)}
    rows = [np.array([at[int(line)] for line in limit.lines], dtype=np.intp) for limit in limits]
    floor = _assured(wanted, limits, rows, fairness)
    solved = _solve(wanted, limits, rows, floor, seconds)
    return _fill(wanted, limits, rows, floor if solved is None else solved)


def _assured(wanted: Wanted, limits: Sequence[Limit], rows: list[Rows], fairness: float) -> Ints:
    """What every line gets whatever it earns; 0 for lines that no scarce goods concern."""
    floor = np.zeros(len(wanted.lines))
    for limit, under in zip(limits, rows, strict=True):
        if limit.kind == "supply":
            ratio = limit.most / max(float((wanted.best[under] * limit.takes).sum()), 1e-9)
            floor[under] = wanted.best[under] * min(ratio, 1.0) * fairness
    for limit, under in zip(limits, rows, strict=True):
        taken = float((floor[under] * limit.takes).sum())
        if taken > limit.most:
            floor[under] *= limit.most / taken
    packs = np.floor(floor / wanted.pack + 1e-9).astype(np.int64) * wanted.pack
    return np.where(packs >= wanted.least, packs, 0)


def _solve(
    wanted: Wanted, limits: Sequence[Limit], rows: list[Rows], floor: Ints, seconds: float
) -> Ints | None:
    """How many units of every part of the curves; None when there is no answer in time.

    With many parts whole numbers are not asked for: the answer of a linear program has no more broken units than there are limits, and
    those are rounded down.
    """
    parts = _parts(wanted, floor)
    usage = scipy.sparse.vstack(
        [_usage(limit, under, parts, len(floor)) for limit, under in zip(limits, rows, strict=True)]
    )
    room = np.array(
        [
            limit.most - float((floor[under] * limit.takes).sum())
            for limit, under in zip(limits, rows, strict=True)
        ]
    )
    rules = [scipy.optimize.LinearConstraint(usage, ub=np.maximum(room, 0))]
    exact = len(parts.row) <= EXACT_PARTS
    if exact and parts.all_or_nothing.any():
        rules.append(_firsts_first(parts))
    answer = scipy.optimize.milp(
        -parts.earns,
        integrality=np.full(len(parts.earns), int(exact)),
        bounds=scipy.optimize.Bounds(0, parts.count),
        constraints=rules,
        options={"time_limit": seconds, "mip_rel_gap": GAP},
    )
    if answer.x is None:
        return None
    units = np.floor(answer.x + 1e-6)
    started = np.bincount(parts.row, weights=units * parts.all_or_nothing, minlength=len(floor)) > 0
    waits = np.bincount(parts.row, weights=parts.all_or_nothing, minlength=len(floor)) > 0
    units[(waits & ~started)[parts.row]] = 0
    chosen = np.bincount(parts.row, weights=units * parts.pieces, minlength=len(floor))
    return floor + chosen.astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """Pieces of curves, each with one slope: what the solver chooses whole numbers of."""

    row: Rows
    #: pieces of one unit: a pack, or a whole minimum order
    pieces: Ints
    #: how many units there are
    count: Ints
    #: expected profit a unit
    earns: Floats
    #: a minimum order that must be taken before any other part of its line
    all_or_nothing: Bools


def _parts(wanted: Wanted, floor: Ints) -> _Parts:
    needs_minimum = (floor < wanted.least) & (wanted.least > wanted.pack) & (wanted.best >= wanted.least)
    base = np.where(needs_minimum, wanted.least, floor)
    packs = (wanted.best - base) // wanted.pack
    cuts = np.rint(packs[:, None] * np.linspace(0, 1, PARTS + 1)).astype(np.int64)
    values = np.column_stack([wanted.curve.profit(base + cut * wanted.pack) for cut in cuts.T])
    count = np.diff(cuts, axis=1)
    row, part = np.nonzero(count > 0)
    earns = np.diff(values, axis=1)[row, part] / count[row, part]
    first = np.flatnonzero(needs_minimum)
    return _Parts(
        row=np.concatenate([first, row]),
        pieces=np.concatenate([wanted.least[first], wanted.pack[row]]),
        count=np.concatenate([np.ones(len(first), dtype=np.int64), count[row, part]]),
        earns=np.concatenate([values[first, 0], earns]),
        all_or_nothing=np.arange(len(first) + len(row)) < len(first),
    )


def _usage(limit: Limit, under: Rows, parts: _Parts, lines: int) -> scipy.sparse.csr_array:
    takes = np.zeros(lines)
    takes[under] = limit.takes
    return scipy.sparse.csr_array((takes[parts.row] * parts.pieces)[None])


def _firsts_first(parts: _Parts) -> scipy.optimize.LinearConstraint:
    """No part of a line with a minimum order without that order."""
    firsts = np.flatnonzero(parts.all_or_nothing)
    variable_of = {int(parts.row[variable]): int(variable) for variable in firsts}
    rest = np.array(
        [at for at in np.flatnonzero(~parts.all_or_nothing) if int(parts.row[at]) in variable_of],
        dtype=np.intp,
    )
    order = np.arange(len(rest))
    opener = np.array([variable_of[int(parts.row[at])] for at in rest], dtype=np.intp)
    matrix = scipy.sparse.csr_array(
        (
            np.concatenate([np.ones(len(rest)), -parts.count[rest].astype(float)]),
            (np.concatenate([order, order]), np.concatenate([rest, opener])),
        ),
        shape=(len(rest), len(parts.row)),
    )
    return scipy.optimize.LinearConstraint(matrix, ub=0)


def _fill(wanted: Wanted, limits: Sequence[Limit], rows: list[Rows], start: Ints) -> Ints:
    """Add packs, the one that earns most for the scarcest room first, while anything that earns still fits."""
    quantities = start.copy()
    takes = np.zeros((len(wanted.lines), len(limits)))
    for at, (limit, under) in enumerate(zip(limits, rows, strict=True)):
        takes[under, at] = limit.takes
    most = np.maximum([limit.most for limit in limits], 1e-9)
    room = np.array([limit.most for limit in limits]) - start @ takes
    step = np.where(start == 0, np.maximum(wanted.least, wanted.pack), wanted.pack)
    fits = (takes * step[:, None] <= room + 1e-9).all(axis=1) & (start + step <= wanted.best)
    gain = wanted.curve.profit(start + step) - wanted.curve.profit(start)
    scarcest = np.maximum((takes * step[:, None] / most).max(axis=1, initial=0), 1e-12)
    heap = [(-gain[line] / scarcest[line], int(line)) for line in np.flatnonzero(fits & (gain > 0))]
    heapq.heapify(heap)
    while heap:
        _, line = heapq.heappop(heap)
        if (takes[line] * step[line] > room + 1e-9).any():
            continue  # room only shrinks, so that this line is done
        quantities[line] += step[line]
        room -= takes[line] * step[line]
        step[line] = wanted.pack[line]
        if quantities[line] + step[line] <= wanted.best[line]:
            rate = _gain(wanted, line, quantities[line], step[line]) / (takes[line] * step[line] / most).max()
            if rate > 0:
                heapq.heappush(heap, (-rate, line))
    return quantities


def _gain(wanted: Wanted, line: int, pieces: int, step: int) -> float:
    """What one step more of one line is expected to earn."""
    curve = wanted.curve.rows(np.array([line]))
    return float((curve.profit(np.array([pieces + step])) - curve.profit(np.array([pieces])))[0])
