"""The effect of a campaign: offer arm against hold-out, with an interval, and a claim only when the figures bear it."""

from __future__ import annotations

import msgspec


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
