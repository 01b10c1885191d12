"""The nightly portraits of everybody: field by field what the live portraits say, and figures that only everybody gives."""

import random
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event
from oneshelf.insight.clock import spans
from oneshelf.insight.people.drawing import portrait_of
from oneshelf.insight.people.fields import CHANNELS, FIELDS
from oneshelf.insight.people.flat import flat
from oneshelf.insight.people.fold import fold
from oneshelf.insight.people.merge import merge
from oneshelf.insight.people.portrait import Everybody, Portrait
from oneshelf.insight.people.portraits import ADDED_LATER, COLUMNS, KINDS_READ, Clocks, portraits
from oneshelf.insight.people.state import PersonState
from oneshelf.testing.shop import small_shop
from oneshelf.words.goods import Product
from oneshelf.words.people import Who
from oneshelf.words.time import zone

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GOODS = {
    product.id: product
    for product in (
        Product(id="oat", name="Oat drink 1 l", category="drinks", brand="Own"),
        Product(id="milk", name="Fresh milk", category="drinks", brand="Mill"),
        Product(id="rye", name="Rye bread", category="bakery", brand="Mill"),
        Product(id="bag", name="Carrier bag"),
    )
}
ZONES = {"store-1": "Asia/Shanghai", "store-2": "America/New_York"}
OWN_ZONE = "Europe/Berlin"
DAYS = (date(2025, 1, 1), date(2026, 7, 1))


def random_events(seed: int, count: int = 400) -> list[Event]:
    """Events of a handful of people, some anonymous, with ties in time, two currencies, empty orders and refunds of nothing known."""
    r = random.Random(seed)
    products = [*GOODS, "unheard-of"]

    def lines():
        return tuple(
            c.Line(
                product_id=r.choice(products),
                quantity=r.randrange(1, 4),
                unit=r.choice(["each", "each", "g"]),
                amount_minor=r.randrange(-50, 400),
                discount_minor=r.choice([0, 0, 25]),
                coupon_minor=r.choice([0, 0, 0, 10]),
                cost_minor=r.choice([None, None, 80]),
            )
            for _ in range(r.randrange(4))
        )

    makers = [
        lambda: c.OrderCompleted(order_id="o", currency=r.choice(["CNY", "CNY", "EUR"]), lines=lines()),
        lambda: c.OrderCompleted(order_id="o", currency="CNY", lines=lines()),
        lambda: c.OrderRefunded(refund_id="r", currency=r.choice(["CNY", "EUR"]), lines=lines()),
        lambda: c.ProductViewed(product_id=r.choice(products)),
        lambda: c.ProductFavourited(product_id=r.choice(products)),
        lambda: c.ProductsSearched(query=r.choice(["milk", " Fresh\t MILK", "tea", " ", "绿茶  Tee"])),
        c.PlaceVisited,
        lambda: c.CouponRedeemed(coupon_id="x"),
        lambda: c.PersonIdentified(
            traits=r.choice(
                [
                    {},
                    {"household_size": "5+", "age": 3},
                    {"household_size": 2},
                    {"life_stage": 'a "b" ü', "x": None},
                ]
            )
        ),
        lambda: c.OfferSent(campaign_id="x", message_id="m"),
    ]
    identities = [Who(user_id=f"person-{n}") for n in range(6)]
    identities += [Who(anonymous_id=f"browser-{n}") for n in range(6)] + [Who()]
    return [
        Event(
            id=f"e{n}",
            source="test",
            happened_at=NOW
            - timedelta(hours=r.randrange(-20, 2_000) * 0.5, microseconds=r.randrange(2) * 999_999),
            body=r.choice(makers)(),
            who=r.choice(identities),
            place_id=r.choice(["store-1", "store-2"]),
            channel=r.choice(CHANNELS),
            simulated=r.random() < 0.1,
        )
        for n in range(count)
    ]


def last_moment_ties() -> list[Event]:
    """Two people whose latest events happened at one moment, at two places and on two channels, told in either order."""
    told = [("store-1", "web"), ("store-2", "app"), ("store-2", "store")]
    at = NOW + timedelta(days=2)
    return [
        Event(
            id="tie",
            source="test",
            happened_at=at,
            body=c.PlaceVisited(),
            who=Who(user_id=person),
            place_id=place_id,
            channel=channel,
        )
        for person, order in (("person-0", told), ("person-1", told[::-1]))
        for place_id, channel in order
    ]


