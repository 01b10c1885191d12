"""The cube: any measure by any two dimensions, as one expression that runs on every engine.

Lines are read once. From there a cell's sums are gathered in as few steps as the measure needs: lines to receipts where an order must
count once however many lines it has, receipts to people where people are counted or protected, and those to cells.

The sums of a cell, by family:
- sales: sold_minor and returned_minor (what lines of orders and of refunds came to), orders, pieces (of orders), discount_minor and
  coupon_minor (taken off lines of orders), coupon_orders, costed_minor and cost_minor (net, over lines with a cost; null without any),
  buyers and repeat_buyers (known people with one order or more, with two or more);
- visits: visits, visitors; redemptions: redemptions. These have no currency.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from oneshelf.events.catalogue import KINDS
from oneshelf.insight.clock import local_hour, spans
from oneshelf.insight.measures import LINE_DIMENSIONS, Measure
from oneshelf.insight.people.state import SEEN_KINDS
from oneshelf.insight.receipts import resolved

ORDERS, REFUNDS, REDEEMED = "order.completed", "order.refunded", "coupon.redeemed"

#: The kinds that each family of measures reads.
KINDS_READ: Final[dict[str, tuple[str, ...]]] = {
    "sales": (ORDERS, REFUNDS),
    "visits": tuple(kind for kind, body in KINDS.items() if body in SEEN_KINDS),
    "redemptions": (REDEEMED,),
}

#: Sums that count people, each one at most; they need the people of every cell.
_PEOPLE: Final = frozenset({"buyers", "repeat_buyers", "visitors"})
_ORDERS: Final = frozenset({"orders", "coupon_orders", "buyers", "repeat_buyers"})
_OF_LINES: Final = frozenset(
    {
        "sold_minor",
        "returned_minor",
        "pieces",
        "discount_minor",
        "coupon_minor",
        "costed_minor",
        "cost_minor",
        "coupon_orders",
    }
)
#: Sums that refunds enter; for the others they are not read.
_OF_REFUNDS: Final = frozenset({"returned_minor", "costed_minor", "cost_minor"})
#: Sums that are null where nothing entered, instead of nothing.
_NULLABLE: Final = frozenset({"costed_minor", "cost_minor"})
_RECEIPT: Final = ("offset", "index")
#: The two sides of an audience: its people, and everybody else who is known.
IN: Final = "in"
REST: Final = "rest"

#: What of an event can matter to a figure.
_READ: Final = (
    *_RECEIPT,
    "person_id",
    "place_id",
    "channel",
    "day",
    "happened_at",
    "simulated",
    "currency",
    "lines",
)

#: Filters: for each dimension the values that stay.
Where = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a cube is made from. `days` are the first and the last day on which anything happened, both included."""

    #: the lake's tables of the kinds of the measure's family, cut to the days that were asked about
    events: Mapping[str, ir.Table]
    #: (identifier, person_id); None where nobody has another identifier
    links: ir.Table | None
    #: (id, department, category, brand)
    products: ir.Table
    #: (person_id, tier)
    tiers: ir.Table
    #: the people of the audience that is asked about: one column, person_id; None where none is
    audience: ir.Table | None = None
    #: (id, time_zone)
    places: ir.Table
    #: the zones of `places`, and that of places that are not among them
    zones: frozenset[str]
    time_zone: str
    days: tuple[date, date]


def cells(facts: Facts, measure: Measure, *, by: Sequence[str] = (), where: Where | None = None) -> ir.Table:
    """The sums of each cell that has any.

    Columns: those of `by`, currency, those of `measure.needs`, simulated. A dimension is null where it is not known.
    """
    rows = _rows(facts, measure, by, where or {}, with_people=bool(_PEOPLE & set(measure.needs)))
    keys = (*by, "currency")
    if "repeat_buyers" in measure.needs:
        rows = _by_person(rows, measure, keys)
    return rows.group_by(*keys).aggregate(**_sums(rows, measure.needs), simulated=rows.simulated.any())


