"""The cube against plain Python over the same events: every measure, by any two dimensions, with equal values and nulls."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oneshelf.errors import InvalidInput
from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event
from oneshelf.insight.clock import local_hour, spans
from oneshelf.insight.cube import IN, KINDS_READ, REST, Facts, cells, guarded, people_of
from oneshelf.insight.measures import DIMENSIONS, LINE_DIMENSIONS, MEASURES, check_dimensions, measure_named
from oneshelf.words.people import Who

ZONES = {"a": "Asia/Shanghai", "b": "Europe/Berlin", "c": "America/New_York"}
TIERS = {"ann": "core", "ben": "new"}
PRODUCTS = {
    "milk": {"department": "fresh", "category": "dairy", "brand": "farm"},
    "cream": {"department": "fresh", "category": "dairy", "brand": None},
    "tea": {"department": "dry", "category": "tea", "brand": "farm"},
}
LINKS = {"anonymous:x": "ann"}
MEMBERS = {"ann", "anonymous:x", "cat"}  # ann by two of her ids


def table(rows, names):
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, pa.string()) for name in names]))


def facts_of(tables, measure, days=(date(2025, 1, 1), date(2026, 12, 31))):
    return Facts(
        events={kind: tables[kind] for kind in KINDS_READ[measure.family]},
        links=ibis.memtable(
            table([{"identifier": i, "person_id": p} for i, p in LINKS.items()], ("identifier", "person_id"))
        ),
        products=ibis.memtable(
            table([{"id": i, **p} for i, p in PRODUCTS.items()], ("id", "department", "category", "brand"))
        ),
        tiers=ibis.memtable(
            table([{"person_id": i, "tier": t} for i, t in TIERS.items()], ("person_id", "tier"))
        ),
        audience=ibis.memtable(table([{"person_id": i} for i in sorted(MEMBERS)], ("person_id",))),
        places=ibis.memtable(
            table([{"id": i, "time_zone": z} for i, z in ZONES.items()], ("id", "time_zone"))
        ),
        zones=frozenset(ZONES.values()),
        time_zone="UTC",
        days=days,
    )


# --- the independent answer: loops over events


def dimensions_of(event, line=None):
    local = event.happened_at.astimezone(ZoneInfo(ZONES.get(event.place_id, "UTC")))
    day = event.happened_at.astimezone(UTC).date()  # the tables of these tests have their days in UTC
    who = LINKS.get(event.who.person_id, event.who.person_id)
    product = PRODUCTS.get(line.product_id, {}) if line is not None else {}
    return {
        "place": event.place_id,
        "hour": local.hour,
        "weekday": day.isoweekday(),
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "channel": event.channel,
        "tier": TIERS.get(who),
        "audience": who and (IN if who in MEMBERS else REST),
        **{name: product.get(name) for name in LINE_DIMENSIONS},
    }


def expected(events, measure, by, where=None):
    """Every cell's value and whether it is simulated, by (keys..., currency)."""
    goods = bool({*by, *(where or {})} & set(LINE_DIMENSIONS))
    gathered = defaultdict(lambda: defaultdict(list))
    for number, event in enumerate(events):
        if event.kind not in KINDS_READ[measure.family]:
            continue
        if event.kind == "order.refunded" and not {"returned_minor", "cost_minor"} & set(measure.needs):
            continue
        lines = getattr(event.body, "lines", ()) if measure.family == "sales" else ()
        for line in [*lines, *([] if goods else [None])]:
            at = dimensions_of(event, line)
            if any(at[name] not in kept for name, kept in (where or {}).items()):
                continue
            currency = event.body.currency if measure.family == "sales" else None
            gathered[(*(at[name] for name in by), currency)]["rows"].append((number, event, line))
    # cells of which nothing is asked do not appear
    return {
        key: (
            value_of(cell["rows"], measure),
            # an order without a line brings nothing to a sum of lines, its mark included
            any(
                event.simulated
                for _, event, line in cell["rows"]
                if enters([(0, event, line)], measure, goods)
            ),
        )
        for key, cell in gathered.items()
        if enters(cell["rows"], measure, goods)
    }


def enters(rows, measure, goods):
    counts_orders = {"orders", "coupon_orders", "buyers"} & set(measure.needs)
    return goods or measure.family != "sales" or counts_orders or any(line for _, _, line in rows)