def live(
    happened: list[Event],
    links: dict[str, str],
    products: dict[str, Product],
    zones: dict[str, str],
    own: str,
) -> dict[str, Portrait]:
    """Fold by identifier, and merge only at the end, as when links come last."""
    by_identifier: dict[str, PersonState] = {}
    for each in happened:
        if (person_id := each.who.person_id) is not None:
            there = zone(zones.get(each.place_id, own))
            by_identifier[person_id] = fold(by_identifier.get(person_id), each, there)
    by_person: dict[str, PersonState] = {}
    for identifier, state in by_identifier.items():
        person_id = links.get(identifier, identifier)
        by_person[person_id] = merge(by_person[person_id], state) if person_id in by_person else state
    known = {person_id: state for person_id, state in by_person.items() if state.events or state.spent}
    everybody = everybody_of(known, products)
    return {
        person_id: portrait_of(person_id, state, now=NOW, products=products, everybody=everybody)
        for person_id, state in known.items()
    }


def everybody_of(known: dict[str, PersonState], products: dict[str, Product]) -> Everybody:
    shares = {}
    for group in ("category", "brand"):
        baskets = Counter()
        for state in known.values():
            for product_id, bought in state.products.items():
                product = products.get(product_id)
                baskets[getattr(product, group) if product else None] += bought.baskets
        shares[group] = {name: n / baskets.total() for name, n in baskets.items() if name and n}
    return Everybody(categories=shares["category"], brands=shares["brand"])


def price_indexes(
    happened: list[Event], links: dict[str, str], currencies: dict[str, str]
) -> dict[str, float]:
    """The index by its definition, line by line."""
    prices, own = defaultdict(list), defaultdict(list)
    for each in happened:
        if not isinstance(each.body, c.OrderCompleted):
            continue
        person_id = links.get(each.who.person_id, each.who.person_id)
        for line in each.body.lines:
            if line.quantity:
                day = each.happened_at.astimezone(UTC).date()
                key = (line.product_id, day, each.body.currency, line.unit)
                prices[key].append(line.amount_minor / line.quantity)
                if (
                    person_id is not None
                    and line.amount_minor > 0
                    and currencies[person_id] == each.body.currency
                ):
                    own[person_id].append((line.amount_minor, line.amount_minor / line.quantity, key))
    found = {}
    for person_id, lines in own.items():
        counted = [(w, price / median(prices[key])) for w, price, key in lines if median(prices[key]) > 0]
        if counted:
            found[person_id] = 100 * sum(w * ratio for w, ratio in counted) / sum(w for w, _ in counted)
    return found


NIGHTLY_ONLY = ("price_index",)


def assert_twins(row: dict, portrait: Portrait) -> None:
    """The same values, numbers of two sums alike but for the last digit."""
    expected = {name: value for name, value in flat(portrait).items() if name in COLUMNS}
    for name in COLUMNS:
        if name in NIGHTLY_ONLY:
            continue
        wanted = pytest.approx(expected[name]) if isinstance(expected[name], float) else expected[name]
        assert row[name] == wanted, name


@pytest.fixture
def rows_of(connection, tables_of, links_of, catalogue_of):
    def rows(happened, links, products=None, places=None, own=OWN_ZONE):
        names = {*(places or {}).values(), own}
        clocks = Clocks(
            places=links_of(places or {}).select(place_id="identifier", time_zone="person_id"),
            zones={name: spans(name, DAYS) for name in sorted(names)},
            own=own,
        )
        table = portraits(
            tables_of(happened),
            links=links_of(links),
            products=catalogue_of(list(products or GOODS.values())),
            now=NOW,
            clocks=clocks,
        )
        return {row["person_id"]: row for row in connection.to_pyarrow(table).to_pylist()}

    return rows


