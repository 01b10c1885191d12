"""Backtest of trends: at each earlier week, the panel known then is ranked by every method; the weeks after it tell who was right.

A panel's series are chosen on the weeks before, never by what they sold later. The learnt ranker is fitted once, on what was known
half-way, and scored on the second half alone, where the others are scored again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from oneshelf.errors import NotFound
from oneshelf.insight import gradient_boosting
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends import ranker
from oneshelf.insight.goods.trends.alarms import RATE, FalseAlarms, alarms, calibrated, chance, false_alarms
from oneshelf.insight.goods.trends.causes import promoted
from oneshelf.insight.goods.trends.detectors import DETECTORS
from oneshelf.insight.goods.trends.flag import Kind
from oneshelf.insight.goods.trends.growth import growth
from oneshelf.insight.goods.trends.night import KINDS
from oneshelf.insight.goods.trends.panel import Panel
from oneshelf.insight.goods.trends.windows import (
    ESTABLISHED,
    GROWN,
    Flags,
    Windows,
    established,
    sustained,
)

Span = Literal["all", "second half"]
#: From a panel a figure for each series: the first to name have the greatest.
Rank = Callable[[Panel], Floats]

#: Weeks that must be known at the first origin.
KNOWN_WEEKS_MIN: Final = 22
LOWER_BOUND, LEARNT, ALARM = "lower bound x persistence", "learnt ranker", "alarm"
_SEED: Final = 1


class TrendScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one method did: the shares of its first 20 and 50 series that went on, averaged over the origins."""

    method: str
    kind: Kind
    span: Span
    origins: int
    #: series that could be judged, on average
    series: float
    #: share of those that went on: what picking blindly finds
    by_chance: float
    #: None where no origin had any series
    precision_20: float | None
    precision_50: float | None
    #: by how many weeks the first 20 that went on were named before their growth was there, on average; below 0: after
    lead_weeks: float | None
    #: share of the first 20 with more promoted weeks among the recent ones than among those before
    promoted_20: float | None
    #: series named an origin: all of the panel for a ranking, few for alarms
    named: float


