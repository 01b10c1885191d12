"""Orders' lines: what each product came to, exactly, in minor units of the order's currency."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.events.catalogue import Line
from oneshelf.events.segment.values import Hints, identifier, number, text_of
from oneshelf.words.money import check_currency, minor
from oneshelf.words.quantity import Unit, check_quantity

#: An order that only says what it came to has one line of this product, so that its money is counted.
UNKNOWN_PRODUCT: Final = "unknown"

#: How senders write units, and how many of our base unit one of theirs is.
_UNITS: Final[dict[str, tuple[Unit, int]]] = {
    **dict.fromkeys(("each", "ea", "pc", "pcs", "piece", "unit"), ("each", 1)),
    "g": ("g", 1),
    "kg": ("g", 1000),
    "ml": ("ml", 1),
    "l": ("ml", 1000),
}


class ProductLine(msgspec.Struct, frozen=True):
    """One product of an order. `price` is for one; `total` is what the line came to, when the sender knows it.

    `cost` is what one costs the shop: no field of the Segment spec, and for the shop's own server alone to send.
    """

    product_id: Any = None
    sku: Any = None
    quantity: Any = None
    unit: Any = None
    price: Any = None
    total: Any = None
    cost: Any = None


class OrderProperties(Hints, frozen=True):
    """What is read of an order's properties. Amounts are in major units."""

    order_id: Any = None
    refund_id: Any = None
    reason: Any = None
    currency: Any = None
    subtotal: Any = None
    total: Any = None
    revenue: Any = None
    shipping: Any = None
    tax: Any = None
    discount: Any = None
    products: list[ProductLine] | None = None


def product_id_of(product_id: object, sku: object, field: str) -> str:
    """The product's id, else its sku. Raises InvalidInput when neither is there."""
    found = identifier(product_id, f"{field}.product_id") or identifier(sku, f"{field}.sku")
    if found is None:
        raise InvalidInput.of(f"{field}.product_id", None, "is missing.", "Send product_id or sku.")
    return found


def quantity_of(quantity: object, unit: object, field: str) -> tuple[int, Decimal, Unit]:
    """How much, in the base unit, as it was written, and the unit. A missing quantity is one."""
    told = number(quantity, field)
    if told is None:
        told = Decimal(1)
    unit_text = text_of(unit) or "each"
    if (known := _UNITS.get(unit_text.lower())) is None:
        raise InvalidInput.of(
            f"{field} unit", unit_text, "is not a unit.", f"Use one of {', '.join(_UNITS)}."
        )
    base_unit, per = known
    base = told * per
    if base != base.to_integral_value():
        raise InvalidInput.of(
            field,
            str(told),
            f"is not a whole number of {base_unit}.",
            "Send unit: kg, g, l or ml with a fraction.",
        )
    return check_quantity(int(base), field), told, base_unit


def currency_of(told: object, default: str) -> str:
    """The order's currency, else the default of the batch."""
    text = text_of(told)
    return default if text is None else check_currency(text.upper(), "properties.currency")


def lines_of(order: OrderProperties, currency: str) -> tuple[Line, ...]:
    """The order's lines with what each came to, after the order's discount, and what it cost where that is told."""
    lines = _priced(order, currency)
    products = order.products or []
    if all(product.cost is None for product in products):
        return lines
    costs = (
        _cost_minor(product, f"properties.products[{at}]", currency) for at, product in enumerate(products)
    )
    return tuple(
        msgspec.structs.replace(line, cost_minor=cost) for line, cost in zip(lines, costs, strict=True)
    )


def _cost_minor(product: ProductLine, field: str, currency: str) -> int | None:
    cost = number(product.cost, f"{field}.cost")
    if cost is None:
        return None
    _, told, _ = quantity_of(product.quantity, product.unit, f"{field}.quantity")
    return minor(cost * told, currency, f"{field}.cost")