@pytest.mark.parametrize(
    ("seed", "session_zone"), [(0, "UTC"), (1, "Asia/Shanghai"), (2, "America/New_York")]
)
def test_the_live_fold_and_the_lakes_batch_agree_on_random_events(seed, session_zone, connection, rows_of):
    connection.raw_sql(f"set timezone = '{session_zone}'")
    happened = random_events(seed) + last_moment_ties()
    links = {Who(anonymous_id=f"browser-{n}").person_id: f"person-{n % 3}" for n in range(4)}
    expected = live(happened, links, GOODS, ZONES, OWN_ZONE)
    rows = rows_of(happened, links, places=ZONES)
    assert rows.keys() == expected.keys()
    assert len(rows) >= 8
    for person_id, row in rows.items():
        assert_twins(row, expected[person_id])
    currencies = {person_id: portrait.currency for person_id, portrait in expected.items()}
    wanted = price_indexes(happened, links, currencies)
    assert len(wanted) >= 6
    for person_id, row in rows.items():
        assert row["price_index"] == pytest.approx(wanted.get(person_id), abs=1e-4)


moments = st.integers(0, 40).map(lambda n: NOW - timedelta(hours=55 * n))
line_lists = st.lists(
    st.builds(
        c.Line,
        product_id=st.sampled_from([*GOODS, "other"]),
        quantity=st.integers(0, 3),
        unit=st.sampled_from(["each", "g"]),
        amount_minor=st.integers(-100, 300),
        discount_minor=st.sampled_from([0, 20]),
        coupon_minor=st.sampled_from([0, 5]),
        cost_minor=st.sampled_from([None, 0, 50]),
    ),
    max_size=3,
).map(tuple)
bodies = st.one_of(
    st.builds(
        c.OrderCompleted, order_id=st.just("o"), currency=st.sampled_from(["CNY", "EUR"]), lines=line_lists
    ),
    st.builds(
        c.OrderRefunded, refund_id=st.just("r"), currency=st.sampled_from(["CNY", "EUR"]), lines=line_lists
    ),
    st.builds(c.ProductsSearched, query=st.sampled_from(["tea", "Tea ", "milk"])),
    st.builds(c.ProductFavourited, product_id=st.sampled_from([*GOODS])),
    st.builds(c.PersonIdentified, traits=st.dictionaries(st.just("household_size"), st.integers(1, 3))),
)
made = st.lists(
    st.builds(
        Event,
        id=st.just("e"),
        source=st.just("test"),
        happened_at=moments,
        body=bodies,
        who=st.integers(0, 7).map(lambda n: Who(user_id=f"person-{n}")),
        place_id=st.sampled_from(["store-1", "store-2", "elsewhere"]),
        channel=st.sampled_from(["store", "web"]),
        simulated=st.booleans(),
    ),
    max_size=60,
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made)
def test_the_batch_agrees_with_the_live_portrait_whatever_happened(rows_of, happened):
    expected = live(happened, {}, GOODS, ZONES, OWN_ZONE)
    rows = rows_of(happened, {}, places=ZONES)
    assert rows.keys() == expected.keys()
    for person_id, row in rows.items():
        assert_twins(row, expected[person_id])


#: A trait as it is told, and its text in the portrait: of one value, or of the last of several.
ODD_TRAITS = (
    ([{"address": {"household_size": 9}, "household_size": 3}], "3"),
    ([{"address": {"household_size": 9}}], None),
    ([{"my\"household_size": 7, 'x":1,"household_size': 8}], None),
    *(
        ([{"household_size": value}], text)
        for value, text in (
            (1e30, "1e30"), (2.5, "2.5"), (4.0, "4"), (-0.0, "0"), (2**63, "9223372036854775808"), (True, "true"),
            ("caf\u00e9 \u2028 \\ \t \n \x7f \U0001f375 \\u00e9 \"q\"", "caf\u00e9 \u2028 \\ \t \n \x7f \U0001f375 \\u00e9 \"q\""),
            ("", ""), ("x" * 998, "x" * 998), ("x" * 999, None), (["a"], None), ({"a": 1}, None), (None, None),
        )
    ),
    ([{"household_size": "old"}, {"household_size": None}], None),
    ([{"household_size": "old"}, {"household_size": ["new"]}], None),
    ([{"household_size": "old"}, {"household_size": "x" * 999}], "old"),
    ([{"household_size": "old"}, {"other": 1}], "old"),
)  # fmt: skip

#: Searches, and how many different ones they are.
ODD_SEARCHES = (
    (("Straße", "STRASSE", "strasse"), 1), (("a\u3000b", "a b", "\u00a0a\u00a0 B\x1f"), 1), (("İ", "i\u0307", "i"), 2),
    (("ΣΑΣ", "σας", "σασ"), 1), (("ſ", "s", "K", "k"), 2), (("\u3000", "\u00a0", " "), 0), (("\u200b", "z"), 2),
    (("é", "e\u0301"), 2), (("y" * 200, "Y" * 201, "ß" * 150, "s" * 200), 2),
)  # fmt: skip