def value_of(rows, measure):
    sums = defaultdict(int, orders=0)
    orders, coupon_orders, bought = set(), set(), defaultdict(set)
    visits, visitors = set(), set()
    costed = False
    for number, event, line in rows:
        who = LINKS.get(event.who.person_id, event.who.person_id)
        is_order = event.kind == "order.completed"
        visits.add((who, event.happened_at.astimezone(UTC).date()) if who else number)
        if who:
            visitors.add(who)
        if is_order:
            orders.add(number)
            if who:
                bought[who].add(number)
        if line is None:
            continue
        sign = 1 if is_order else -1
        if is_order:
            sums["sold_minor"] += line.amount_minor
            sums["pieces"] += line.quantity if line.unit == "each" else 1
            sums["discount_minor"] += line.discount_minor
            sums["coupon_minor"] += line.coupon_minor
            if line.coupon_minor:
                coupon_orders.add(number)
        else:
            sums["returned_minor"] += line.amount_minor
        if (cost := getattr(line, "cost_minor", None)) is not None:
            costed = True
            sums["costed_minor"] += sign * line.amount_minor
            sums["cost_minor"] += sign * cost
    sums |= {
        "orders": len(orders),
        "coupon_orders": len(coupon_orders),
        "buyers": len(bought),
        "repeat_buyers": sum(len(each) > 1 for each in bought.values()),
        "visits": len(visits),
        "visitors": len(visitors),
        "redemptions": len(rows),
    }
    if not costed and {"cost_minor"} & set(measure.needs):
        return None
    return measure.of(*(sums[name] for name in measure.needs))


# --- random input: few values, so that many are equal

_people = st.sampled_from([None, None, "ann", "ben", "cat", "anonymous:x"])
_at = st.builds(
    lambda day, hour, minute: (
        datetime(2026, 3, 27, tzinfo=UTC) + timedelta(days=day, hours=hour, minutes=minute)
    ),
    st.integers(0, 4),  # over Berlin's change of clocks on 29 March
    st.integers(0, 23),
    st.sampled_from([0, 30, 59]),
)
_COSTS = "cost_minor" in c.Line.__struct_fields__


def _line(product, quantity, unit, amount, discount, coupon, cost):
    known = {} if cost is None or not _COSTS else {"cost_minor": cost}
    return c.Line(
        product_id=product, quantity=quantity, unit=unit, amount_minor=amount, discount_minor=discount,
        coupon_minor=coupon, **known,
    )  # fmt: skip


