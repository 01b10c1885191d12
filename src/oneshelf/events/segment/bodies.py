"""Track calls as bodies: the names of Segment's e-commerce spec, version 2, and a few of our own; the rest is kept whole."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.events.body import Body
from oneshelf.events.catalogue import (
    CouponRedeemed,
    CustomTracked,
    OrderCompleted,
    OrderRefunded,
    PlaceVisited,
    ProductAdded,
    ProductFavourited,
    ProductReviewed,
    ProductsSearched,
    ProductViewed,
)
from oneshelf.events.segment.lines import OrderProperties, currency_of, lines_of, product_id_of, quantity_of
from oneshelf.events.segment.values import Hints, identifier, mapping, number, read, text_of, written
from oneshelf.events.stock import CountedLine, StockCounted


class Properties(Hints, frozen=True):
    """What the kinds below read of a track call's properties; all else stays in the journal."""

    product_id: Any = None
    sku: Any = None
    quantity: Any = None
    unit: Any = None
    query: Any = None
    rating: Any = None
    review_body: Any = None
    review_text: Any = None
    dwell_seconds: Any = None
    coupon_id: Any = None
    campaign_id: Any = None
    products: list[Counted] | None = None


class Counted(msgspec.Struct, frozen=True):
    """One product of a stock count."""

    product_id: Any = None
    sku: Any = None
    on_hand: Any = None
    unit: Any = None


class Track(NamedTuple):
    """A track call on its way to a body. `event_id` stands in for an id that the sender left out."""

    name: str
    raw: msgspec.Raw
    event_id: str
    currency: str


_properties = msgspec.json.Decoder(Properties, float_hook=Decimal)
_orders = msgspec.json.Decoder(OrderProperties, float_hook=Decimal)
_hints = msgspec.json.Decoder(Hints)

FIELD: Final = "properties"


def track_body(track: Track) -> tuple[Body, Hints]:
    """The body of a track call, and what its properties say of where and how."""
    build = _ORDERS.get(track.name) or _ORDERS.get(_plain_name(track.name))
    if build is not None:
        order = read(_orders, track.raw, FIELD)
        return build(order, track), order
    make = _KINDS.get(track.name) or _KINDS.get(_plain_name(track.name))
    if make is not None:
        properties = read(_properties, track.raw, FIELD)
        return make(properties), properties
    return CustomTracked(name=track.name, properties=mapping(track.raw, FIELD)), hints_of(track.raw)


def hints_of(raw: msgspec.Raw) -> Hints:
    """What a call's properties say of where and how it happened."""
    return read(_hints, raw, FIELD)


def _plain_name(name: str) -> str:
    """`order_completed` and `Order completed` are Order Completed."""
    return name.replace("_", " ").title()


def _order_completed(order: OrderProperties, track: Track) -> Body:
    currency = currency_of(order.currency, track.currency)
    return OrderCompleted(
        order_id=identifier(order.order_id, f"{FIELD}.order_id") or track.event_id,
        currency=currency,
        lines=lines_of(order, currency),
    )


def _order_refunded(order: OrderProperties, track: Track) -> Body:
    return _refund(order, track, written(order.reason, f"{FIELD}.reason"))


def _order_cancelled(order: OrderProperties, track: Track) -> Body:
    return _refund(order, track, written(order.reason, f"{FIELD}.reason") or "cancelled")


def _refund(order: OrderProperties, track: Track, reason: str | None) -> Body:
    currency = currency_of(order.currency, track.currency)
    lines = lines_of(order, currency)
    for at, line in enumerate(lines):
        if line.amount_minor < 0:
            raise InvalidInput.of(
                f"{FIELD}.products[{at}]",
                line.amount_minor,
                "is negative.",
                "Send what was given back as positive amounts.",
            )
    return OrderRefunded(
        currency=currency,
        refund_id=identifier(order.refund_id, f"{FIELD}.refund_id") or track.event_id,
        order_id=identifier(order.order_id, f"{FIELD}.order_id"),
        lines=lines,
        reason=reason,
    )


def _searched(properties: Properties) -> Body:
    query = properties.query
    text = msgspec.json.encode(query).decode() if isinstance(query, dict) else text_of(query)
    if text is None:
        raise InvalidInput.of(f"{FIELD}.query", query, "is missing.", "Send what was typed.")
    return ProductsSearched(query=text)


def _viewed(properties: Properties) -> Body:
    return ProductViewed(product_id=product_id_of(properties.product_id, properties.sku, FIELD))


def _added(properties: Properties) -> Body:
    quantity, _, _ = quantity_of(properties.quantity, properties.unit, f"{FIELD}.quantity")
    return ProductAdded(
        product_id=product_id_of(properties.product_id, properties.sku, FIELD), quantity=quantity
    )


def _favourited(properties: Properties) -> Body:
    return ProductFavourited(product_id=product_id_of(properties.product_id, properties.sku, FIELD))


def _reviewed(properties: Properties) -> Body:
    return ProductReviewed(
        product_id=product_id_of(properties.product_id, properties.sku, FIELD),
        rating=_whole(properties.rating, f"{FIELD}.rating"),
        text=text_of(properties.review_body) or text_of(properties.review_text),
    )


def _visited(properties: Properties) -> Body:
    return PlaceVisited(dwell_seconds=_whole(properties.dwell_seconds, f"{FIELD}.dwell_seconds"))


def _redeemed(properties: Properties) -> Body:
    coupon_id = identifier(properties.coupon_id, f"{FIELD}.coupon_id")
    if coupon_id is None:
        raise InvalidInput.of(f"{FIELD}.coupon_id", None, "is missing.", "Send the id of the coupon.")
    return CouponRedeemed(
        coupon_id=coupon_id, campaign_id=identifier(properties.campaign_id, f"{FIELD}.campaign_id")
    )


def _counted(properties: Properties) -> Body:
    lines = []
    for at, counted in enumerate(properties.products or ()):
        field = f"{FIELD}.products[{at}]"
        on_hand, _, unit = quantity_of(counted.on_hand, counted.unit, f"{field}.on_hand")
        lines.append(
            CountedLine(
                product_id=product_id_of(counted.product_id, counted.sku, field), on_hand=on_hand, unit=unit
            )
        )
    if not lines:
        raise InvalidInput.of(
            f"{FIELD}.products", None, "is missing.", "Send what was counted: product_id and on_hand."
        )
    return StockCounted(lines=tuple(lines))


def _whole(value: object, field: str) -> int | None:
    amount = number(value, field)
    if amount is None:
        return None
    if amount == amount.to_integral_value():
        return int(amount)
    raise InvalidInput.of(field, value, "is not a whole number.", "Round it to a whole number.")


_ORDERS: Final[dict[str, Callable[[OrderProperties, Track], Body]]] = {
    "Order Completed": _order_completed,
    "Completed Order": _order_completed,
    "Order Refunded": _order_refunded,
    "Order Cancelled": _order_cancelled,
}

#: A click on a product is followed by a view of it, so that `Product Clicked` is not counted as a second one.
_KINDS: Final[dict[str, Callable[[Properties], Body]]] = {
    "Products Searched": _searched,
    "Product Viewed": _viewed,
    "Viewed Product": _viewed,
    "Product Added": _added,
    "Added Product": _added,
    "Wishlist Product Added To Cart": _added,
    "Wishlist Product Added to Cart": _added,
    "Product Added To Wishlist": _favourited,
    "Product Added to Wishlist": _favourited,
    "Product Reviewed": _reviewed,
    "Store Visited": _visited,
    "Coupon Redeemed": _redeemed,
    "Stock Counted": _counted,
}
