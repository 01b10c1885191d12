"""The rhythm of a panel: how long a step is, and what repeats."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Steps of a panel and the cycles in them. All figures but `step_days` and `level_share` are in steps."""

    step_days: int
    #: what repeats: seven days of a week, fifty-two weeks of a year
    season: int
    #: after so many steps the season's profile is measured anew
    refresh: int
    #: before so many steps no profile is measured
    season_min: int
    #: how much of the past the season's profile is measured on
    season_window: int
    #: the recent past: of the moving average, and within which a series counts as new
    recent: int
    #: after so many steps the same time of the year comes again
    year: int
    #: what a new step weighs in an exponential level
    level_share: float


#: Days, in weeks. A fortnight's memory was chosen on Complete Journey before its last four weeks.
DAILY = Rhythm(
    step_days=1, season=7, refresh=7, season_min=14, season_window=182, recent=28, year=364, level_share=0.07
)

#: Weeks, in years.
WEEKLY = Rhythm(
    step_days=7, season=52, refresh=4, season_min=52, season_window=208, recent=8, year=52, level_share=0.2
)