def guarded(
    facts: Facts, measure: Measure, *, by: Sequence[str] = (), where: Where | None = None, keys: ir.Table
) -> ir.Table:
    """The sums of each cell with what `insight.disclosure` needs to protect them.

    `keys` is (person_id, key). Besides the columns of `cells`: people (known ones, and every receipt or event of nobody known as
    somebody else), key (the sum of the known ones' keys) and, for each sum, largest_SUM (the largest of one of these people).
    """
    rows = _rows(facts, measure, by, where or {}, with_people=True, strangers=True)
    cell = (*by, "currency")
    people = _by_person(rows, measure, cell, strangers=True)
    given = keys.select(keyed_id="person_id", key="key")
    people = people.left_join(given, people.person_id == given.keyed_id)
    largest = {f"largest_{name}": people[name].abs().max() for name in measure.needs}
    return people.group_by(*cell).aggregate(
        people=people.count(),
        key=_total(people.key.fill_null(0)),
        **_sums(people, measure.needs),
        **largest,
        simulated=people.simulated.any(),
    )


def adds_up(measure: Measure, by: Sequence[str]) -> bool:
    """Whether every sum of the measure is the sum of those of its cells: nothing that enters is in two of them."""
    whole = _PEOPLE | {"visits"}
    if set(by) & set(LINE_DIMENSIONS):
        whole |= _ORDERS  # an order has lines in many categories
    return not whole & set(measure.needs)


def people_of(facts: Facts, measure: Measure) -> ir.Table:
    """The known people of the measure's events: one column, person_id, each once."""
    parts = [_resolved(facts, events.select("person_id")) for events in facts.events.values()]
    everybody = _union(parts)
    return everybody.filter(everybody.person_id.notnull()).distinct()


# --- rows: what is added up, with its dimensions


def _rows(
    facts: Facts,
    measure: Measure,
    by: Sequence[str],
    where: Where,
    *,
    with_people: bool,
    strangers: bool = False,
) -> ir.Table:
    """One row a line, receipt, visit or coupon, filtered: the dimensions of `by`, currency, simulated, the sums that add up, and
    person_id if asked for (with `stranger`, who it was when nobody is known)."""
    dimensions = tuple(dict.fromkeys((*by, *where)))
    keep = [*by, "currency", "simulated", *_RECEIPT]
    if with_people or measure.family == "visits":
        keep += ["person_id"]
    make = {"sales": _sales, "visits": _visits, "redemptions": _redemptions}[measure.family]
    rows = make(facts, measure, dimensions, where, keep)
    if strangers:
        unknown = rows.person_id.isnull()
        stranger = rows["offset"].cast("string").concat("/", rows["index"].cast("string"))
        rows = rows.mutate(stranger=unknown.ifelse(stranger, ibis.null("string")))
    return rows


def _sales(
    facts: Facts, measure: Measure, dimensions: tuple[str, ...], where: Where, keep: list[str]
) -> ir.Table:
    needs = set(measure.needs)
    of_goods = bool(set(dimensions) & set(LINE_DIMENSIONS))
    of_lines, of_orders = bool(needs & _OF_LINES), bool(needs & _ORDERS)
    kinds = (ORDERS, REFUNDS) if needs & _OF_REFUNDS else (ORDERS,)
    heads = [
        _placed(facts, facts.events[kind], dimensions, where, "person_id" in keep).mutate(
            is_order=ibis.literal(kind == ORDERS)
        )
        for kind in kinds
    ]
    names = _line_sums(measure)
    none = ibis.literal(0, "int64")
    parts = []
    if of_lines or of_goods:
        of_event = [name for name in keep if name not in LINE_DIMENSIONS]
        both = _union([_lines(each, of_event, names) for each in heads])
        if of_goods:
            both = _catalogued(both, facts.products, dimensions, where)
        parts.append(both.mutate(orders=none))
    if of_orders and not of_goods:
        # orders without a line count as well
        nothing = {name: _nothing(name) for name in names}
        parts += [each.mutate(orders=each.is_order.cast("int64"), **nothing) for each in heads]
    rows = _union([part.select(*keep, "is_order", "orders", *names) for part in parts])
    if of_orders and (of_goods or "coupon_orders" in needs):
        rows = _by_receipt(rows, keep, names)
    return rows


def _line_sums(measure: Measure) -> tuple[str, ...]:
    """The sums that each line brings by itself."""
    named = [name for name in measure.needs if name in _OF_LINES and name != "coupon_orders"]
    if "coupon_orders" in measure.needs and "coupon_minor" not in named:
        named.append("coupon_minor")
    return tuple(named)


