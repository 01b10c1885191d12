"""Offers for a person: what they buy again and again, or asked for in vain, out of what lies in stock."""

from __future__ import annotations

from typing import Literal, Protocol

import msgspec


class Stocked(Protocol):
    """What lies at a place of one product."""

    @property
    def on_hand(self) -> int:
        """Pieces at the latest count."""

    @property
    def simulated(self) -> bool:
        """Whether that count was simulated."""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for an offer, as data, for faces that say it in another language."""

    kind: Literal["bought", "favourited", "searched"]
    #: whole days since it last happened
    days: int
    #: baskets that held the product, when it was bought
    baskets: int = 0
    #: what was searched, when it was searched
    query: str | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One product to offer to a person, and why."""

    product_id: str
    name: str
    #: decayed baskets plus lifts; compares the offers of one person, nothing else
    score: float
    #: one line in English: "Bought in 7 baskets, last 12 days ago"
    reason: str
    #: the same as data, strongest first
    why: tuple[Why, ...]
    on_hand: int
    place_id: str
    #: whether simulated events or a simulated count entered
    simulated: bool
