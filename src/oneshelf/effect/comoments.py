"""Comoments: means, spreads and common spread of two numbers a person, before and after; mergeable, as `Moments` are.

The joining of Chan, Golub and LeVeque (1979), and of Pébay (2008, SAND2008-6212) for the product.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from oneshelf.effect.moments import Moments


class Comoments(msgspec.Struct, frozen=True):
    """How many people, what they did before and after on average, and the sums of squared and common distances from it."""

    count: int = 0
    mean_before: float = 0.0
    mean_after: float = 0.0
    squares_before: float = 0.0
    squares_after: float = 0.0
    products: float = 0.0

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Comoments:
        """Count the pairs of before and after one by one."""
        whole = cls()
        for before, after in pairs:
            whole += cls(1, before, after)
        return whole

    def __add__(self, other: Comoments) -> Comoments:
        if self.count == 0 or other.count == 0:
            return self if other.count == 0 else other
        count = self.count + other.count
        share = other.count / count
        before, after = other.mean_before - self.mean_before, other.mean_after - self.mean_after
        weight = self.count * share
        return Comoments(
            count,
            self.mean_before + before * share,
            self.mean_after + after * share,
            self.squares_before + other.squares_before + before * before * weight,
            self.squares_after + other.squares_after + after * after * weight,
            self.products + other.products + before * after * weight,
        )

    @property
    def before(self) -> Moments:
        """Of what was done before, alone."""
        return Moments(self.count, self.mean_before, self.squares_before)

    @property
    def after(self) -> Moments:
        """Of what was done after, alone."""
        return Moments(self.count, self.mean_after, self.squares_after)

    def less_expected(self, slope: float, centre: float) -> Moments:
        """Of `after - slope * (before - centre)`: what is left when each person's past is taken off."""
        squares = self.squares_after - 2.0 * slope * self.products + slope * slope * self.squares_before
        # rounding can leave a perfect fit a little below nothing
        return Moments(self.count, self.mean_after - slope * (self.mean_before - centre), max(squares, 0.0))
