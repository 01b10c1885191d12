"""Quantities: integers in a base unit. 1.25 kg is 1250 g; three bottles are 3 each."""

from __future__ import annotations

from typing import Literal

from oneshelf.errors import InvalidInput

Unit = Literal["each", "g", "ml"]

#: A line with more than this is a slip of the hand, not a sale.
QUANTITY_MAX = 10_000_000


def check_quantity(quantity: int, field: str = "quantity") -> int:
    """Return a line's quantity if it can be sold or counted, else raise InvalidInput."""
    if 0 <= quantity <= QUANTITY_MAX:
        return quantity
    raise InvalidInput.of(
        field,
        quantity,
        "cannot be sold.",
        f"Expected 0 to {QUANTITY_MAX}; a return is an order.refunded event.",
    )
