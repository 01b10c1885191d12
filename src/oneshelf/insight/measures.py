"""Measures: the one definition of every figure. What shows a figure shows its formula and unit from here.

A measure is a formula over sums of one cell of a cube (`insight.cube`): a place and an hour, say. Figures that do not add up, such
as people and shares, are computed from the sums of each cell, never from other cells. Money is never added over currencies: the
currency is part of every cell.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from oneshelf.errors import InvalidInput

#: What a measure stands on: lines of orders and refunds, events by which somebody shows up, coupons handed in.
Family = Literal["sales", "visits", "redemptions"]

#: Measures and dimensions of the goods themselves; the others are of the whole event.
LINE_DIMENSIONS: Final = ("department", "category", "brand")

#: Dimensions by which people are put into groups; the others say where and when, and what.
PEOPLE_DIMENSIONS: Final = ("tier", "audience")

#: What figures can be asked by and filtered by, with its title.
DIMENSIONS: Final[dict[str, str]] = {
    "place": "Place",
    "hour": "Hour of day",
    "weekday": "Weekday",
    "day": "Day",
    "week": "Week",
    "channel": "Channel",
    "department": "Department",
    "category": "Category",
    "brand": "Brand",
    "tier": "Tier",
    "audience": "Audience",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure: what it is called, how it is computed, in what unit."""

    name: str
    title: str
    #: in words
    formula: str
    #: "minor" (minor units of the cell's currency), "orders", "pieces", "people", "visits", "coupons" or "share" (0 to 1)
    unit: str
    family: Family
    #: the sums of a cell that enter, in the order in which `of` takes them; see `insight.cube` for what each is
    needs: tuple[str, ...]
    of: Callable[..., float | None]

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What this figure can be asked by."""
        return tuple(d for d in DIMENSIONS if self.family == "sales" or d not in LINE_DIMENSIONS)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


_ALL = (
    Measure(
        name="gross_sales_minor",
        title="Gross sales (GMV)",
        formula="Sum of the lines of all orders, after discounts, before refunds.",
        unit="minor",
        family="sales",
        needs=("sold_minor",),
        of=lambda sold: sold,
    ),
    Measure(
        name="refunded_minor",
        title="Refunds",
        formula="Sum of the lines of all refunds, counted on the day and in the hour of the refund.",
        unit="minor",
        family="sales",
        needs=("returned_minor",),
        of=lambda returned: returned,
    ),
    Measure(
        name="net_sales_minor",
        title="Net sales",
        formula="Gross sales less refunds.",
        unit="minor",
        family="sales",
        needs=("sold_minor", "returned_minor"),
        of=lambda sold, returned: sold - returned,
    ),
    Measure(
        name="orders",
        title="Orders",
        formula="Number of orders; refunds are not orders, and take none away. An order counts once in every cell that one of its lines is in.",
        unit="orders",
        family="sales",
        needs=("orders",),
        of=lambda orders: orders,
    ),
    Measure(
        name="average_transaction_minor",
        title="Average transaction value (ATV)",
        formula="Net sales over orders; empty without an order.",
        unit="minor",
        family="sales",
        needs=("sold_minor", "returned_minor", "orders"),
        of=lambda sold, returned, orders: _ratio(sold - returned, orders),
    ),
    Measure(
        name="units_per_transaction",
        title="Units per transaction",
        formula="Pieces of all orders, before refunds, over orders; goods that are weighed or poured are one piece a line.",
        unit="pieces",
        family="sales",
        needs=("pieces", "orders"),
        of=_ratio,
    ),
    Measure(
        name="active_people",
        title="Active people",
        formula="Distinct known people with at least one order.",
        unit="people",
        family="sales",
        needs=("buyers",),
        of=lambda buyers: buyers,
    ),
    Measure(
        name="repeat_rate",
        title="Repeat rate",
        formula="Known people with at least two orders over active people; empty when nobody is known.",
        unit="share",
        family="sales",
        needs=("repeat_buyers", "buyers"),
        of=_ratio,
    ),
    Measure(
        name="discount_share",
        title="Discount share",
        formula="What promotions and coupons took off the lines of all orders, over what these lines would have come to without.",
        unit="share",
        family="sales",
        needs=("discount_minor", "coupon_minor", "sold_minor"),
        of=lambda discount, coupon, sold: _ratio(discount + coupon, sold + discount + coupon),
    ),
    Measure(
        name="margin_minor",
        title="Margin",
        formula="Net sales less cost, over the lines whose cost is known; empty where none is.",
        unit="minor",
        family="sales",
        needs=("costed_minor", "cost_minor"),
        of=lambda costed, cost: costed - cost,
    ),
    Measure(
        name="margin_share",
        title="Margin share",
        formula="Margin over net sales, both over the lines whose cost is known; empty where none is.",
        unit="share",
        family="sales",
        needs=("costed_minor", "cost_minor"),
        of=lambda costed, cost: _ratio(costed - cost, costed),
    ),
    Measure(
        name="coupon_orders",
        title="Orders with a coupon",
        formula="Number of orders from which a coupon took something off.",
        unit="orders",
        family="sales",
        needs=("coupon_orders",),
        of=lambda orders: orders,
    ),
    Measure(
        name="redemptions",
        title="Coupons redeemed",
        formula="Number of coupons that were handed in, as tills and web shops report each of them.",
        unit="coupons",
        family="redemptions",
        needs=("redemptions",),
        of=lambda redemptions: redemptions,
    ),
    Measure(
        name="visits",
        title="Visits",
        formula="Days on which a known person showed up, added over people: they bought, came in, searched, looked or handed in a coupon; a person counts once a day in every cell. Each such event without a known person is a visit of its own.",
        unit="visits",
        family="visits",
        needs=("visits",),
        of=lambda visits: visits,
    ),
    Measure(
        name="visitors",
        title="Visitors",
        formula="Distinct known people who showed up, whether or not they bought.",
        unit="people",
        family="visits",
        needs=("visitors",),
        of=lambda visitors: visitors,
    ),
)

#: Every measure by its name.
MEASURES: Final[dict[str, Measure]] = {measure.name: measure for measure in _ALL}


def measure_named(name: str) -> Measure:
    """A measure by its name. Raises InvalidInput that lists those there are."""
    if name not in MEASURES:
        raise InvalidInput.of("measure", name, "is not defined.", f"Known: {', '.join(MEASURES)}.")
    return MEASURES[name]


def check_dimensions(measure: Measure, names: tuple[str, ...], field: str) -> None:
    """Raise InvalidInput for a dimension that is unknown, repeated or not one of this measure's."""
    for name in names:
        if name not in DIMENSIONS:
            raise InvalidInput.of(field, name, "is not a dimension.", f"Known: {', '.join(DIMENSIONS)}.")
        if name not in measure.dimensions:
            raise InvalidInput.of(
                field,
                name,
                f"does not go with {measure.name}.",
                f"Use one of {', '.join(measure.dimensions)}.",
            )
    if len(set(names)) < len(names):
        raise InvalidInput.of(field, ", ".join(names), "names a dimension twice.", "Name each once.")
