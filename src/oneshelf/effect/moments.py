"""Moments: count, mean and spread of a number, mergeable, so that parts can be counted apart and joined.

Welford's update and the pairwise joining of Chan, Golub and LeVeque (1979): stable where the sum of squares is not.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class Moments(msgspec.Struct, frozen=True):
    """How many numbers there were, their mean, and the sum of squared distances from it."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    @classmethod
    def of(cls, values: Iterable[float]) -> Moments:
        """Count the values one by one."""
        count, mean, squares = 0, 0.0, 0.0
        for value in values:
            count += 1
            distance = value - mean
            mean += distance / count
            squares += distance * (value - mean)
        return cls(count, mean, squares)

    def __add__(self, other: Moments) -> Moments:
        if self.count == 0 or other.count == 0:
            return self if other.count == 0 else other
        count = self.count + other.count
        distance = other.mean - self.mean
        return Moments(
            count,
            self.mean + distance * other.count / count,
            self.squares + other.squares + distance * distance * self.count * other.count / count,
        )

    @property
    def variance(self) -> float | None:
        """The sample variance; None for fewer than two numbers."""
        return self.squares / (self.count - 1) if self.count >= 2 else None
