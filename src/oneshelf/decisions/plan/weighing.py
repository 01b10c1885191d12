"""Lines weighed together: those whose goods arrive, are replaced and age alike, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from oneshelf.decisions.plan.arrays import Draws, Floats, Ints, Rows
from oneshelf.decisions.plan.curve import Curve, Worth
from oneshelf.decisions.plan.inputs import Inputs
from oneshelf.decisions.plan.scenarios import draw
from oneshelf.decisions.plan.shelf_life import Unserved, serve

#: Other quantities of a line that are looked at, as shares of twice what is ordered: closest around it.
TRIED = np.array([0.0, 0.25, 0.4, 0.5, 0.6, 0.75, 1.0])

#: Lines of one block; a block's futures are held in memory together.
BLOCK = 2_000

LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is expected of lines with some quantities; all by line."""

    mean: Floats
    low: Floats
    high: Floats
    at_hand: Floats
    cover: Floats
    cover_without: Floats
    lasts: Floats
    profit: Floats
    #: what a first piece would be expected to earn
    one_piece: Floats
    lost: Floats
    old_waste: Floats
    new_waste: Floats
    #: lines x TRIED, each: other quantities, and the profit, lost pieces and waste that they would bring
    tried: Floats
    tried_profit: Floats
    tried_lost: Floats
    tried_waste: Floats

    @classmethod
    def empty(cls, lines: int) -> Figures:
        """Room for the figures of so many lines."""
        shapes = {
            field.name: (lines, len(TRIED)) if field.name.startswith("tried") else lines
            for field in fields(cls)
        }
        return cls(**{name: np.zeros(shape) for name, shape in shapes.items()})

    def put(self, rows: Rows, found: Figures) -> None:
        """Take over the figures of some lines."""
        for field in fields(self):
            getattr(self, field.name)[rows] = getattr(found, field.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Some lines of a plan with the same lead, review and life, and what their futures hold."""

    rows: Rows
    lead: int
    #: columns of the forecast, from the arrival to the next delivery, and to the end of what is looked at
    next_day: int
    last: int
    ages: bool
    expected: Floats
    demand: Draws
    unserved: Unserved
    curve: Curve
    #: the least that can be ordered of each line, in whole packs
    least: Ints

    @classmethod
    def of(cls, inputs: Inputs, rows: Rows, worth: Worth, lucky: Floats) -> Block:
        """Draw the futures of the lines and weigh them."""
        terms, at = inputs.terms, rows[0]
        lead, review = int(terms.lead_days[at]), int(terms.review_days[at])
        life = int(terms.life_days[at])
        first = lead - 1
        ages = 0 < life <= inputs.days - first
        last = first + life if ages else inputs.days
        is_open = inputs.open[rows, :last]
        demand = draw(inputs.levels, inputs.quantiles[rows, :last], lucky[:, :last]) * is_open[:, None]
        unserved = serve(demand, inputs.arriving[rows, :last], inputs.expiring[rows, :last])
        here = Worth(**{name: getattr(worth, name)[rows] for name in ("price", "cost", "salvage", "holding")})
        curve = Curve.of(unserved.missing, here, lead=lead, review=review, life=life if ages else None)
        return cls(
            rows=rows, lead=lead, next_day=min(first + review, last), last=last, ages=ages, demand=demand,
            expected=inputs.mean[rows, :last] * is_open, unserved=unserved, curve=curve,
            least=-(-np.maximum(terms.minimum_pieces[rows], 1) // terms.pack_pieces[rows]) * terms.pack_pieces[rows],
        )  # fmt: skip

    def best(self, inputs: Inputs) -> Ints:
        """The best quantities of the lines, as if they shared nothing; 0 where nothing is sent, or the place is closed at the arrival."""
        terms = inputs.terms
        best = self.curve.best_in_packs(terms.pack_pieces[self.rows], terms.minimum_pieces[self.rows])
        comes = inputs.open[self.rows, self.lead - 1]
        if inputs.sends is not None:
            comes = comes & inputs.sends[self.rows]
        return np.where(comes, best, 0)

    def lost(self, quantities: Ints) -> Floats:
        """Pieces of demand that find none until the next delivery, by line."""
        return np.asarray(np.maximum(self.curve.reach[:, :, 0] - quantities[:, None], 0).mean(axis=1))

    def thrown(self, quantities: Ints) -> Floats:
        """Pieces of the order that outlive their days, by line."""
        if not self.ages:
            return np.zeros(len(quantities))
        return np.asarray(np.maximum(quantities[:, None] - self.curve.reach[:, :, -1], 0).mean(axis=1))

    def figures(self, quantities: Ints) -> Figures:
        """What is expected with these quantities."""
        first = self.lead - 1
        wanted = np.sort(self.demand[:, :, first : self.next_day].sum(axis=2), axis=1)
        count = wanted.shape[1]
        soon, ordered = self.curve.reach[:, :, 0], quantities[:, None]
        old_waste = self.unserved.wasted.mean(axis=1)
        # somebody may think of the smallest order where nothing is ordered
        widest = np.where(quantities > 0, 2 * quantities, np.maximum(soon.max(axis=1, initial=1), self.least))
        tried = np.rint(widest * TRIED[:, None]).astype(np.int64)
        return Figures(
            mean=self.expected[:, first : self.next_day].sum(axis=1),
            low=wanted[:, int(LOW * count)],
            high=wanted[:, int(HIGH * count)],
            at_hand=self.unserved.there[:, first],
            cover=(soon <= ordered).mean(axis=1),
            cover_without=(soon <= 0).mean(axis=1),
            lasts=(self.unserved.missing[:, :, :first].sum(axis=2) == 0).mean(axis=1),
            profit=self.curve.profit(quantities),
            one_piece=self.curve.piece(np.ones_like(quantities)),
            lost=self.lost(quantities),
            old_waste=old_waste,
            new_waste=self.thrown(quantities),
            tried=tried.T,
            tried_profit=np.column_stack([self.curve.profit(pieces) for pieces in tried]),
            tried_lost=np.column_stack([self.lost(pieces) for pieces in tried]),
            tried_waste=np.column_stack([self.thrown(pieces) + old_waste for pieces in tried]),
        )


def blocks(inputs: Inputs, worth: Worth, lucky: Floats, rows: Rows | None = None) -> Iterator[Block]:
    """All lines (or the given ones) in blocks that can be weighed at once."""
    chosen = np.arange(len(inputs.lines)) if rows is None else rows
    if not len(chosen):
        return
    terms = inputs.terms
    # a life beyond the forecast is as good as none
    life = np.where(terms.life_days > inputs.days - terms.lead_days + 1, 0, terms.life_days)
    alike = np.column_stack([terms.lead_days, terms.review_days, life])[chosen]
    _, group = np.unique(alike, axis=0, return_inverse=True)
    for number in range(int(group.max()) + 1):
        members = chosen[group == number]
        for start in range(0, len(members), BLOCK):
            yield Block.of(inputs, members[start : start + BLOCK], worth, lucky)
