"""CUPED: an effect with what people did before taken off, which narrows its interval and moves nothing.

Deng, Xu, Kohavi and Walker, "Improving the sensitivity of online controlled experiments by utilizing pre-experiment data"
(WSDM 2013). The arms were drawn by chance, so their pasts are alike but for chance: taking it off leaves the effect as it is.
"""

from __future__ import annotations

from oneshelf.effect.comoments import Comoments
from oneshelf.effect.moments import Moments


def slope(offer: Comoments, holdout: Comoments) -> float:
    """Theta: how much of what a person did before returns after, within the arms. 0 where nobody differs before."""
    squares = offer.squares_before + holdout.squares_before
    return (offer.products + holdout.products) / squares if squares > 0.0 else 0.0


def adjusted(offer: Comoments, holdout: Comoments) -> tuple[Moments, Moments]:
    """Both arms with each person's past taken off around the mean of all."""
    theta, centre = slope(offer, holdout), (offer + holdout).mean_before
    return offer.less_expected(theta, centre), holdout.less_expected(theta, centre)


def variance_cut(offer: Comoments, holdout: Comoments) -> float | None:
    """Which share of the variance the past explains within the arms, 0 to 1; None where nobody differs after."""
    squares = offer.squares_after + holdout.squares_after
    left = sum(arm.squares for arm in adjusted(offer, holdout))
    return max(0.0, 1.0 - left / squares) if squares > 0.0 else None