def _lines(heads: ir.Table, of_event: Sequence[str], names: Sequence[str]) -> ir.Table:
    element = heads.lines.type().value_type
    has_cost = isinstance(element, dt.Struct) and "cost_minor" in element.names
    rows = heads.select(*of_event, "is_order", line=heads.lines.unnest())
    line, is_order = rows.line, rows.is_order
    amount = line.amount_minor.cast("int64")
    nothing = ibis.literal(0, "int64")
    cost = line.cost_minor.cast("int64") if has_cost else ibis.null("int64")
    net = is_order.ifelse(amount, -amount)
    made: dict[str, ir.Value] = {
        "sold_minor": is_order.ifelse(amount, nothing),
        "returned_minor": is_order.ifelse(nothing, amount),
        "pieces": is_order.ifelse(
            (line.unit == "each").ifelse(line.quantity.cast("int64"), ibis.literal(1, "int64")), nothing
        ),
        "discount_minor": is_order.ifelse(line.discount_minor.cast("int64").fill_null(0), nothing),
        "coupon_minor": is_order.ifelse(line.coupon_minor.cast("int64").fill_null(0), nothing),
        "costed_minor": cost.notnull().ifelse(net, ibis.null("int64")),
        "cost_minor": is_order.ifelse(cost, -cost),
    }
    return rows.mutate(product_id=line.product_id, **{name: made[name] for name in names}).drop("line")


def _by_receipt(rows: ir.Table, keep: Sequence[str], names: Sequence[str]) -> ir.Table:
    """One row a receipt and cell, so that an order counts once in a cell however many of its lines are there."""
    keys = [name for name in keep if name != "simulated"]
    receipts = rows.group_by(*keys, "is_order").aggregate(
        **{name: _added(rows, name) for name in names}, simulated=rows.simulated.any()
    )
    sums = {"orders": receipts.is_order.cast("int64")}
    if "coupon_minor" in names:
        sums["coupon_orders"] = (receipts.is_order & (receipts.coupon_minor > 0)).cast("int64")
    return receipts.mutate(**sums)


def _union(parts: Sequence[ir.Table]) -> ir.Table:
    return ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


def _visits(
    facts: Facts, measure: Measure, dimensions: tuple[str, ...], where: Where, keep: list[str]
) -> ir.Table:
    del measure
    wanted = [*dict.fromkeys((*keep, "day"))]
    parts = [_placed(facts, events, dimensions, where, with_people=True) for events in facts.events.values()]
    seen = _union([part.mutate(currency=ibis.null("string")).select(*wanted) for part in parts])
    # somebody known counts once a day and cell; of nobody known, every event is somebody
    unknown = seen.person_id.isnull()
    seen = seen.mutate(
        offset=unknown.ifelse(seen["offset"], ibis.null("int64")),
        index=unknown.ifelse(seen["index"], ibis.null("int32")),
    )
    keys = [name for name in wanted if name != "simulated"]
    visits = seen.group_by(*keys).aggregate(simulated=seen.simulated.any())
    return visits.mutate(visits=ibis.literal(1, "int64"))


def _redemptions(
    facts: Facts, measure: Measure, dimensions: tuple[str, ...], where: Where, keep: list[str]
) -> ir.Table:
    del measure
    rows = _placed(facts, facts.events[REDEEMED], dimensions, where, "person_id" in keep)
    return rows.select(*keep).mutate(redemptions=ibis.literal(1, "int64"))


def _placed(
    facts: Facts, events: ir.Table, dimensions: Sequence[str], where: Where, with_people: bool
) -> ir.Table:
    """Events with the dimensions that do not depend on goods, filtered by them. The currency is null where there is none."""
    # narrow from the start: what a plan costs to make grows with its columns
    events = events.select(*(name for name in _READ if name in events.columns))
    if with_people or {"tier", "audience"} & set(dimensions):
        events = _resolved(facts, events)
    if "currency" not in events.columns:
        events = events.mutate(currency=ibis.null("string"))
    if "hour" in dimensions:
        events = _with_hour(facts, events)
    if "tier" in dimensions:
        tiers = facts.tiers.select(tiered_id="person_id", tier="tier")
        events = events.left_join(tiers, events.person_id == tiers.tiered_id).drop("tiered_id")
    if "audience" in dimensions:
        events = _sided(facts, events)
    made = {
        "place": events.place_id,
        "channel": events.channel,
        "weekday": (events.day.day_of_week.index() + 1).cast("int64"),
        "week": events.day.truncate("W").cast("date"),
    }
    events = events.mutate(**{name: value for name, value in made.items() if name in dimensions})
    return _filtered(events, {name: kept for name, kept in where.items() if name not in LINE_DIMENSIONS})