def test_odd_traits_and_searches_are_the_same_to_both(rows_of):
    def event(who, body, minutes):
        return Event(
            id="e", source="test", happened_at=NOW - timedelta(days=3) + timedelta(minutes=minutes), body=body,
            who=Who(user_id=who), place_id="store-1", channel="web",
        )  # fmt: skip

    told = [
        event(f"trait-{n}", body, at)
        for n, (traits, _) in enumerate(ODD_TRAITS)
        for at, body in enumerate([c.ProductsSearched(query="tea"), *(c.PersonIdentified(traits=each) for each in traits)])
    ]  # fmt: skip
    searched = [
        event(f"search-{n}", c.ProductsSearched(query=query), at)
        for n, (queries, _) in enumerate(ODD_SEARCHES)
        for at, query in enumerate(queries)
    ]
    expected = live(told + searched, {}, GOODS, ZONES, OWN_ZONE)
    rows = rows_of(told + searched, {}, places=ZONES)
    assert rows.keys() == expected.keys()
    for person_id, row in rows.items():
        assert_twins(row, expected[person_id])
    assert [rows[f"trait-{n}"]["household_size"] for n in range(len(ODD_TRAITS))] == [
        text for _, text in ODD_TRAITS
    ]
    assert [rows[f"search-{n}"]["searched_count"] for n in range(len(ODD_SEARCHES))] == [count for _, count in ODD_SEARCHES]  # fmt: skip


def test_the_batch_finds_the_truth_of_the_small_shop(rows_of):
    shop = small_shop()
    links = {Who(anonymous_id=browser).person_id: person for browser, person in shop.truth.links.items()}
    places = {place.id: place.time_zone for place in shop.places}
    rows = rows_of(shop.events, links, shop.products, places, "Asia/Shanghai")
    for person_id, truth in shop.truth.people.items():
        row = rows[person_id]
        assert row["frequency"] == truth.orders
        assert row["monetary_minor"] == truth.spend_minor - truth.refunded_minor
        assert row["refunds"] == truth.refunds
        assert (row["first_order_at"], row["last_order_at"]) == (truth.first_order_at, truth.last_order_at)
        assert {
            channel: row[f"orders_{channel}"] for channel in CHANNELS if row[f"orders_{channel}"]
        } == truth.orders_by_channel
    assert sum(row["frequency"] for row in rows.values()) == shop.truth.orders - shop.truth.anonymous_orders
    expected = live(shop.events, links, {p.id: p for p in shop.products}, places, "Asia/Shanghai")
    assert rows.keys() == expected.keys()
    for person_id, row in rows.items():
        assert_twins(row, expected[person_id])


def test_equal_people_get_equal_figures(rows_of):
    happened = random_events(7)
    mirrored = [
        Event(
            id=f"twin-{each.id}",
            source=each.source,
            happened_at=each.happened_at,
            body=each.body,
            who=Who(user_id=f"twin-of-{each.who.user_id}"),
            place_id=each.place_id,
            channel=each.channel,
            simulated=each.simulated,
        )
        for each in happened
        if each.who.user_id
    ]
    rows = rows_of(happened + mirrored, {}, places=ZONES)
    for person_id in [f"person-{n}" for n in range(6)]:
        twin = rows[f"twin-of-{person_id}"] | {"person_id": person_id}
        assert rows[person_id] == twin


def test_the_batch_of_an_empty_lake_is_empty(connection, tables_of, links_of, catalogue_of):
    table = portraits(tables_of([]), links=links_of({}), products=catalogue_of([]), now=NOW)
    assert tuple(table.columns) == COLUMNS
    assert {*COLUMNS, *ADDED_LATER} == FIELDS.keys()
    assert connection.to_pyarrow(table).num_rows == 0


def test_the_pipeline_reads_what_it_says(tables_of, links_of, catalogue_of):
    tables = {kind: table for kind, table in tables_of([]).items() if kind in KINDS_READ}
    assert portraits(tables, links=links_of({}), products=catalogue_of([]), now=NOW).columns