class TrendBacktest(msgspec.Struct, frozen=True, kw_only=True):
    """Every method on the same panels, and the false alarms on shuffled weeks."""

    signal: str
    level: str
    first_origin: date
    last_origin: date
    scores: tuple[TrendScore, ...]
    false_alarms: tuple[FalseAlarms, ...]
    simulated: bool

    def score(self, method: str, kind: Kind = "established", span: Span = "all") -> TrendScore | None:
        """The score of one method, if it was measured."""
        return next((s for s in self.scores if (s.method, s.kind, s.span) == (method, kind, span)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Origin:
    """One earlier week: the panel known then, the weeks after it, and who went on."""

    panel: Panel
    ahead: Floats
    went_on: Flags


def backtest(panel: Panel, *, rounds: int = 100) -> TrendBacktest:
    """Score every method at every week that has `KNOWN_WEEKS_MIN` before it and the weeks ahead after it.

    `rounds` shuffles show the false alarms at the newest of these weeks; 0 leaves them out. Raises NotFound when the panel is too short.
    """
    weeks = range(KNOWN_WEEKS_MIN, panel.weeks - ESTABLISHED.ahead + 1)
    if not weeks:
        raise NotFound(
            f"{panel.weeks} weeks are too few for a backtest of trends.",
            f"It takes {KNOWN_WEEKS_MIN + ESTABLISHED.ahead} weeks of history.",
        )
    scores: list[TrendScore] = []
    for kind, (windows, choose) in KINDS.items():
        origins = {week: _origin(panel, week, windows, choose) for week in weeks}
        scores += _scores(panel, origins, kind)
    newest = panel.until(weeks[-1])
    chosen = newest.only(established(newest.people))
    return TrendBacktest(
        signal=panel.signal,
        level=panel.level,
        first_origin=panel.until(weeks[0]).last_day,
        last_origin=newest.last_day,
        scores=tuple(scores),
        false_alarms=tuple(
            false_alarms(chosen.people, chosen.exposure, ESTABLISHED, rounds=rounds, seed=_SEED, block=block)
            for block in ((1, 2, 4) if rounds and chosen.names else ())
        ),
        simulated=bool(panel.simulated.any()),
    )


def _origin(panel: Panel, week: int, windows: Windows, choose: Callable[[Floats], Flags]) -> _Origin:
    known = panel.until(week)
    chosen = choose(known.people)
    ahead = panel.people[chosen, week : week + windows.ahead]
    return _Origin(
        panel=known.only(chosen), ahead=ahead, went_on=sustained(known.people[chosen], ahead, windows)
    )


def _scores(panel: Panel, origins: Mapping[int, _Origin], kind: Kind) -> list[TrendScore]:
    windows, choose = KINDS[kind]
    weeks = list(origins)
    middle = len(weeks) // 2
    ranks: dict[str, Rank] = {
        **{name: _detector(detect, windows) for name, detect in DETECTORS.items()},
        LOWER_BOUND: lambda known: ranker.lower_bound(known, windows),
        ALARM: lambda known: _alarmed(known, windows),
    }
    found = []
    for name, rank in ranks.items():
        named = [_named(origin, rank) for origin in origins.values()]
        found += [
            _score(name, named, kind, "all"),
            _score(name, named[middle:], kind, "second half"),
        ]
    # what was known at the first week of the second half
    past = ranker.lessons(panel.until(weeks[middle]), windows, range(windows.weeks, weeks[middle]), choose)
    learnt = ranker.fit(past, windows) if gradient_boosting.installed() else None
    if learnt is not None:
        by_chance = partial(learnt.chances, windows=windows)
        named = [_named(origins[week], by_chance) for week in weeks[middle:]]
        found.append(_score(LEARNT, named, kind, "second half"))
    return found


def _named(origin: _Origin, rank: Rank) -> tuple[_Origin, NDArray[np.intp]]:
    """The series of an origin that a method names, the highest score first."""
    scores = rank(origin.panel)
    order = np.argsort(-scores, kind="stable")
    return origin, order[~np.isnan(scores[order])]


def _detector(detect: Callable[[Floats, Windows], Floats], windows: Windows) -> Rank:
    return lambda known: detect(known.people, windows)


def _alarmed(known: Panel, windows: Windows) -> Floats:
    """Flagged series by their lower bound; NaN for all others, which are not named."""
    if not known.names:
        return np.zeros(0)
    grown = growth(known.people, known.exposure, windows)
    by_chance = chance(known.people, known.exposure, windows, seed=_SEED)
    flagged = alarms(calibrated(grown, by_chance), RATE)
    return np.where(flagged, ranker.lower_bound(known, windows), np.nan)


def _score(
    method: str, named: Sequence[tuple[_Origin, NDArray[np.intp]]], kind: Kind, span: Span
) -> TrendScore:
    windows = KINDS[kind][0]
    firsts = [(origin, order[:20]) for origin, order in named]
    leads = [
        lead for origin, first in firsts for lead in _leads(origin, first[origin.went_on[first]], windows)
    ]
    return TrendScore(
        method=method,
        kind=kind,
        span=span,
        origins=len(named),
        series=float(np.mean([len(origin.went_on) for origin, _ in named])),
        by_chance=_mean([origin.went_on for origin, _ in named]) or 0.0,
        precision_20=_mean([origin.went_on[first] for origin, first in firsts]),
        precision_50=_mean([origin.went_on[order[:50]] for origin, order in named]),
        lead_weeks=float(np.mean(leads)) if leads else None,
        promoted_20=_mean([_more_promoted(origin.panel, windows)[first] for origin, first in firsts]),
        named=float(np.mean([len(order) for _, order in named])),
    )


def _mean(shares: Sequence[Flags]) -> float | None:
    """The mean over origins of the share that is true, origins with none left out."""
    given = [float(share.mean()) for share in shares if len(share)]
    return float(np.mean(given)) if given else None


def _leads(origin: _Origin, hits: NDArray[np.intp], windows: Windows) -> list[float]:
    """For each hit: weeks from the origin to the first on which the mean of the recent weeks was `GROWN` times the base."""
    known = origin.panel.people[hits]
    base = np.maximum(known[:, -windows.weeks : -windows.recent].mean(axis=1), 1 / windows.base)
    weeks = np.concatenate([known[:, -2 * windows.recent + 1 :], origin.ahead[hits]], axis=1)
    means = np.lib.stride_tricks.sliding_window_view(weeks, windows.recent, axis=1).mean(axis=2)
    grown = means >= GROWN * base[:, None]
    # the first mean ends `recent` - 1 weeks before the origin
    return [float(line.argmax()) - (windows.recent - 1) for line in grown if line.any()]


def _more_promoted(panel: Panel, windows: Windows) -> Flags:
    weeks = promoted(panel)
    more: Flags = weeks[:, -windows.recent :].mean(axis=1) > weeks[:, -windows.weeks : -windows.recent].mean(
        axis=1
    )
    return more
