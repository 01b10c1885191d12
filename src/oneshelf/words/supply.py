"""Supply: who sends the goods, and on what terms."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Final

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.words.goods import CASE_PACK_MAX, check_between
from oneshelf.words.gtin import check_digit
from oneshelf.words.ids import Id
from oneshelf.words.money import check_amount, check_currency
from oneshelf.words.quantity import QUANTITY_MAX

LEAD_TIME_DAYS_MAX: Final = 730

#: A party's name as it stands on paper: no database of ours takes control characters.
PartyName = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+\Z")]


class Supplier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A farm, a factory or a wholesaler that sends goods."""

    id: Id
    name: PartyName
    #: GS1's number of a party, 13 digits
    gln: str | None = None
    #: pieces of all its goods together that it can send a day; None: as many as are ordered
    capacity_pieces: int | None = None

    def __post_init__(self) -> None:
        if self.gln is not None and not _is_gln(self.gln):
            raise InvalidInput.of("gln", self.gln, "is not a GLN.", "Give 13 digits with their check digit.")
        if self.capacity_pieces is not None:
            check_between("capacity_pieces", self.capacity_pieces, 0, 1_000 * QUANTITY_MAX)


class SupplyTerm(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """On what terms a supplier sends one product to one place, or to every place without a term of its own."""

    product_id: Id
    supplier_id: Id
    #: None: every place
    place_id: Id | None = None
    #: whole days from the order to the arrival; 0: the same day, 1: the next
    lead_time_days: int = 1
    #: pieces in a case: orders are multiples of it
    case_pack: int = 1
    #: the least that is sent, once anything is
    minimum_order_pieces: int = 0
    #: what one piece costs the shop, in minor units of `currency`, without sales tax
    cost_minor: int
    currency: str
    #: orders after this time of the place's day go with the next one's; None: until midnight
    order_by: time | None = None
    #: pieces of this product that can be sent a day, to the place or over all places; None: as many as are ordered
    capacity_pieces: int | None = None

    def __post_init__(self) -> None:
        check_between("lead_time_days", self.lead_time_days, 0, LEAD_TIME_DAYS_MAX)
        check_between("case_pack", self.case_pack, 1, CASE_PACK_MAX)
        check_between("minimum_order_pieces", self.minimum_order_pieces, 0, QUANTITY_MAX)
        check_amount(self.cost_minor, "cost_minor")
        if self.cost_minor < 0:
            raise InvalidInput.of("cost_minor", self.cost_minor, "is below 0.", "Give what one piece costs.")
        check_currency(self.currency)
        if self.capacity_pieces is not None:
            check_between("capacity_pieces", self.capacity_pieces, 0, QUANTITY_MAX)
        if self.order_by is not None and self.order_by.tzinfo is not None:
            raise InvalidInput.of(
                "order_by",
                self.order_by.isoformat(),
                "has a time zone.",
                "Give the time on the place's clock: 14:30.",
            )


def _is_gln(text: str) -> bool:
    return len(text) == 13 and text.isascii() and text.isdecimal() and int(text[-1]) == check_digit(text[:-1])
