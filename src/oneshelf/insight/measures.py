"""Measures: the one definition of every figure of sales. What shows a figure shows its formula and unit from here.

Every measure is a formula over the sums of a group of receipts, and money is never added over currencies: the currency is
part of every group.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ibis.expr.types as ir

from oneshelf.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure: what it is called, how it is computed, in what unit."""

    name: str
    title: str
    #: in words, over receipts
    formula: str
    #: "minor" (minor units of the group's currency), "orders", "pieces", "people" or "share" (0 to 1)
    unit: str
    #: the same formula over the columns of `_sums`
    of: Callable[[ir.Table], ir.Value]


_ALL = (
    Measure(
        name="gross_sales_minor",
        title="Gross sales (GMV)",
        formula="Sum of the lines of all orders, after discounts, before refunds.",
        unit="minor",
        of=lambda sums: sums.sold_minor,
    ),
    Measure(
        name="refunded_minor",
        title="Refunds",
        formula="Sum of the lines of all refunds, counted on the day of the refund.",
        unit="minor",
        of=lambda sums: sums.returned_minor,
    ),
    Measure(
        name="net_sales_minor",
        title="Net sales",
        formula="Gross sales less refunds.",
        unit="minor",
        of=lambda sums: sums.sold_minor - sums.returned_minor,
    ),
    Measure(
        name="orders",
        title="Orders",
        formula="Number of orders; refunds are not orders, and take none away.",
        unit="orders",
        of=lambda sums: sums.sold_orders,
    ),
    Measure(
        name="average_transaction_minor",
        title="Average transaction value (ATV)",
        formula="Net sales over orders; empty without an order.",
        unit="minor",
        of=lambda sums: (sums.sold_minor - sums.returned_minor) / sums.sold_orders.nullif(0),
    ),
    Measure(
        name="units_per_transaction",
        title="Units per transaction",
        formula="Pieces of all orders, before refunds, over orders; goods that are weighed or poured are one piece a line.",
        unit="pieces",
        of=lambda sums: sums.sold_pieces / sums.sold_orders.nullif(0),
    ),
    Measure(
        name="active_people",
        title="Active people",
        formula="Distinct known people with at least one order.",
        unit="people",
        of=lambda sums: sums.buyers,
    ),
    Measure(
        name="repeat_rate",
        title="Repeat rate",
        formula="Known people with at least two orders over active people; empty when nobody is known.",
        unit="share",
        of=lambda sums: sums.repeat_buyers / sums.buyers.nullif(0),
    ),
)

#: Every measure by its name.
MEASURES: dict[str, Measure] = {measure.name: measure for measure in _ALL}

#: What receipts can be grouped by, besides their currency.
GROUPS = ("day", "place_id", "channel")


def measured(
    receipts: ir.Table, *, by: Sequence[str] = (), names: Sequence[str] = tuple(MEASURES)
) -> ir.Table:
    """The measures of each group of `insight.receipts.receipts` (links resolved before).

    Columns: those of `by`, currency, one a measure in the order of `names`, and simulated. Raises InvalidInput for an
    unknown measure or group.
    """
    for name in names:
        if name not in MEASURES:
            raise InvalidInput.of("measure", name, "is not defined.", f"Known: {', '.join(MEASURES)}.")
    for column in by:
        if column not in GROUPS:
            raise InvalidInput.of("by", column, "cannot be grouped by.", f"Known: {', '.join(GROUPS)}.")
    sums = _sums(receipts, (*by, "currency"))
    return sums.select(
        *by, "currency", **{name: MEASURES[name].of(sums) for name in names}, simulated=sums.simulated
    )


def _sums(receipts: ir.Table, keys: tuple[str, ...]) -> ir.Table:
    """What the formulas stand on: sold_minor, returned_minor, sold_orders, sold_pieces, buyers, repeat_buyers, simulated."""
    sums = receipts.group_by(*keys).aggregate(
        sold_minor=_total(receipts.is_order.ifelse(receipts.amount_minor, 0)),
        returned_minor=_total(receipts.is_order.ifelse(0, -receipts.amount_minor)),
        sold_orders=_total(receipts.is_order.cast("int64")),
        sold_pieces=_total(receipts.is_order.ifelse(receipts.pieces, 0)),
        simulated=receipts.simulated.any(),
    )
    known = receipts.filter(receipts.is_order & receipts.person_id.notnull())
    people = known.group_by(*keys, "person_id").aggregate(bought=known.count())
    buyers = people.group_by(*(people[key].name(f"buyers_{key}") for key in keys)).aggregate(
        buyers=people.count(), repeat_buyers=_total((people.bought >= 2).cast("int64"))
    )
    joined = sums.left_join(buyers, [sums[key] == buyers[f"buyers_{key}"] for key in keys])
    return joined.mutate(
        buyers=joined.buyers.fill_null(0), repeat_buyers=joined.repeat_buyers.fill_null(0)
    ).drop(*(f"buyers_{key}" for key in keys))


def _total(values: ir.Value) -> ir.Value:
    """A sum that stays an integer of 64 bits on every engine."""
    return values.sum().cast("int64")
