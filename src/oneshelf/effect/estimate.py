"""The effect of a campaign: offer arm against hold-out, with an interval, and a claim only when the figures bear it."""

from __future__ import annotations

import math

import msgspec
import scipy

from oneshelf.effect.moments import Moments
from oneshelf.errors import InvalidInput
from oneshelf.words.money import exponent

#: Below this the sizes of the arms are not what was drawn, and no comparison of them can be trusted (a common choice for
#: sample-ratio tests, which are run again and again).
SAMPLE_RATIO_P_MIN = 0.001

#: Spend is skewed, so Welch's interval is too narrow for smaller arms; no claim is made from them.
PEOPLE_MIN = 30


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer did to spend a person, by intention to treat: everybody assigned counts. None: cannot be known."""

    campaign_id: str
    currency: str
    offer_people: int
    holdout_people: int
    #: spend a person (orders less refunds), in minor units
    mean_offer_minor: float | None
    mean_holdout_minor: float | None
    #: offer less hold-out
    difference_minor: float | None
    #: Welch's interval of the difference at `level`
    low_minor: float | None
    high_minor: float | None
    level: float
    #: Welch's test: how often a difference this large comes by chance
    p_value: float | None
    #: chi-square test of the arms' sizes against the shares that were drawn; tiny means that people went missing
    sample_ratio_p: float | None
    #: whether the figures bear the claim that the offer changed spend
    claimed: bool
    #: one sentence
    claim: str
    #: whether simulated events entered
    simulated: bool


def estimate(
    campaign_id: str,
    *,
    offer: Moments,
    holdout: Moments,
    holdout_share: float,
    currency: str,
    simulated: bool,
    level: float = 0.95,
) -> Effect:
    """Compare spend a person (minor units) in the two arms of a campaign that drew `holdout_share` for the hold-out.

    Arms of any size give a result; what cannot be known is None, and then nothing is claimed.
    """
    for field, value in (("level", level), ("holdout_share", holdout_share)):
        if not 0.0 < value < 1.0:
            raise InvalidInput.of(field, value, "cannot be a share.", "Expected more than 0 and less than 1.")
    low, high, p_value = _welch(offer, holdout, level)
    effect = Effect(
        campaign_id=campaign_id,
        currency=currency,
        offer_people=offer.count,
        holdout_people=holdout.count,
        mean_offer_minor=offer.mean if offer.count else None,
        mean_holdout_minor=holdout.mean if holdout.count else None,
        difference_minor=offer.mean - holdout.mean if offer.count and holdout.count else None,
        low_minor=low,
        high_minor=high,
        level=level,
        p_value=p_value,
        sample_ratio_p=_sample_ratio_p(offer.count, holdout.count, holdout_share),
        claimed=False,
        claim="",
        simulated=simulated,
    )
    doubt = _doubt(effect, holdout_share)
    claim = _claim(effect) if doubt is None else f"Nothing can be claimed: {doubt}"
    return msgspec.structs.replace(effect, claimed=doubt is None, claim=claim)


def _welch(offer: Moments, holdout: Moments, level: float) -> tuple[float | None, float | None, float | None]:
    """Low and high end of the difference's interval and the two-sided p; None where spend does not vary."""
    if offer.variance is None or holdout.variance is None:
        return None, None, None
    a, b = offer.variance / offer.count, holdout.variance / holdout.count
    error = math.sqrt(a + b)
    if error == 0.0:
        return None, None, None
    # shares instead of squares of variances, which could vanish or overflow
    share = a / (a + b)
    freedom = 1.0 / (share**2 / (offer.count - 1) + (1.0 - share) ** 2 / (holdout.count - 1))
    difference = offer.mean - holdout.mean
    reach = float(scipy.special.stdtrit(freedom, 0.5 + level / 2.0)) * error
    p_value = 2.0 * float(scipy.special.stdtr(freedom, -abs(difference) / error))
    return difference - reach, difference + reach, p_value


def _sample_ratio_p(offer_people: int, holdout_people: int, holdout_share: float) -> float | None:
    people = offer_people + holdout_people
    if people == 0:
        return None
    expected = people * holdout_share
    off_by = holdout_people - expected
    chi_square = off_by**2 / expected + off_by**2 / (people - expected)
    return float(scipy.special.chdtrc(1, chi_square))


def _doubt(effect: Effect, holdout_share: float) -> str | None:
    """Why nothing may be claimed, the gravest reason first; None when a claim may be made."""
    if effect.sample_ratio_p is None:
        return "nobody was assigned yet."
    if effect.sample_ratio_p < SAMPLE_RATIO_P_MIN:
        people = effect.offer_people + effect.holdout_people
        return (
            f"{effect.holdout_people:,} of {people:,} people are held out where {holdout_share:.0%} were drawn, which chance "
            f"does not explain (p = {effect.sample_ratio_p:.1g}); find out who is missing from which arm."
        )
    for arm, count in (("hold-out", effect.holdout_people), ("offer arm", effect.offer_people)):
        if count < PEOPLE_MIN:
            who = {0: "nobody", 1: "only 1 person"}.get(count, f"only {count} people")
            return f"the {arm} has {who}, and fewer than {PEOPLE_MIN} say too little about spend."
    if effect.low_minor is None or effect.high_minor is None:
        return "spend did not vary within the arms, so its uncertainty is unknown."
    if effect.low_minor <= 0.0 <= effect.high_minor:
        return (
            f"the difference lies between {_amount(effect.low_minor, effect)} and {_amount(effect.high_minor, effect)} "
            f"{effect.currency} a person ({effect.level:.0%} interval), so it may be none."
        )
    return None


def _claim(effect: Effect) -> str:
    """What may be said of an effect that no doubt is left about: its interval excludes zero."""
    difference, low, high = effect.difference_minor or 0.0, effect.low_minor or 0.0, effect.high_minor or 0.0
    verb = "raised" if difference > 0 else "lowered"
    near, far = sorted((abs(low), abs(high)))
    return (
        f"The offer {verb} spend by {_amount(abs(difference), effect)} {effect.currency} a person, between "
        f"{_amount(near, effect)} and {_amount(far, effect)} ({effect.level:.0%} interval)."
    )


def _amount(minor: float, effect: Effect) -> str:
    places = exponent(effect.currency)
    # adding 0.0 turns a negative zero into a plain one
    return f"{round(minor / 10**places, places) + 0.0:,.{places}f}"
