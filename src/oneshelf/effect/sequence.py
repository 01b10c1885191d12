"""Confidence sequences: an interval that holds at every look at once, so that one may look daily and stop when one likes.

While people buy, the difference of the arms' sums moves as a random walk whose clock is its own variance, near enough for many
people (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences",
2021, arXiv:2103.06476). Such a walk leaves the normal mixture's boundary (Robbins 1970; Howard, Ramdas, McAuliffe and Sekhon,
"Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals of Statistics 2021, prop. 5) once in 1 / (1 - level)
cases, at whatever moment. People who buy much keep buying much; then the walk crosses less often, and the promise still holds.
"""

from __future__ import annotations

import math

import scipy


def reach(variance: float, planned_variance: float, level: float) -> float:
    """How far the interval reaches on either side of a difference with this variance (both above 0, in squared units).

    It is the narrowest where the variance is the planned one, which has to be settled before the first look.
    """
    alpha = 1.0 - level
    # Howard et al., prop. 3: the mixture that is narrowest at the planned variance
    lambert = float(scipy.special.lambertw(-(alpha**2) / math.e, k=-1).real)
    mixed = planned_variance / (-lambert - 1.0)
    total = variance + mixed
    return math.sqrt(total * math.log(total / (mixed * alpha**2)))
