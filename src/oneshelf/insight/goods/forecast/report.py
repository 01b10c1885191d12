"""The report of a backtest: scores of every method on every part of what was tested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec
import numpy as np

from oneshelf.insight.goods.forecast import scores
from oneshelf.insight.goods.forecast.arrays import Bools, Floats
from oneshelf.insight.goods.forecast.choosing import Choice
from oneshelf.insight.goods.forecast.panel import Panel
from oneshelf.insight.goods.forecast.result import LEVELS

#: The name of the whole: in each segment the method that the rule chose there.
CHOSEN = "chosen"
SPANS = (("1", 1, 1), ("2-7", 2, 7), ("8-14", 8, 14), ("15-28", 15, 28), ("29-", 29, 10_000))


class ForecastScore(msgspec.Struct, frozen=True, kw_only=True):
    """How one method did on one part of what was tested. None where nothing was sold to compare with."""

    #: "chosen", or a plain method beside it
    method: str
    #: what the part is cut by: "all", "volume" (thirds by what was sold before), "horizon" (steps ahead), or a level of the hierarchy
    part: str
    name: str
    series: int
    #: pieces sold
    sold: float
    #: sum of |forecast - sold| over the sum sold
    wape: float | None
    #: mean over series of the root mean squared error over that of yesterday's value
    rmsse: float | None
    #: sum of (forecast - sold) over the sum sold
    bias: float | None
    #: twice the pinball loss over what was sold, mean over the levels; of "chosen" only
    quantile_loss: float | None
    #: share of steps at or below the 90% quantile; of "chosen" only
    coverage: float | None


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """How often demand stayed at or below a quantile, and what the quantile cost."""

    level: float
    coverage: float
    pinball: float


class ForecastBacktest(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of `horizon` steps from each of `origins` (the first day forecast), beside what came."""

    origins: tuple[date, ...]
    horizon: int
    step_days: int
    series: int
    #: how many series there were to draw these from
    of_series: int
    scores: tuple[ForecastScore, ...]
    calibration: tuple[Calibration, ...]
    #: by method: weighted RMSSE over the levels of the hierarchy (M5), mean over origins
    wrmsse: dict[str, float | None]
    #: what the rule chose at the last origin
    choices: tuple[Choice, ...]

    def score(self, method: str, part: str = "all", name: str = "all") -> ForecastScore | None:
        """The score of one method on one part, if it was measured."""
        found = (s for s in self.scores if (s.method, s.part, s.name) == (method, part, name))
        return next(found, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What came after one origin beside what was forecast: series x steps, and quantiles by level behind."""

    mean: dict[str, Floats]
    quantiles: Floats
    sold: Floats
    known: Bools
    scale: Floats
    wrmsse: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Some series on some steps ahead."""

    part: str
    name: str
    members: Bools
    first: int = 0
    last: int | None = None

    def of(self, values: Floats | Bools) -> Floats:
        """The part of series x steps."""
        return np.asarray(values[self.members][:, self.first : self.last])


def scored(panel: Panel, tested: Sequence[Tested], first: int) -> tuple[ForecastScore, ...]:
    """Every method on every part; series are classed by what they sold before step `first`."""
    parts = [*_parts(panel, first), *_spans(panel, tested[0].sold.shape[1])]
    return tuple(_score(tested, method, part) for method in tested[0].mean for part in parts)


def calibrated(tested: Sequence[Tested]) -> tuple[Calibration, ...]:
    """How often demand stayed at or below each quantile; nothing when nothing was tested."""
    sold = np.concatenate([each.sold[each.known] for each in tested])
    quantiles = np.concatenate([each.quantiles[each.known] for each in tested])
    if not sold.size:
        return ()
    loss = scores.pinball(quantiles, sold, LEVELS)
    return tuple(
        Calibration(level=level, coverage=float((sold <= quantiles[:, at]).mean()), pinball=float(loss[at]))
        for at, level in enumerate(LEVELS)
    )


def mean_wrmsse(tested: Sequence[Tested]) -> dict[str, float | None]:
    """By method: the mean over origins."""
    out: dict[str, float | None] = {}
    for name in tested[0].wrmsse:
        found = [value for each in tested if (value := each.wrmsse[name]) is not None]
        out[name] = float(np.mean(found)) if found else None
    return out


def _parts(panel: Panel, first: int) -> list[_Part]:
    """All series, thirds by what they sold before, and the groups of the first level, the largest first."""
    sold = panel.sold[:, :first].sum(axis=1)
    order = np.argsort(-sold, kind="stable")
    out = [_Part(part="all", name="all", members=np.ones(len(panel), dtype=np.bool_))]
    for name, members in zip(("high", "middle", "low"), np.array_split(order, 3), strict=True):
        out.append(_Part(part="volume", name=name, members=np.isin(np.arange(len(panel)), members)))
    for level, names in list(panel.groups.items())[:1]:
        group = np.array(names)
        found = [_Part(part=level, name=one, members=group == one) for one in sorted(set(names))]
        out += sorted(found, key=lambda part: -float(sold[part.members].sum()))
    return out


def _spans(panel: Panel, horizon: int) -> list[_Part]:
    everything = np.ones(len(panel), dtype=np.bool_)
    return [
        _Part(part="horizon", name=name, members=everything, first=least - 1, last=most)
        for name, least, most in SPANS
        if least <= horizon
    ]


def _score(tested: Sequence[Tested], method: str, part: _Part) -> ForecastScore:
    known = [part.of(each.known).astype(np.bool_) for each in tested]
    means = [part.of(each.mean[method]) for each in tested]
    came = [part.of(each.sold) for each in tested]
    # a series is judged over all origins at once, on the scale that was known before the first
    squared = scores.rmsse(np.hstack(means), np.hstack(came), np.hstack(known), tested[0].scale[part.members])
    mean = np.concatenate([one[at] for one, at in zip(means, known, strict=True)])
    sold = np.concatenate([one[at] for one, at in zip(came, known, strict=True)])
    squared = squared[np.isfinite(squared)]
    loss = coverage = None
    if method == CHOSEN and sold.size:
        quantiles = np.concatenate(
            [part.of(each.quantiles)[at] for each, at in zip(tested, known, strict=True)]
        )
        coverage = float((sold <= quantiles[:, LEVELS.index(0.9)]).mean())
        total = float(sold.sum())
        loss = (
            2 * float(scores.pinball(quantiles, sold, LEVELS).mean()) * sold.size / total if total else None
        )
    return ForecastScore(
        method=method,
        part=part.part,
        name=part.name,
        series=int(part.members.sum()),
        sold=float(sold.sum()),
        wape=scores.wape(mean, sold),
        rmsse=float(squared.mean()) if squared.size else None,
        bias=scores.bias(mean, sold),
        quantile_loss=loss,
        coverage=coverage,
    )
