"""Claims: what may be said of a campaign's effect, in one sentence, and why nothing may when nothing may."""

from __future__ import annotations

from oneshelf.effect.difference import Difference
from oneshelf.effect.sample_ratio import alarms
from oneshelf.words.money import exponent


def claim_of(
    sales: Difference,
    offer_people: int,
    holdout_people: int,
    *,
    holdout_share: float,
    sample_ratio_p: float | None,
    currency: str,
    level: float,
    people_min: int,
) -> tuple[bool, str]:
    """Whether the offer may be said to have changed sales a person, and the sentence that says what may be said.

    It rests on the always-valid interval, so that who looks every day is misled no more often than who looks once.
    """
    doubt = _missing(offer_people, holdout_people, holdout_share, sample_ratio_p, people_min)
    if doubt is not None:
        return False, f"Nothing can be claimed: {doubt}"
    if sales.adjusted is None or sales.always_low is None or sales.always_high is None:
        return (
            False,
            "Nothing can be claimed: spend did not vary within the arms, so its uncertainty is unknown.",
        )
    low, high = sales.always_low, sales.always_high
    if low <= 0.0 <= high:
        return False, (
            f"Nothing can be claimed: the difference lies between {amount(low, currency)} and {amount(high, currency)} "
            f"{currency} a person ({level:.0%}, however often one looks), so it may be none."
        )
    difference = sales.adjusted.difference
    near, far = sorted((abs(low), abs(high)))
    return True, (
        f"The offer {'raised' if difference > 0 else 'lowered'} spend by {amount(abs(difference), currency)} {currency} a person, "
        f"between {amount(near, currency)} and {amount(far, currency)} ({level:.0%}, however often one looks)."
    )


def amount(minor: float, currency: str) -> str:
    """A number of minor units in digits, without the currency's name."""
    places = exponent(currency)
    # adding 0.0 turns a negative zero into a plain one
    return f"{round(minor / 10**places, places) + 0.0:,.{places}f}"


def _missing(
    offer: int, holdout: int, share: float, sample_ratio_p: float | None, people_min: int
) -> str | None:
    """What is wrong with who is there, the gravest first."""
    if sample_ratio_p is None:
        return "nobody was assigned yet."
    if alarms(sample_ratio_p):
        return (
            f"{holdout:,} of {offer + holdout:,} people are held out where {share:.0%} were drawn, which chance "
            f"does not explain (p = {sample_ratio_p:.1g}); find out who is missing from which arm."
        )
    for arm, count in (("hold-out", holdout), ("offer arm", offer)):
        if count < people_min:
            who = {0: "nobody", 1: "only 1 person"}.get(count, f"only {count} people")
            return f"the {arm} has {who}, and fewer than {people_min} say too little about spend."
    return None