def _resolved(facts: Facts, events: ir.Table) -> ir.Table:
    return events if facts.links is None else resolved(events, facts.links)


def _sided(facts: Facts, events: ir.Table) -> ir.Table:
    """Events with the side of their person; null where nobody is known."""
    if facts.audience is None:
        raise ValueError("a cube by audience needs its people")
    # whoever was joined to somebody since the night stands under that person's id
    inside = _resolved(facts, facts.audience).select(member_id="person_id").distinct()
    events = events.left_join(inside, events.person_id == inside.member_id)
    side = ibis.cases(
        (events.member_id.notnull(), IN), (events.person_id.notnull(), REST), else_=ibis.null("string")
    )
    return events.mutate(audience=side).drop("member_id")


def _with_hour(facts: Facts, events: ir.Table) -> ir.Table:
    names = sorted(facts.zones | {facts.time_zone})
    zones = {name: spans(name, facts.days) for name in names}
    if len(names) == 1:
        return events.mutate(hour=local_hour(events.happened_at, None, zones))
    places = facts.places.select(zoned_id="id", zone="time_zone")
    joined = events.left_join(places, events.place_id == places.zoned_id).drop("zoned_id")
    zone = joined.zone.fill_null(facts.time_zone)
    return joined.mutate(hour=local_hour(joined.happened_at, zone, zones)).drop("zone")


def _catalogued(rows: ir.Table, products: ir.Table, dimensions: Sequence[str], where: Where) -> ir.Table:
    wanted = [name for name in dimensions if name in LINE_DIMENSIONS]
    catalogue = products.select(catalogued_id="id", **{name: name for name in wanted})
    found = rows.left_join(catalogue, rows.product_id == catalogue.catalogued_id).drop("catalogued_id")
    return _filtered(found, {name: kept for name, kept in where.items() if name in LINE_DIMENSIONS})


def _filtered(rows: ir.Table, where: Where) -> ir.Table:
    conditions = [rows[name].isin(list(kept)) for name, kept in where.items()]
    return rows.filter(conditions) if conditions else rows


# --- adding up


def _by_person(rows: ir.Table, measure: Measure, keys: Sequence[str], *, strangers: bool = False) -> ir.Table:
    """One row a person and cell (and one for all whom nobody knows, or one each)."""
    who = ("person_id", "stranger") if strangers else ("person_id",)
    bases = [name for name in measure.needs if name not in _PEOPLE]
    if {"buyers", "repeat_buyers"} & set(measure.needs) and "orders" not in bases:
        bases.append("orders")
    sums = rows.group_by(*keys, *who).aggregate(
        **{name: _added(rows, name) for name in bases}, simulated=rows.simulated.any()
    )
    known = sums.person_id.notnull()
    made: dict[str, ir.Value] = {}
    if "buyers" in measure.needs:
        made["buyers"] = (known & (sums.orders > 0)).cast("int64")
    if "repeat_buyers" in measure.needs:
        made["repeat_buyers"] = (known & (sums.orders > 1)).cast("int64")
    if "visitors" in measure.needs:
        made["visitors"] = known.cast("int64")
    return sums.mutate(**made) if made else sums


def _sums(rows: ir.Table, names: Sequence[str]) -> dict[str, ir.Value]:
    return {name: _added(rows, name) for name in names}


def _added(rows: ir.Table, name: str) -> ir.Value:
    if name in _PEOPLE and name not in rows.columns:  # not one row a person
        seen = None if name == "visitors" else rows.orders > 0
        return rows.person_id.nunique(where=seen)
    total = _total(rows[name])
    return total if name in _NULLABLE else total.fill_null(0)


def _total(values: ir.Value) -> ir.Value:
    """A sum that stays an integer of 64 bits on every engine."""
    return values.sum().cast("int64")


def _nothing(name: str) -> ir.Value:
    return ibis.null("int64") if name in _NULLABLE else ibis.literal(0, "int64")
