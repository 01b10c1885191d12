"""The effect of a campaign: offer arm against hold-out, with intervals, and a claim only when the figures bear it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from oneshelf.effect.claim import claim_of
from oneshelf.effect.comoments import Comoments
from oneshelf.effect.difference import Difference, Measure, difference_of
from oneshelf.effect.outcome import BEFORE_DAYS
from oneshelf.effect.sample_ratio import sample_ratio_p
from oneshelf.effect.segments import Group, Segment, segments_of
from oneshelf.errors import InvalidInput

#: Spend is skewed, so the intervals are too narrow for smaller arms; no claim is made from them.
PEOPLE_MIN = 30

#: At how many days the always-valid interval is the narrowest. Settled once for all campaigns, so that no look can choose it.
PLANNED_DAYS = 28


class ReturnOnSpend(msgspec.Struct, frozen=True, kw_only=True):
    """What the campaign brought beyond what would have come anyway, beside what was spent on it; money in minor units."""

    spent_minor: int
    #: "margin" where the cost of what was sold is known, else "sales"
    of: Measure
    gained_minor: float
    #: gained over spent, with its always-valid interval
    ratio: float
    ratio_low: float
    ratio_high: float


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer did a person, by intention to treat: everybody assigned counts."""

    campaign_id: str
    currency: str
    offer_people: int
    holdout_people: int
    level: float
    sales: Difference
    orders: Difference
    #: over the lines whose cost is known; None: no cost is known
    margin: Difference | None
    #: the share of sales after sending whose cost is known
    costed_share: float
    #: always-valid p of the arms' sizes against the shares that were drawn; tiny means that people went missing
    sample_ratio_p: float | None
    segments: tuple[Segment, ...]
    #: None: no spend on this campaign was recorded
    return_on_spend: ReturnOnSpend | None
    #: whether the figures bear the claim that the offer changed sales, however often one looked
    claimed: bool
    #: one sentence
    claim: str
    #: whether simulated events entered
    simulated: bool


class Arms(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the two arms. Measures that were not counted are left out."""

    offer: Mapping[Measure, Comoments]
    holdout: Mapping[Measure, Comoments]
    groups: tuple[Group, ...] = ()
    #: sales after sending whose cost is known, over all
    costed_share: float = 0.0
    simulated: bool = False


def estimate(
    campaign_id: str,
    arms: Arms,
    *,
    holdout_share: float,
    currency: str,
    spent_minor: int | None = None,
    level: float = 0.95,
) -> Effect:
    """Compare the two arms of a campaign that drew `holdout_share` for the hold-out.

    Arms of any size give a result; what cannot be known is None, and then nothing is claimed.
    """
    for field, value in (("level", level), ("holdout_share", holdout_share)):
        if not 0.0 < value < 1.0:
            raise InvalidInput.of(field, value, "cannot be a share.", "Expected more than 0 and less than 1.")
    # people who differ, differ for long: then the spread grows with the days, and the variance with their square
    planned = (PLANNED_DAYS / BEFORE_DAYS) ** 2

    def compared(measure: Measure) -> Difference:
        offer, holdout = (arm.get(measure, Comoments()) for arm in (arms.offer, arms.holdout))
        return difference_of(measure, offer, holdout, level=level, planned=planned)

    sales, margin = compared("sales"), compared("margin") if arms.costed_share > 0.0 else None
    offered, held_out = (arm.get("sales", Comoments()).count for arm in (arms.offer, arms.holdout))
    ratio_p = sample_ratio_p(offered, held_out, holdout_share)
    claimed, claim = claim_of(
        sales,
        offered,
        held_out,
        holdout_share=holdout_share,
        sample_ratio_p=ratio_p,
        currency=currency,
        level=level,
        people_min=PEOPLE_MIN,
    )
    return Effect(
        campaign_id=campaign_id,
        currency=currency,
        offer_people=offered,
        holdout_people=held_out,
        level=level,
        sales=sales,
        orders=compared("orders"),
        margin=margin,
        costed_share=arms.costed_share,
        sample_ratio_p=ratio_p,
        segments=segments_of(arms.groups, level=level, planned=planned, people_min=PEOPLE_MIN),
        return_on_spend=_return(margin or sales, offered, spent_minor),
        claimed=claimed,
        claim=claim,
        simulated=arms.simulated,
    )


def joined(parts: Iterable[Comoments]) -> Comoments:
    """Parts that were counted apart, as one."""
    return sum(parts, Comoments())


def _return(gain: Difference, people: int, spent_minor: int | None) -> ReturnOnSpend | None:
    if not spent_minor or spent_minor < 0 or gain.adjusted is None:
        return None
    if gain.always_low is None or gain.always_high is None:
        return None
    times = people / spent_minor
    return ReturnOnSpend(
        spent_minor=spent_minor,
        of=gain.measure,
        gained_minor=gain.adjusted.difference * people,
        ratio=gain.adjusted.difference * times,
        ratio_low=gain.always_low * times,
        ratio_high=gain.always_high * times,
    )