def _priced(order: OrderProperties, currency: str) -> tuple[Line, ...]:
    """The order's lines with what each came to, after the order's discount.

    A line is worth its `total`, else its price times its quantity. Lines that tell neither share what the order's own figures
    leave for them, by quantity.
    """
    goods_minor = _goods_minor(order, currency)
    products = order.products or []
    if not products:
        if goods_minor is None:
            raise InvalidInput.of(
                "properties.products", None, "is missing.", "Send products, or at least the order's total."
            )
        return (Line(product_id=UNKNOWN_PRODUCT, amount_minor=goods_minor),)
    parts = [_part(product, f"properties.products[{at}]", currency) for at, product in enumerate(products)]
    known = [amount for _, _, _, amount in parts if amount is not None]
    if len(known) < len(parts):
        parts = _fill(parts, None if goods_minor is None else goods_minor - sum(known))
        return tuple(
            Line(product_id=product_id, quantity=quantity, unit=unit, amount_minor=amount or 0)
            for product_id, quantity, unit, amount in parts
        )
    discounts = _shares(_discount_minor(order, sum(known), currency), known)
    return tuple(
        Line(
            product_id=product_id, quantity=quantity, unit=unit, amount_minor=amount - off, discount_minor=off
        )
        for (product_id, quantity, unit, _), amount, off in zip(parts, known, discounts, strict=True)
    )


#: product, quantity in base units, unit, what it came to if the line says so
_Part = tuple[str, int, Unit, int | None]


def _part(product: ProductLine, field: str, currency: str) -> _Part:
    product_id = product_id_of(product.product_id, product.sku, field)
    quantity, told, unit = quantity_of(product.quantity, product.unit, f"{field}.quantity")
    amount = number(product.total, f"{field}.total")
    if amount is None:
        price = number(product.price, f"{field}.price")
        amount = None if price is None else price * told
    return product_id, quantity, unit, None if amount is None else minor(amount, currency, f"{field}.price")


def _fill(parts: list[_Part], left_minor: int | None) -> list[_Part]:
    """Give the lines without an amount their share of what is left of the order."""
    at = next(at for at, part in enumerate(parts) if part[3] is None)
    if left_minor is None:
        raise InvalidInput.of(
            f"properties.products[{at}].price",
            None,
            "is missing.",
            "Send each product's price, or the order's total.",
        )
    if left_minor < 0:
        raise InvalidInput.of(
            "properties.total", left_minor, "is less than the priced products.", "Send each product's price."
        )
    blanks = [part for part in parts if part[3] is None]
    shares = iter(_shares(left_minor, [quantity for _, quantity, _, _ in blanks]))
    return [part if part[3] is not None else (*part[:3], next(shares)) for part in parts]


def _goods_minor(order: OrderProperties, currency: str) -> int | None:
    """What the goods came to by the order's own figures: after discounts, before shipping and tax. None when none says."""

    def told(name: str) -> int | None:
        amount = number(getattr(order, name), f"properties.{name}")
        return None if amount is None else minor(amount, currency, f"properties.{name}")

    if (subtotal := told("subtotal")) is not None:
        return subtotal
    if (total := told("total")) is not None:
        return total - (told("shipping") or 0) - (told("tax") or 0)
    if (revenue := told("revenue")) is not None:
        return revenue - (told("discount") or 0)
    return None


def _discount_minor(order: OrderProperties, goods_minor: int, currency: str) -> int:
    """What the order took off its lines: down to its subtotal, else its discount."""
    subtotal = number(order.subtotal, "properties.subtotal")
    if subtotal is not None:
        # More than the lines is a fee of the shop's own kind; it belongs to no product.
        return max(0, goods_minor - minor(subtotal, currency, "properties.subtotal"))
    discount = number(order.discount, "properties.discount")
    off = 0 if discount is None else minor(discount, currency, "properties.discount")
    if 0 <= off <= max(goods_minor, 0):
        return off
    raise InvalidInput.of(
        "properties.discount",
        str(discount),
        "is not between nothing and the whole order.",
        "Send what was taken off.",
    )


def _shares(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a total by weights into integers that add up to it exactly; equal weights when all are nothing."""
    whole = sum(weights)
    if whole <= 0:
        weights, whole = [1] * len(weights), len(weights)
    shares, before, given = [], 0, 0
    for weight in weights:
        before += weight
        upto = total * before // whole
        shares.append(upto - given)
        given = upto
    return shares
