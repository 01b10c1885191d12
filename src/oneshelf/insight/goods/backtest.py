"""Backtest: how wrong the forecasts would have been, told beside every plan."""

from __future__ import annotations

from datetime import date

import msgspec


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one method did on one class of series over all test days. None where nothing was sold to compare with."""

    #: "weekday_mean" (what the plan uses), "seasonal_naive" or "moving_average"
    method: str
    #: "all", or the third of the volume that the series belongs to: "high", "middle", "low"
    volume: str
    series: int
    #: sum of |forecast - sold| over sum of |sold|
    wape: float | None
    #: mean over series of root mean squared error over that of yesterday's value in the days before the test
    rmsse: float | None
    #: sum of (forecast - sold) over sum of |sold|: above 0 forecasts too much
    bias: float | None
    #: share of series and days at or below the 90% quantile; 0.9 is honest
    coverage: float | None


class Backtest(msgspec.Struct, frozen=True, kw_only=True):
    """Every day from `first_day` to `last_day` forecast from the days before it, and only those."""

    first_day: date
    last_day: date
    series: int
    scores: tuple[Score, ...]

    def score(self, method: str, volume: str = "all") -> Score | None:
        """The score of one method and class, if it was measured."""
        return next((s for s in self.scores if s.method == method and s.volume == volume), None)
