"""What happens to stock besides being sold: ordered, received, wasted, moved to another place, counted. `place_id` says where."""

from __future__ import annotations

from datetime import date

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.events.body import Body
from oneshelf.words.ids import Id
from oneshelf.words.quantity import Unit, check_quantity
from oneshelf.words.text import Written
from oneshelf.words.time import check_day


class StockLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Pieces of one product. The lot, its last day of sale and whose goods they are, as far as the sender knows."""

    product_id: Id
    quantity: int
    unit: Unit = "each"
    lot_id: Id | None = None
    expires_on: date | None = None
    #: whose goods they are until they are sold (consignment); empty for our own
    owner_id: Id | None = None

    def __post_init__(self) -> None:
        check_quantity(self.quantity)


class CountedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One product of a stock count, or one lot of it."""

    product_id: Id
    on_hand: int
    unit: Unit = "each"
    lot_id: Id | None = None
    expires_on: date | None = None

    def __post_init__(self) -> None:
        check_quantity(self.on_hand, "on_hand")


class StockCounted(Body, frozen=True, tag="stock.counted"):
    """What lay at the event's place when it was counted. Products, and lots, that it does not name were not counted."""

    lines: tuple[CountedLine, ...]


class GoodsOrdered(Body, frozen=True, tag="goods.ordered"):
    """Goods were ordered for the event's place and are due on a day. The newest of one order holds; 0 pieces cancel a line."""

    order_id: Id
    due_on: date
    lines: tuple[StockLine, ...]
    supplier_id: Id | None = None

    def __post_init__(self) -> None:
        check_day(self.due_on, "due_on")


class GoodsReceived(Body, frozen=True, tag="goods.received"):
    """Goods arrived at the event's place. `order_id` says which order they were due from."""

    lines: tuple[StockLine, ...]
    order_id: Id | None = None
    supplier_id: Id | None = None


class GoodsWasted(Body, frozen=True, tag="goods.wasted"):
    """Goods at the event's place were thrown away, broken or stolen."""

    lines: tuple[StockLine, ...]
    reason: Written | None = None


class StockTransferred(Body, frozen=True, tag="stock.transferred"):
    """Goods went from the event's place to another one."""

    to_place_id: Id
    lines: tuple[StockLine, ...]

    def __post_init__(self) -> None:
        if not self.lines:
            raise InvalidInput.of("lines", "[]", "name no goods.", "Name what was moved.")
