"""Detectors of the literature, as references: what each sees in a series of weekly counts, as a score to rank by.

Each takes series x weeks, up to the last known week, and returns one figure a series; the greater, the more it calls for attention.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import scipy

from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.windows import ESTABLISHED, Windows

#: How far back the detectors look, beside the recent weeks: a quarter.
_PAST: Final = 13


def naive_growth(counts: Floats, windows: Windows = ESTABLISHED) -> Floats:
    """The mean of the recent weeks over the mean of the base weeks."""
    recent, base = _means(counts, windows)
    return recent / np.maximum(base, 1 / windows.base)


def cusum(counts: Floats, windows: Windows = ESTABLISHED) -> Floats:
    """Page's cumulative sum (1954) over the recent weeks for a doubling, in logs of likelihood (Poisson; Lucas 1985)."""
    base = _means(counts, windows)[1][:, None]
    total = np.zeros(len(counts))
    for week in (counts[:, -windows.recent :] * np.log(2) - np.maximum(base, 1 / windows.base)).T:
        total = np.maximum(0, total + week)
    return total


def kleinberg(counts: Floats, windows: Windows = ESTABLISHED, *, gamma: float = 1.0) -> Floats:
    """Kleinberg's two-state automaton (2002): the weight of the burst in which the series is now; 0 outside of one.

    The burst state has twice the rate of the base weeks, and entering it costs gamma x log(weeks).
    """
    weeks = counts[:, -(_PAST + windows.recent) :]
    low = np.maximum(_means(counts, windows)[1], 1 / windows.base)
    # what the burst state explains better than the usual one, week by week
    gain = weeks * np.log(2) - low[:, None]
    entry = gamma * np.log(weeks.shape[1])
    usual, burst, since = np.zeros(len(counts)), np.full(len(counts), -np.inf), np.zeros(len(counts))
    for week in gain.T:
        enter = usual - entry > burst
        usual, before = np.maximum(usual, burst), np.where(enter, usual - entry, burst)
        since = np.where(enter, 0.0, since) + week
        burst = before + week
    return np.where(burst > usual, np.maximum(since, 0), 0.0)


def change_points(counts: Floats, windows: Windows = ESTABLISHED, *, hazard: float = 1 / 13) -> Floats:
    """Adams and MacKay's Bayesian online change points (2007), Poisson with a gamma prior.

    Probability that the present run began within the recent weeks, times the log of its growth over the weeks before.
    """
    weeks = counts[:, -(_PAST + windows.recent) :]
    series = len(weeks)
    rate = np.maximum(weeks.mean(axis=1), 1e-9)
    # row r: a run of r weeks; shape and rate of the gamma after it
    shape, scale = np.ones((series, 1)), (1 / rate)[:, None]
    logs = np.zeros((series, 1))
    for week in weeks.T:
        x = week[:, None]
        fits = (
            scipy.special.gammaln(shape + x) - scipy.special.gammaln(shape) - scipy.special.gammaln(x + 1)
            + shape * np.log(scale / (scale + 1)) - x * np.log(scale + 1)
        )  # fmt: skip
        grown = logs + fits
        fresh = scipy.special.logsumexp(grown, axis=1, keepdims=True) + np.log(hazard)
        logs = np.concatenate([fresh, grown + np.log1p(-hazard)], axis=1)
        logs -= scipy.special.logsumexp(logs, axis=1, keepdims=True)
        shape = np.concatenate([np.ones((series, 1)), shape + x], axis=1)
        scale = np.concatenate([(1 / rate)[:, None], scale + 1], axis=1)
    # a run of r weeks began r weeks ago; the run of 0 has seen nothing yet
    begun = np.exp(logs[:, 1 : windows.recent + 1]).sum(axis=1)
    score: Floats = begun * np.log(np.maximum(naive_growth(counts, windows), 1e-9))
    return score


#: Every reference by the name that a backtest reports.
DETECTORS: Final[dict[str, Callable[[Floats, Windows], Floats]]] = {
    "naive growth": naive_growth,
    "Kleinberg": kleinberg,
    "CUSUM": cusum,
    "BOCPD": change_points,
}


def _means(counts: Floats, windows: Windows) -> tuple[Floats, Floats]:
    return (
        counts[:, -windows.recent :].mean(axis=1),
        counts[:, -windows.weeks : -windows.recent].mean(axis=1),
    )
