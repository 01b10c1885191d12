"""Segments: the effect by group of people, corrected for how many groups are looked at, and how often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from oneshelf.effect import cuped
from oneshelf.effect.comoments import Comoments
from oneshelf.effect.difference import always_reach

Dimension = Literal["bought_before", "place_before"]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group of people that was settled before sending, with its sales in both arms."""

    dimension: Dimension
    segment: str
    offer: Comoments
    holdout: Comoments


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """The difference of sales a person (CUPED, minor units) in one group.

    The intervals of all groups hold together, at every look: Bonferroni's correction (Dunn, "Multiple comparisons among means",
    JASA 1961) of the confidence sequence.
    """

    dimension: Dimension
    segment: str
    offer_people: int
    holdout_people: int
    difference_minor: float
    low_minor: float
    high_minor: float
    #: whether the interval, corrected, excludes zero
    stands_out: bool


def segments_of(
    groups: Iterable[Group], *, level: float, planned: float, people_min: int
) -> tuple[Segment, ...]:
    """The groups with at least `people_min` people in each arm, corrected for their number, in the order given."""
    large = [each for each in groups if min(each.offer.count, each.holdout.count) >= people_min]
    corrected = 1.0 - (1.0 - level) / max(len(large), 1)
    return tuple(
        _segment(each, reach)
        for each in large
        if (reach := always_reach(each.offer, each.holdout, level=corrected, planned=planned)) is not None
    )


def _segment(group: Group, reach: float) -> Segment:
    offer, holdout = cuped.adjusted(group.offer, group.holdout)
    difference = offer.mean - holdout.mean
    return Segment(
        dimension=group.dimension,
        segment=group.segment,
        offer_people=offer.count,
        holdout_people=holdout.count,
        difference_minor=difference,
        low_minor=difference - reach,
        high_minor=difference + reach,
        stands_out=abs(difference) > reach,
    )
