"""Causes: what a rise can be put down to beside demand: promotions, the season, new places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.growth import growth
from oneshelf.insight.goods.trends.panel import Panel
from oneshelf.insight.goods.trends.windows import Flags, Windows

#: A week counts as promoted when the share taken off is this far above the series' ordinary one.
DISCOUNT_MORE: Final = 0.1
#: The ordinary share: that of the cheapest quarter of its weeks, as half a year of promotions is not ordinary.
ORDINARY: Final = 0.25
#: Without the promoted weeks a rise must still be this unlikely to be put down to demand.
STILL_UNLIKELY: Final = 0.05
YEAR_WEEKS: Final = 52
#: People that last year's season is drawn towards no season with.
_SEASON_PRIOR: Final = 100.0

Cause = Literal["demand", "promotion", "season", "promotion or demand"]


def promoted(panel: Panel) -> Flags:
    """Which weeks of which series were sold with clearly more taken off than usual, known from the weeks up to now."""
    sold = ~np.isnan(panel.discount)
    filled = np.where(sold, panel.discount, np.inf)
    ordered = np.sort(filled, axis=1)
    rank = np.minimum((sold.sum(axis=1) * ORDINARY).astype(int), panel.weeks - 1)
    ordinary = np.take_along_axis(ordered, rank[:, None], axis=1)
    return sold & (np.where(sold, panel.discount, 0.0) > ordinary + DISCOUNT_MORE)


def season(panel: Panel, windows: Windows) -> Floats | None:
    """How much more the recent weeks sold than the base weeks a year ago, by the category of each series; None in the first year.

    A series without a category is told by its own last year. Drawn towards 1 as a hundred people would.
    """
    first = panel.weeks - YEAR_WEEKS - windows.weeks
    if first < 0:
        return None
    then = panel.people[:, first : first + windows.weeks]
    exposure = panel.total[first : first + windows.weeks]
    groups = np.where(panel.group >= 0, panel.group, panel.group.max(initial=-1) + 1 + np.arange(len(then)))
    by_group = np.zeros((int(groups.max(initial=-1)) + 1, windows.weeks))
    np.add.at(by_group, groups, then)
    recent, base = by_group[:, windows.base :].sum(axis=1), by_group[:, : windows.base].sum(axis=1)
    share = exposure[windows.base :].sum() / max(exposure.sum(), 1e-9)
    raised = (recent + _SEASON_PRIOR * share) / (base + _SEASON_PRIOR * (1 - share))
    factor: Floats = raised / (share / (1 - share)) if 0 < share < 1 else np.ones(len(raised))
    return factor[groups]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Beside each rise: what else happened."""

    cause: tuple[Cause, ...]
    #: which weeks were promoted: series x weeks
    promoted: Flags
    #: promoted weeks among the recent and the base ones
    promoted_recent: Floats
    promoted_base: Floats
    #: what the season alone would do, 1 where it is not known
    season: Floats
    season_known: bool
    #: what the rise would seem to be with the new places counted in
    ratio_everywhere: Floats
    #: how the category grew
    group_ratio: Floats


def tell(panel: Panel, windows: Windows) -> Told:
    """Tell each series' rise apart from promotions, season and new places."""
    weeks, exposure = promoted(panel), panel.exposure
    last, before = weeks[:, -windows.recent :], weeks[:, -windows.weeks : -windows.recent]
    expected = season(panel, windows)
    plain = growth(panel.people, exposure, windows)
    apart = growth(panel.people, np.where(weeks, 0.0, exposure), windows)
    known = np.ones(len(panel.names)) if expected is None else expected
    by_season = growth(panel.people, exposure, windows, season=known)
    # promotions in as great a share of the base weeks do not explain a rise
    more, free = last.mean(axis=1) > before.mean(axis=1), np.any(~last, axis=1)
    cause = [
        _cause(bool(more[at]), bool(free[at]), apart.p_value[at], by_season.p_value[at], plain.p_value[at])
        for at in range(len(panel.names))
    ]
    return Told(
        cause=tuple(cause),
        promoted=weeks,
        promoted_recent=last.sum(axis=1).astype(float),
        promoted_base=before.sum(axis=1).astype(float),
        season=known,
        season_known=expected is not None,
        ratio_everywhere=growth(panel.everywhere, exposure, windows).ratio,
        group_ratio=group_ratio(panel, windows),
    )


def _cause(more: bool, free: bool, apart: float, by_season: float, plain: float) -> Cause:
    if by_season > STILL_UNLIKELY >= plain:
        return "season"
    if not more or apart <= STILL_UNLIKELY:
        return "demand"
    # every recent week was promoted: nothing tells the two apart
    return "promotion" if free else "promotion or demand"


def group_ratio(panel: Panel, windows: Windows) -> Floats:
    """How the people of each series' category grew; 1 where it has none."""
    recent = panel.people[:, -windows.recent :].sum(axis=1)
    base = panel.people[:, -windows.weeks : -windows.recent].sum(axis=1)
    size = int(panel.group.max(initial=-1)) + 1
    sums = [
        np.bincount(panel.group[panel.group >= 0], each[panel.group >= 0], size) for each in (recent, base)
    ]
    share = panel.total[-windows.recent :].sum() / max(panel.total[-windows.weeks :].sum(), 1e-9)
    ratio = (sums[0] + 0.5) / (sums[1] + 0.5) * (1 - share) / max(share, 1e-9)
    return np.where(panel.group >= 0, np.append(ratio, 1.0)[panel.group], 1.0)
