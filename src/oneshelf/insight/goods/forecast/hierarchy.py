"""A hierarchy: the series of a panel added up to its groups, each level forecast, and all made to add up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from oneshelf.insight.goods.forecast.arrays import Floats, Ints
from oneshelf.insight.goods.forecast.forecaster import HORIZON, fit
from oneshelf.insight.goods.forecast.panel import ALWAYS, Panel
from oneshelf.insight.goods.forecast.reconciling import reconcile
from oneshelf.insight.goods.forecast.result import Forecast, Series

#: The level of the whole, and the name of its one series.
ALL = "all"


def aggregated(panel: Panel, level: str) -> tuple[Panel, Ints]:
    """The panel's series added up to the groups of a level ("all" for one), and the group of each series.

    Groups above stay those of the first member. A step is closed when it is for all members; regressors are their mean, known when all are.
    """
    names = np.array((ALL,) * len(panel) if level == ALL else panel.groups[level])
    found, first, member = np.unique(names, return_index=True, return_inverse=True)
    member = member.astype(np.intp)
    size = np.bincount(member)[:, None]
    above = {} if level == ALL else {
        name: tuple(each[at] for at in first)
        for name, each in list(panel.groups.items())[list(panel.groups).index(level) + 1 :]
    }  # fmt: skip

    def total(values: Floats) -> Floats:
        out = np.zeros((len(found), values.shape[1]))
        np.add.at(out, member, np.broadcast_to(values, (len(panel), values.shape[1])))
        return out

    def latest(values: Ints) -> Ints:
        out = np.full((len(found), values.shape[1]), ALWAYS, dtype=np.int64)
        np.maximum.at(out, member, np.broadcast_to(values, (len(panel), values.shape[1])))
        return out

    return (
        replace(
            panel,
            series=tuple(Series(None, str(name)) for name in found),
            sold=total(panel.sold),
            ran_out=None,
            closed=None if panel.closed is None else total(panel.closed.astype(np.float64)) == size,
            regressors={name: total(values) / size for name, values in panel.regressors.items()},
            known_after={name: latest(values) for name, values in panel.known_after.items()},
            groups=above,
        ),
        member,
    )


def forecast_levels(
    panel: Panel, *, horizon: int = HORIZON, bottom: str = "series", boost: bool = True, seed: int = 1
) -> dict[str, Forecast]:
    """Forecast the whole, every level of the panel's groups and its series (under the name `bottom`), reconciled.

    The groups of the panel go from the narrowest to the widest. Each level is fitted on its own past.
    """
    panels = {bottom: panel}
    members: dict[str, Ints] = {}
    for level in (*panel.groups, ALL):
        panels[level], members[level] = aggregated(panel, level)
    order = [ALL, *reversed(list(panel.groups)), bottom]
    made = {
        level: fit(panels[level], horizon, seed=seed, boost=boost).forecast(panels[level]) for level in order
    }
    return reconcile(made, members)
