"""Prices: what a shopper pays, where, how, and from when."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.words.ids import Id
from oneshelf.words.money import check_amount, check_currency
from oneshelf.words.places import Channel

PriceKind = Literal["regular", "promotion", "member"]


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one piece costs the shopper (or a kilogram, a litre of weighed goods), as the label says it: tax included.

    It holds at one place, in the places of one price zone, or (neither named) everywhere; in one channel or in all. It holds from
    `starts_on` to `ends_on`, that day included, or for good; of two of the same kind and scope that cover a day, the one that
    started last holds. So a new price needs no change to the one before it.
    """

    product_id: Id
    zone: Id | None = None
    place_id: Id | None = None
    channel: Channel | None = None
    starts_on: date
    ends_on: date | None = None
    amount_minor: int
    currency: str
    kind: PriceKind = "regular"

    def __post_init__(self) -> None:
        check_amount(self.amount_minor)
        check_currency(self.currency)
        if self.amount_minor < 0:
            raise InvalidInput.of(
                "amount_minor", self.amount_minor, "is below 0.", "Give what one piece costs."
            )
        if self.zone is not None and self.place_id is not None:
            raise InvalidInput.of(
                "zone", self.zone, "stands beside a place.", "Name a zone or a place, not both."
            )
        if self.ends_on is not None and self.ends_on < self.starts_on:
            raise InvalidInput.of(
                "ends_on",
                self.ends_on.isoformat(),
                f"is before {self.starts_on}.",
                "Give the last day of the price.",
            )

    @property
    def scope(self) -> tuple[object, ...]:
        """What it is the price of: product, kind, place, zone and channel."""
        return self.product_id, self.kind, self.place_id, self.zone, self.channel


class PriceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said about a price: by whom, and when. Records are never changed; a later one of the same key counts."""

    price: Price
    recorded_at: datetime
    recorded_by: str
    #: the price of this scope and start is no more: it was said in error, or called off
    withdrawn: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Of the records with one key the last counts."""
        return *self.price.scope, self.price.starts_on
