"""A night: every panel judged together, so that the promised rate of false alarms holds for the whole list."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from oneshelf.insight import gradient_boosting
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends import ranker
from oneshelf.insight.goods.trends.alarms import RATE, alarms, calibrated, chance
from oneshelf.insight.goods.trends.causes import Told, tell
from oneshelf.insight.goods.trends.flag import Flag, Kind
from oneshelf.insight.goods.trends.growth import Growth, growth
from oneshelf.insight.goods.trends.panel import Panel
from oneshelf.insight.goods.trends.signals import Level, Signal
from oneshelf.insight.goods.trends.windows import ESTABLISHED, LAUNCHED, Flags, Windows, established, launched

#: Both kinds of series: how they are compared, and which are of the kind.
KINDS: Final[Mapping[Kind, tuple[Windows, Callable[[Floats], Flags]]]] = {
    "established": (ESTABLISHED, established),
    "launch": (LAUNCHED, launched),
}
#: Rising series of each panel that are kept beside the certain ones.
WATCHED: Final = 20
#: Weeks that a flag shows.
SHOWN_WEEKS: Final = 26
#: Earlier series that the ranker learns from, about; with more it learns little and takes long.
_LESSONS_MAX: Final = 40_000
_SEED: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What rises, in order: the certain ones first, then by the chance to go on."""

    flags: tuple[Flag, ...]
    #: series judged over all panels
    series: int
    #: panels whose order was learnt
    learnt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    panel: Panel
    kind: Kind
    windows: Windows
    grown: Growth
    p_values: Floats
    told: Told
    chances: Floats | None
    scores: Floats


def night(panels: Sequence[Panel], *, rate: float = RATE) -> Night:
    """Judge every panel as of its last day; all panels end with the same day."""
    judged = [each for panel in panels for kind in KINDS if (each := _judge(panel, kind)) is not None]
    if not judged:
        return Night(flags=(), series=0, learnt=0)
    certain = alarms(np.concatenate([each.p_values for each in judged]), rate)
    ends = np.cumsum([len(each.p_values) for each in judged])
    found = [
        _flag(each, int(at), bool(sure[at]))
        for each, sure in zip(judged, np.split(certain, ends[:-1]), strict=True)
        for at in _kept(each, sure)
    ]
    found = _with_beside(found, panels)
    found.sort(key=lambda flag: (not flag.certain, -(flag.chance or 0.0), flag.p_value, flag.name))
    return Night(
        flags=tuple(msgspec.structs.replace(flag, rank=rank) for rank, flag in enumerate(found, 1)),
        series=int(ends[-1]),
        learnt=sum(each.chances is not None for each in judged),
    )


def _judge(panel: Panel, kind: Kind) -> _Judged | None:
    windows, choose = KINDS[kind]
    if panel.weeks < windows.weeks or not panel.names:
        return None
    chosen = panel.only(choose(panel.people))
    if not chosen.names:
        return None
    grown = growth(chosen.people, chosen.exposure, windows)
    by_chance = chance(chosen.people, chosen.exposure, windows, seed=_SEED)
    learnt = _learn(panel, windows, choose) if panel.signal == "purchases" else None
    chances = None if learnt is None else learnt.chances(chosen, windows)
    return _Judged(
        panel=chosen,
        kind=kind,
        windows=windows,
        grown=grown,
        p_values=calibrated(grown, by_chance),
        told=tell(chosen, windows),
        chances=chances,
        scores=ranker.lower_bound(chosen, windows) if chances is None else chances,
    )


def _learn(panel: Panel, windows: Windows, choose: Callable[[Floats], Flags]) -> ranker.Ranker | None:
    if not gradient_boosting.installed():
        return None
    weeks = range(windows.weeks, panel.weeks - windows.ahead + 1)
    step = max(1, -(-len(weeks) * int(choose(panel.people).sum()) // _LESSONS_MAX))
    # the newest weeks have the most history, and are most like tonight
    return ranker.fit(ranker.lessons(panel, windows, sorted(weeks[::-step]), choose), windows)


def _kept(judged: _Judged, certain: Flags) -> Sequence[int]:
    """The certain ones, and of the others those that rise and come first."""
    order = np.argsort(-judged.scores, kind="stable")
    rising = [at for at in order if judged.grown.low[at] > 1 and not certain[at]]
    return [*np.flatnonzero(certain), *rising[:WATCHED]]


def _flag(judged: _Judged, at: int, certain: bool) -> Flag:
    panel, windows, told = judged.panel, judged.windows, judged.told
    shown = panel.people[at, -SHOWN_WEEKS:]
    return Flag(
        day=panel.last_day,
        signal=panel.signal,
        level=panel.level,
        name=panel.names[at],
        kind=judged.kind,
        certain=certain,
        rank=0,
        growth=float(judged.grown.ratio[at]),
        low=float(judged.grown.low[at]),
        high=float(judged.grown.high[at]),
        p_value=float(judged.p_values[at]),
        chance=None if judged.chances is None else float(judged.chances[at]),
        recent_people=float(judged.grown.recent[at] / windows.recent),
        base_people=float(judged.grown.base[at] / windows.base),
        cause=told.cause[at],
        promoted_recent=int(told.promoted_recent[at]),
        promoted_base=int(told.promoted_base[at]),
        recent_weeks=windows.recent,
        base_weeks=windows.base,
        season=float(told.season[at]) if told.season_known else None,
        growth_everywhere=float(told.ratio_everywhere[at]),
        category_growth=float(told.group_ratio[at]) if panel.group[at] >= 0 else None,
        weeks=_whole(shown),
        promoted=tuple(bool(each) for each in told.promoted[at, -SHOWN_WEEKS:]),
        simulated=bool(panel.simulated[at]),
    )


def _with_beside(flags: Sequence[Flag], panels: Sequence[Panel]) -> list[Flag]:
    """Each flag with the same weeks of the other signals of its name."""
    wanted = {(flag.level, flag.name) for flag in flags}
    beside: dict[tuple[Level, str], dict[Signal, tuple[int, ...]]] = {key: {} for key in wanted}
    simulated: dict[tuple[Level, str], set[Signal]] = {key: set() for key in wanted}
    for panel in panels:
        for at, name in enumerate(panel.names):
            key = (panel.level, name)
            if key in wanted:
                beside[key][panel.signal] = _whole(panel.people[at, -SHOWN_WEEKS:])
                if panel.simulated[at]:
                    simulated[key].add(panel.signal)
    return [
        msgspec.structs.replace(
            flag,
            beside={s: w for s, w in beside[flag.level, flag.name].items() if s != flag.signal},
            simulated_beside=tuple(sorted(simulated[flag.level, flag.name] - {flag.signal})),
        )
        for flag in flags
    ]


def _whole(counts: Floats) -> tuple[int, ...]:
    return tuple(int(count) for count in counts)
