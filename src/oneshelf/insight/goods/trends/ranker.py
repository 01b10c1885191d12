"""The ranker: which of the rising series are likely to go on, learnt from earlier weeks of the same panel.

LightGBM over the scores of the plain methods, the series' size and history, and the promotions of the weeks that are known
(never of weeks to come). What a series did after an earlier week is its label; the newest weeks that have one enter, and none after
the day on which it ranks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from oneshelf.insight import gradient_boosting
from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.causes import group_ratio, promoted
from oneshelf.insight.goods.trends.detectors import cusum, kleinberg, naive_growth
from oneshelf.insight.goods.trends.growth import growth
from oneshelf.insight.goods.trends.panel import Panel
from oneshelf.insight.goods.trends.windows import Flags, Windows, sustained

#: Fewer earlier series than this, or fewer that went on, teach nothing.
ROWS_MIN, SUSTAINED_MIN = 500, 50
_ROUNDS: Final = 120
_PARAMETERS: Final[dict[str, Any]] = {
    **gradient_boosting.SETTINGS,
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.8,
    "seed": 1,
}


def lower_bound(panel: Panel, windows: Windows) -> Floats:
    """The lower end of growth, times the share of recent weeks above the base weeks' mean: how far it is sure, and steady.

    A score to put series in order by, so weeks are taken for independent, which orders better than ends that hold.
    """
    grown = growth(panel.people, panel.exposure, windows, span=1)
    return grown.low * persistence(panel.people, windows)


def persistence(people: Floats, windows: Windows) -> Floats:
    """The share of recent weeks above the base weeks' mean."""
    base = people[:, -windows.weeks : -windows.recent].mean(axis=1)[:, None]
    share: Floats = (people[:, -windows.recent :] > base).mean(axis=1)
    return share


def features(panel: Panel, windows: Windows) -> Floats:
    """What the trees see: series x features, from the known weeks alone."""
    people = panel.people
    grown = growth(people, panel.exposure, windows, span=1)
    recent, base = people[:, -windows.recent :], people[:, -windows.weeks : -windows.recent]
    usual = np.maximum(base.mean(axis=1), 1 / windows.base)
    weeks = promoted(panel)
    off = np.nan_to_num(panel.discount, nan=0.0)
    begun = (panel.exposure > 0).sum(axis=1)
    columns = [
        *(detect(people, windows) for detect in (naive_growth, cusum, kleinberg)),
        np.log(grown.ratio),
        np.log(grown.low),
        np.log(np.maximum(grown.p_value, 1e-300)),
        grown.dispersion,
        persistence(people, windows),
        np.log(usual),
        recent[:, -1] / usual,
        recent[:, -2:].mean(axis=1) / usual,
        recent.min(axis=1) / usual,
        recent.max(axis=1) / usual,
        base.max(axis=1) / usual,
        base[:, -1] / usual,
        people[:, -26:].max(axis=1) / usual,
        people[:, : -windows.weeks].mean(axis=1) / usual if people.shape[1] > windows.weeks else usual * 0,
        weeks[:, -windows.recent :].sum(axis=1),
        weeks[:, -1],
        weeks[:, -windows.weeks : -windows.recent].sum(axis=1),
        weeks.mean(axis=1),
        off[:, -windows.recent :].mean(axis=1),
        off[:, -1],
        off[:, -windows.weeks : -windows.recent].mean(axis=1),
        np.log(group_ratio(panel, windows)),
        begun,
    ]
    return np.column_stack(columns).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Ranker:
    """Fitted trees."""

    trees: Any

    def chances(self, panel: Panel, windows: Windows) -> Floats:
        """How likely each series is to go on, by what such series did before."""
        found: Floats = self.trees.predict(features(panel, windows))
        return found


def fit(past: Sequence[tuple[Panel, Flags]], windows: Windows) -> Ranker | None:
    """Learn from panels of earlier weeks and which of their series went on; None when they are too few to learn from.

    Raises Unavailable without LightGBM.
    """
    labels = np.concatenate([went_on for _, went_on in past]) if past else np.zeros(0)
    if len(labels) < ROWS_MIN or labels.sum() < SUSTAINED_MIN:
        return None
    lightgbm = gradient_boosting.library("Ranking trends", "models")
    seen = np.concatenate([features(panel, windows) for panel, _ in past])
    data = lightgbm.Dataset(seen, labels.astype(float), free_raw_data=True)
    return Ranker(lightgbm.train(_PARAMETERS, data, _ROUNDS))


def lessons(
    panel: Panel, windows: Windows, weeks: Sequence[int], choose: Callable[[Floats], Flags]
) -> list[tuple[Panel, Flags]]:
    """For each earlier week of the panel the series that could be judged then, and which of them went on.

    Only weeks whose following `windows.ahead` weeks are known give a lesson.
    """
    found = []
    for week in weeks:
        if windows.weeks <= week <= panel.weeks - windows.ahead:
            known = panel.until(week)
            chosen = choose(known.people)
            ahead = panel.people[chosen, week : week + windows.ahead]
            found.append((known.only(chosen), sustained(known.people[chosen], ahead, windows)))
    return found
