"""Difference: a measure a person, offer arm less hold-out, three ways, each with its interval."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import scipy

from oneshelf.effect import cuped, sequence
from oneshelf.effect.comoments import Comoments
from oneshelf.effect.moments import Moments

Measure = Literal["sales", "orders", "margin"]


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A difference with its interval. Valid for one look, at a moment that was settled ahead."""

    difference: float
    low: float
    high: float
    #: how often a difference this large comes by chance
    p_value: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One measure a person in the two arms: money in minor units, or a number of orders. None: cannot be known."""

    measure: Measure
    mean_offer: float | None
    mean_holdout: float | None
    #: as it is: by intention to treat, Welch's interval
    plain: Estimate | None
    #: the same with what each person did before taken off (CUPED)
    adjusted: Estimate | None
    #: which share of the variance that took away, 0 to 1
    variance_cut: float | None
    #: the interval of `adjusted` that holds at every look at once
    always_low: float | None
    always_high: float | None


def difference_of(
    measure: Measure, offer: Comoments, holdout: Comoments, *, level: float, planned: float
) -> Difference:
    """Compare the arms. `planned` is the variance expected at the end, as a multiple of that of what people did before."""
    adjusted = welch(*cuped.adjusted(offer, holdout), level)
    reach = None if adjusted is None else always_reach(offer, holdout, level=level, planned=planned)
    return Difference(
        measure=measure,
        mean_offer=offer.mean_after if offer.count else None,
        mean_holdout=holdout.mean_after if holdout.count else None,
        plain=welch(offer.after, holdout.after, level),
        adjusted=adjusted,
        variance_cut=cuped.variance_cut(offer, holdout),
        always_low=None if adjusted is None or reach is None else adjusted.difference - reach,
        always_high=None if adjusted is None or reach is None else adjusted.difference + reach,
    )


def welch(offer: Moments, holdout: Moments, level: float) -> Estimate | None:
    """Welch's interval and test of two means; None where an arm has fewer than two people or nothing varies."""
    variances = variance_shares(offer, holdout)
    if variances is None:
        return None
    a, b = variances
    error = math.sqrt(a + b)
    # shares instead of squares of variances, which could vanish or overflow
    share = a / (a + b)
    freedom = 1.0 / (share**2 / (offer.count - 1) + (1.0 - share) ** 2 / (holdout.count - 1))
    difference = offer.mean - holdout.mean
    reach = float(scipy.special.stdtrit(freedom, 0.5 + level / 2.0)) * error
    p_value = 2.0 * float(scipy.special.stdtr(freedom, -abs(difference) / error))
    return Estimate(difference=difference, low=difference - reach, high=difference + reach, p_value=p_value)


def always_reach(offer: Comoments, holdout: Comoments, *, level: float, planned: float) -> float | None:
    """How far the always-valid interval of the adjusted difference reaches; None where nothing varies.

    The variance at the end, at which it is to be narrowest, is guessed from what people did before: known before the first look.
    Where nobody differed before, the interval is narrowest at every look, and pays for that with half of its chance to err: so it
    holds its promise while the variance grows up to a thousandfold.
    """
    now, before = (
        variance_shares(*cuped.adjusted(offer, holdout)),
        variance_shares(offer.before, holdout.before),
    )
    if now is None:
        return None
    if before is None:
        return sequence.reach(sum(now), sum(now), (1.0 + level) / 2.0)
    return sequence.reach(sum(now), sum(before) * planned, level)


def variance_shares(offer: Moments, holdout: Moments) -> tuple[float, float] | None:
    """What each arm adds to the variance of the difference of their means; None where that is not known or nothing."""
    if offer.variance is None or holdout.variance is None:
        return None
    a, b = offer.variance / offer.count, holdout.variance / holdout.count
    return (a, b) if a + b > 0.0 else None
