"""What an order comes to: the Gamma-Gamma model.

Fader, Hardie and Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, Journal of Marketing Research
42(4). What a person's orders come to varies around a mean of their own, and the means vary between people; a person with few
orders is expected to be more like everybody else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from oneshelf.insight.people.value.search import climbed, is_flat
from oneshelf.insight.people.value.summaries import Floats

_STARTS = ((1.5, 1.0, 0.0), (0.5, 0.0, 0.0))
_BOUND = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaGamma:
    """A fitted model; `v` in minor units. q is above 1, without which an expected spend does not exist."""

    p: float
    q: float
    v: float
    converged: bool

    def expected_amount(self, orders: ArrayLike, mean_minor: ArrayLike) -> Floats:
        """What the next order of a person with so many paid orders of this mean is expected to come to, in minor units."""
        n, mean = np.asarray(orders, dtype=np.float64), np.asarray(mean_minor, dtype=np.float64)
        return np.asarray(self.p * (self.v + n * mean) / (self.p * n + self.q - 1.0))


def fit(orders: ArrayLike, mean_minor: ArrayLike) -> GammaGamma:
    """Fit by maximum likelihood on people with at least one order of more than nothing; others are left out.

    With nobody left, or all amounts equal, the answer expects the mean of everybody (nothing when there is none).
    """
    n, mean = np.asarray(orders, dtype=np.float64), np.asarray(mean_minor, dtype=np.float64)
    kept = (n > 0) & (mean > 0)
    n, mean = n[kept], mean[kept]
    unit = float(np.exp(np.average(np.log(mean), weights=n))) if len(n) else 0.0
    if len(n) < 2 or np.allclose(mean, mean[0], rtol=1e-9):
        # nothing tells people apart: p = 1 and a v that outweighs every order
        return GammaGamma(p=1.0, q=2.0, v=unit, converged=True)
    relative = mean / unit

    def negative(at: Floats) -> tuple[float, Floats]:
        p, above, v = np.exp(at)
        q = 1.0 + above
        total, log_both = p * n + q, np.log(n * relative + v)
        value = (
            scipy.special.gammaln(total)
            - scipy.special.gammaln(p * n)
            - scipy.special.gammaln(q)
            + q * np.log(v)
            + (p * n - 1) * np.log(relative)
            + p * n * np.log(n)
            - total * log_both
        )
        by_p = n * (
            scipy.special.digamma(total)
            - scipy.special.digamma(p * n)
            + np.log(relative)
            + np.log(n)
            - log_both
        )
        by_q = scipy.special.digamma(total) - scipy.special.digamma(q) + np.log(v) - log_both
        by_v = q / v - total / (n * relative + v)
        return -float(value.mean()), -np.array([by_p.mean() * p, by_q.mean() * above, by_v.mean() * v])

    best = climbed(negative, _STARTS, bound=_BOUND)
    p, above, v = np.exp(best.x)
    return GammaGamma(p=float(p), q=1.0 + float(above), v=float(v) * unit, converged=is_flat(best, _BOUND))
