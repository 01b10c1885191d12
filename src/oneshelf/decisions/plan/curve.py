"""What the n-th piece of an order is expected to earn: the curve from which every quantity is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from oneshelf.decisions.plan.arrays import Draws, Floats, Ints, Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What pieces are worth, by line, in minor units a piece."""

    price: Floats
    cost: Floats
    #: what a piece brings that is thrown away; less than its cost
    salvage: Floats
    #: what a piece costs for each night that it lies
    holding: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Expected profit of ordering n pieces rather than none, for several lines at once.

    A piece that is sold before the next delivery could bring another earns its margin. One that is sold later, but within its life,
    only saves buying it then, and pays for its nights. One that is never sold loses its cost, less what it brings as
    waste (or only its nights, where it outlives the days looked at). The n-th piece is in the first case when the demand
    that nothing else serves reaches n by then, and so on: so its expected worth falls as n grows, and the best n is where it
    crosses 0. For goods of one day this is the newsvendor's quantile.
    """

    #: lines x scenarios x steps: the pieces that would have been sold by the end of each step; never falls along steps
    reach: Draws
    #: lines x steps: what a piece sold in this step earns more than one sold in the next, or never
    steps: Floats
    #: by line: what a piece that is never sold earns: 0 or less
    unsold: Floats

    @classmethod
    def of(cls, missing: Draws, worth: Worth, *, lead: int, review: int, life: int | None) -> Curve:
        """The curve of pieces that are on sale from day `lead` - 1 on, with another delivery `review` days later.

        `missing` is lines x scenarios x days, from tomorrow on. A `life` of None outlives those days.
        """
        first, last = lead - 1, missing.shape[2]
        if life is not None and first + life <= last:
            last = first + life
            unsold = worth.salvage - worth.cost
        else:
            unsold = np.zeros(len(missing))
        next_day = min(first + review, last)
        ends = [next_day, *range(next_day + 1, last)] if worth.holding.any() else [next_day]
        ends += [last] if last > ends[-1] else []
        reach = np.cumsum(missing[:, :, first:last], axis=2)[:, :, [end - first - 1 for end in ends]]
        nights = np.array([max(end - next_day, 0) for end in ends], dtype=float)
        earned = np.where(
            nights[None] == 0, (worth.price - worth.cost)[:, None], -worth.holding[:, None] * nights
        )
        unsold = unsold - worth.holding * (last - next_day)
        steps = earned - np.column_stack([earned[:, 1:], unsold])
        return cls(reach=reach, steps=steps, unsold=unsold)

    def piece(self, number: Ints) -> Floats:
        """What the piece of this number is expected to earn, by line."""
        chance = (self.reach >= number.astype(np.float32)[:, None, None]).mean(axis=1)
        return np.asarray((chance * self.steps).sum(axis=1) + self.unsold)

    def profit(self, pieces: Ints) -> Floats:
        """What an order of so many pieces is expected to earn, by line."""
        sold = np.minimum(self.reach, pieces.astype(np.float32)[:, None, None]).mean(axis=1, dtype=np.float64)
        return np.asarray((sold * self.steps).sum(axis=1) + self.unsold * pieces)

    def best(self) -> Ints:
        """The most pieces each of which is expected to earn something, by line; 0 says: order nothing."""
        low = np.zeros(len(self.reach), dtype=np.int64)
        high = self.reach[:, :, -1].max(axis=1, initial=0).astype(np.int64)
        while (low < high).any():
            middle = (low + high + 1) // 2
            earns = self.piece(middle) > 0
            low, high = np.where(earns, middle, low), np.where(earns, high, middle - 1)
        return low

    def best_in_packs(self, pack: Ints, minimum: Ints) -> Ints:
        """The best number of pieces that is a whole number of packs and not below the minimum, unless it is 0."""
        least = -(-minimum // pack) * pack
        below = self.best() // pack * pack
        chosen = np.zeros(len(pack), dtype=np.int64)
        earned = np.zeros(len(pack))
        for tried in (np.maximum(below, least), np.maximum(below + pack, least)):
            profit = self.profit(tried)
            better = (tried > 0) & (profit > earned)
            chosen, earned = np.where(better, tried, chosen), np.where(better, profit, earned)
        return chosen

    @classmethod
    def joined(cls, curves: Sequence[Curve]) -> Curve:
        """The curves of several groups of lines as one. Steps that a group does not have earn nothing."""
        most = max(curve.steps.shape[1] for curve in curves)
        extra = [most - curve.steps.shape[1] for curve in curves]
        return cls(
            reach=np.concatenate([np.pad(c.reach, ((0, 0), (0, 0), (0, n)), "edge") for c, n in zip(curves, extra, strict=True)]),
            steps=np.concatenate([np.pad(c.steps, ((0, 0), (0, n))) for c, n in zip(curves, extra, strict=True)]),
            unsold=np.concatenate([curve.unsold for curve in curves]),
        )  # fmt: skip

    def rows(self, chosen: Rows) -> Curve:
        """The curve of some of the lines."""
        return Curve(reach=self.reach[chosen], steps=self.steps[chosen], unsold=self.unsold[chosen])
