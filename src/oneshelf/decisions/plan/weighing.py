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
        )  # fmt: skip

    def best(self, inputs: Inputs) -> Ints:
        """The best quantities of the lines, as if they shared nothing; 0 where the place is closed when they would arrive."""
        terms = inputs.terms
        best = self.curve.best_in_packs(terms.pack_pieces[self.rows], terms.minimum_pieces[self.rows])
        return np.where(inputs.open[self.rows, self.lead - 1], best, 0)

    def figures(self, quantities: Ints) -> Figures:
        """What is expected with these quantities."""
        first = self.lead - 1
        wanted = np.sort(self.demand[:, :, first : self.next_day].sum(axis=2), axis=1)
        count = wanted.shape[1]
        soon, ever = self.curve.reach[:, :, 0], self.curve.reach[:, :, -1]
        ordered = quantities[:, None]
        thrown = np.maximum(ordered - ever, 0).mean(axis=1) if self.ages else np.zeros(len(ordered))
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
            lost=np.maximum(soon - ordered, 0).mean(axis=1),
            old_waste=self.unserved.wasted.mean(axis=1),
            new_waste=thrown,
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