_lines = st.lists(
    st.builds(
        _line,
        st.sampled_from(["milk", "cream", "tea", "nobody's"]),
        st.integers(1, 3),
        st.sampled_from(["each", "g"]),
        st.sampled_from([0, 100, 250]),
        st.sampled_from([0, 0, 50]),
        st.sampled_from([0, 0, 30]),
        st.sampled_from([None, 60, 100]),
    ),
    max_size=3,
).map(tuple)
_currency = st.sampled_from(["CNY", "CNY", "EUR"])
_bodies = st.one_of(
    st.builds(
        lambda currency, lines: c.OrderCompleted(order_id="o", currency=currency, lines=lines),
        _currency,
        _lines,
    ),
    st.builds(
        lambda currency, lines: c.OrderCompleted(order_id="o", currency=currency, lines=lines),
        _currency,
        _lines,
    ),
    st.builds(
        lambda currency, lines: c.OrderRefunded(refund_id="r", currency=currency, lines=lines),
        _currency,
        _lines,
    ),
    st.just(c.PlaceVisited()),
    st.just(c.CouponRedeemed(coupon_id="k")),
    st.just(c.ProductsSearched(query="tea")),
)
_events = st.lists(
    st.builds(
        lambda at, body, who, place, channel, simulated: Event(
            id="e", source="test", happened_at=at, body=body, who=who_of(who), place_id=place, channel=channel,
            simulated=simulated,
        ),
        _at, _bodies, _people, st.sampled_from(["a", "b", "elsewhere"]), st.sampled_from(["store", "web"]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=25,
)  # fmt: skip


def who_of(person):
    if person is None:
        return Who()
    if person.startswith("anonymous:"):
        return Who(anonymous_id=person.removeprefix("anonymous:"))
    return Who(user_id=person)


def found(connection, expression, measure, by):
    rows = connection.to_pyarrow(expression).to_pylist()
    made = {}
    for row in rows:
        sums = [row[name] for name in measure.needs]
        value = None if None in sums else measure.of(*sums)
        made[*(row[name] for name in by), row["currency"]] = (value, row["simulated"])
    assert len(made) == len(rows), "a cell appears twice"
    return made


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(events=_events, data=st.data())
def test_every_measure_by_any_two_dimensions_is_what_a_loop_over_the_events_finds(
    connection, tables_of, name, events, data
):
    measure = MEASURES[name]
    by = data.draw(
        st.sampled_from([(), *combinations(measure.dimensions, 1), *combinations(measure.dimensions, 2)])
    )
    where = data.draw(
        st.sampled_from(
            [
                {},
                {"place": ["a"]},
                {"hour": [1, 2, 3]},
                {"tier": ["core"], "channel": ["web"]},
                {"audience": [REST]},
            ]
        )
    )
    if measure.family == "sales" and data.draw(st.booleans()):
        where = {**where, "category": ["dairy"]}
    facts = facts_of(tables_of(events), measure)
    given_rows = found(connection, cells(facts, measure, by=by, where=where), measure, by)
    wanted = expected(events, measure, by, where)
    assert given_rows.keys() == wanted.keys()
    for key, (value, simulated) in wanted.items():
        assert given_rows[key][0] == (value if value is None else pytest.approx(value)), key
        assert given_rows[key][1] == simulated, key


@pytest.mark.parametrize("name", MEASURES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(events=_events, data=st.data())
def test_the_guarded_cube_has_the_same_sums_with_their_people_beside_them(
    connection, tables_of, name, events, data
):
    measure = MEASURES[name]
    by = data.draw(st.sampled_from([(), ("place",), ("hour", "channel")]))
    facts = facts_of(tables_of(events), measure)
    known = connection.to_pyarrow(people_of(facts, measure))["person_id"].to_pylist()
    keys = ibis.memtable(
        pa.table({"person_id": pa.array(known, pa.string()), "key": pa.array([7] * len(known), pa.int64())})
    )
    rows = connection.to_pyarrow(guarded(facts, measure, by=by, keys=keys)).to_pylist()
    plain = found(connection, cells(facts, measure, by=by), measure, by)
    assert len(rows) == len(plain)
    for row in rows:
        sums = [row[each] for each in measure.needs]
        value = None if None in sums else measure.of(*sums)
        assert plain[*(row[each] for each in by), row["currency"]] == (value, row["simulated"])
        assert row["people"] >= row["key"] // 7 >= 0
        for each in measure.needs:
            if row[each] is not None:
                assert abs(row[each]) <= row[f"largest_{each}"] * row["people"]


@given(
    st.sampled_from(
        [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Africa/Casablanca",
            "UTC",
        ]
    ),
    st.datetimes(datetime(2015, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_offsets_of_a_zone_are_those_of_its_clock(name, at):
    found_spans = spans(name, (date(2015, 1, 1), date(2027, 12, 31)))
    offset = next(span.offset_seconds for span in found_spans if span.until is None or at < span.until)
    there = at.astimezone(ZoneInfo(name)).utcoffset()
    assert there is not None
    assert offset == there.total_seconds()


def test_the_hour_that_a_change_of_clocks_skips_or_repeats_is_the_one_that_the_clock_showed(connection):
    """Berlin, 2026: 29 March 02:00 becomes 03:00, and 25 October 03:00 becomes 02:00."""
    moments = [
        datetime(2026, 3, 29, 0, 59, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 2, 30, tzinfo=UTC),
    ]
    held = ibis.memtable(pa.table({"at": pa.array(moments, pa.timestamp("us", "UTC"))}))
    zones = {"Europe/Berlin": spans("Europe/Berlin", (date(2026, 3, 29), date(2026, 10, 25)))}
    hours = connection.to_pyarrow(held.mutate(hour=local_hour(held.at, None, zones)))["hour"].to_pylist()
    assert hours == [1, 3, 2, 2, 3]


@pytest.mark.parametrize(
    ("name", "by", "says"),
    [
        ("visits", ("category",), "does not go with visits"),
        ("orders", ("colour",), "Known: place"),
        ("orders", ("hour", "hour"), "twice"),
    ],
)
def test_a_dimension_that_cannot_be_asked_by_is_refused_with_those_that_can(name, by, says):
    with pytest.raises(InvalidInput, match=says):
        check_dimensions(MEASURES[name], by, "by")


def test_an_unknown_measure_is_refused_with_those_that_are_known():
    with pytest.raises(InvalidInput, match="Known: gross_sales_minor"):
        measure_named("gmv")


def test_every_measure_says_its_formula_unit_and_dimensions():
    for name, measure in MEASURES.items():
        assert measure.name == name
        assert measure.formula.endswith(".")
        assert measure.unit in {"minor", "orders", "pieces", "people", "share", "visits", "coupons"}
        assert set(measure.dimensions) <= set(DIMENSIONS)
