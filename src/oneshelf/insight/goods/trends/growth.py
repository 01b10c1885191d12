"""Growth: how far recent weeks lie above the weeks before, with an interval, and how likely chance alone would bring that.

Counts of a series and span (as many weeks as the recent ones) are taken as negative binomial: Poisson with a rate that itself varies
from span to span by a gamma law, as promotions and weather make it. Given what recent and base weeks sold together, the recent part is then
beta-binomial, whatever the level of the series is (the conditional test of two rates, with the gamma's extra spread; Przyborowski and
Wilenski 1940 for the Poisson case), so the p-value needs no estimate of the level and holds for series of two people a week.

The spread is measured over spans and not over single weeks, as weeks of real sales hang together: on Complete Journey spans of four
weeks vary three times as much as if each week were drawn anew, and a test that takes weeks for independent cries wolf.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy

from oneshelf.insight.goods.forecast.arrays import Floats
from oneshelf.insight.goods.trends.windows import Windows

#: No real series is steadier than this; it keeps the formulas away from their limit.
DISPERSION_MIN: Final = 1e-3
DISPERSION_MAX: Final = 10.0
#: Two-sided 80%: the lower end is passed by nine in ten.
_Z: Final = 1.2815515655446004


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Recent weeks against base weeks, by series; ratios are a week to a week, after what the chain as a whole did."""

    recent: Floats
    base: Floats
    #: 1.0: as before
    ratio: Floats
    #: the ends of its 80% interval
    low: Floats
    high: Floats
    #: chance of so much growth, or more, when nothing changed; 1 for what did not grow
    p_value: Floats
    dispersion: Floats


def growth(
    counts: Floats,
    exposure: Floats,
    windows: Windows,
    *,
    season: Floats | None = None,
    span: int | None = None,
) -> Growth:
    """Compare the last weeks of each series with the weeks before.

    `counts` is series x weeks, `exposure` by week (all people of the chain, say) or series x weeks: a week of twice the exposure is
    expected to sell twice as much, and one of none is left out. `season` is by series: how much more the recent weeks are
    expected to sell than the base weeks by the calendar alone. `span` is how many weeks hang together, by default as many as
    are recent; with 1 the ends and p-values are too sure of themselves, and good for putting series in order only.
    """
    span = windows.recent if span is None else span
    exposure = np.broadcast_to(exposure, counts.shape)
    seen = exposure > 0
    counts = np.where(seen, counts, 0.0)
    spread = dispersion(*(spans(each[:, : -windows.recent], span) for each in (counts, exposure)))
    last, before = slice(-windows.recent, None), slice(-windows.weeks, -windows.recent)
    recent, base = counts[:, last].sum(axis=1), counts[:, before].sum(axis=1)
    weight = exposure[:, last].sum(axis=1) * (1.0 if season is None else season)
    other = exposure[:, before].sum(axis=1)
    # in spans: of one that was seen in part, that part
    seen_spans = (seen[:, last].sum(axis=1) / span, seen[:, before].sum(axis=1) / span)
    known = (weight > 0) & (other > 0)
    share = np.where(known, weight / np.maximum(weight + other, 1e-300), 0.5)
    shape = sum(seen_spans) / spread
    p_value = np.where(known, tail(recent, recent + base, shape * share, shape * (1 - share)), 1.0)
    log_ratio = np.log((recent + 0.5) / (base + 0.5)) - np.log(share / (1 - share))
    error = np.sqrt(
        1 / (recent + 0.5)
        + 1 / (base + 0.5)
        + spread * sum(1 / np.maximum(each, 1 / span) for each in seen_spans)
    )
    ratio, low, high = (np.exp(log_ratio + step * error) for step in (0, -_Z, _Z))
    return Growth(
        recent=recent, base=base, ratio=ratio, low=low, high=high, p_value=p_value, dispersion=spread
    )


def spans(values: Floats, weeks: int) -> Floats:
    """Sums of so many neighbouring weeks, the newest span ending with the newest week; what is left over in front is dropped."""
    weeks = min(weeks, values.shape[1])
    count = values.shape[1] // weeks
    return np.asarray(values[:, -count * weeks :].reshape(len(values), count, weeks).sum(axis=2))


def dispersion(counts: Floats, exposure: Floats) -> Floats:
    """By series: the squared variation of its rate beyond Poisson, from one seen span to the next, shrunk to what all have.

    Neighbours are compared (von Neumann 1941), so that a slow rise does not pass for noise. A moment estimate is worth
    little for a series of two people a week, so each is drawn towards the mean of all, as far as its own error is large against the
    variation among series (empirical Bayes with a normal prior).
    """
    exposure = np.broadcast_to(exposure, counts.shape)
    rate = counts.sum(axis=1) / np.maximum(exposure.sum(axis=1), 1e-300)
    mean = rate[:, None] * exposure
    both = (exposure[:, 1:] > 0) & (exposure[:, :-1] > 0)
    step = np.diff(counts - mean, axis=1)
    beyond = np.where(both, step**2 - mean[:, 1:] - mean[:, :-1], 0.0).sum(axis=1)
    squares = np.where(both, mean[:, 1:] ** 2 + mean[:, :-1] ** 2, 0.0).sum(axis=1)
    own = np.clip(beyond / np.maximum(squares, 1e-300), 0, DISPERSION_MAX)
    pairs = np.maximum(both.sum(axis=1), 1)
    level = np.maximum(mean.sum(axis=1) / np.maximum((exposure > 0).sum(axis=1), 1), 1e-12)
    worth = pairs * level**2
    usual = _usual(own, worth)
    # the variance of such an estimate at the dispersion of all, as if that were its own; neighbours share a week
    error = 3 * (1 / level + usual) ** 2 / pairs
    among = np.maximum(_usual((own - usual) ** 2, worth), 1e-6)
    trust = among / (among + error)
    shrunk: Floats = np.clip(trust * own + (1 - trust) * usual, DISPERSION_MIN, DISPERSION_MAX)
    return shrunk


def _usual(values: Floats, weights: Floats) -> float:
    """Their mean, weighted by what each is worth, with no series worth more than the median one is tenfold."""
    if not len(values):
        return 0.0
    capped = np.minimum(weights, 10 * np.median(weights) + 1e-12)
    return float((values * capped).sum() / capped.sum())


def tail(successes: Floats, trials: Floats, alpha: Floats, beta: Floats) -> Floats:
    """P(X >= successes) of beta-binomial X where successes lie above the mean; 1 elsewhere, which no alarm needs.

    Sums the terms upwards, each from the one before, until they no longer matter.
    """
    result = np.ones(len(successes))
    at = np.flatnonzero((successes > 0) & (successes * (alpha + beta) > trials * alpha))
    k, n, a, b = successes[at], trials[at], alpha[at], beta[at]
    term = np.exp(
        scipy.special.gammaln(n + 1) - scipy.special.gammaln(k + 1) - scipy.special.gammaln(n - k + 1)
        + scipy.special.betaln(k + a, n - k + b) - scipy.special.betaln(a, b)
    )  # fmt: skip
    total = term.copy()
    index = np.arange(len(at))
    while len(index):
        term = term * (n - k) / (k + 1) * (k + a) / np.maximum(n - k - 1 + b, 1e-300)
        k = k + 1
        total[index] += term
        on = (k < n) & (term > total[index] * 1e-9)
        index, term, k, n, a, b = (each[on] for each in (index, term, k, n, a, b))
    result[at] = np.minimum(total, 1.0)
    return result
