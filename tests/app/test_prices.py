"""Prices through their use cases: one row each, history kept, and who may set them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

import oneshelf
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods, places, prices
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.trust.access import Actor
from oneshelf.words.goods import Product
from oneshelf.words.places import Place
from oneshelf.words.prices import Price
from oneshelf.words.supply import Supplier, SupplyTerm

DAY = date(2026, 3, 1)
NOW = datetime(2026, 2, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def assorted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    """A shelf with three places, shared: each test prices a product of its own."""
    with oneshelf.open(Settings(data=tmp_path_factory.mktemp("prices"), time_zone="UTC")) as shelf:
        shops = [Place(id=one, name=one, time_zone="UTC") for one in "abc"]
        shelf.core.database.writer.write(lambda connection: places.upsert_places(connection, shops))
        yield shelf


@pytest.fixture
def price(assorted: Shelf, request: pytest.FixtureRequest) -> Price:
    """2.00 EUR from the first of March for a new product, everywhere."""
    product = Product(id=f"{request.node.name}", name="Milk")
    assorted.core.database.writer.write(lambda connection: goods.upsert_products(connection, [product]))
    return Price(product_id=product.id, starts_on=DAY, amount_minor=200, currency="EUR")


def rows(shelf: Shelf) -> int:
    with shelf.core.database.read() as connection:
        return prices.count(connection)


def test_a_changed_price_is_one_row_more_and_saying_it_again_is_none(assorted: Shelf, price: Price) -> None:
    changed = msgspec.structs.replace(price, starts_on=DAY + timedelta(7), amount_minor=220)
    for given, new in (
        (price, 1),
        (changed, 1),
        (price, 0),
        (msgspec.structs.replace(changed, starts_on=DAY + timedelta(9)), 0),
    ):
        before = rows(assorted)
        assert assorted.goods.prices.set([given], dry_run=True).new == new
        assert rows(assorted) == before
        assert assorted.goods.prices.set([given]).new == new
        assert rows(assorted) == before + new
    ask = assorted.goods.prices.at
    assert [ask(price.product_id, on=DAY + timedelta(at)) for at in (-1, 6, 7)] == [None, price, changed]


def test_zones_places_and_channels_have_their_own_prices(assorted: Shelf, price: Price) -> None:
    assorted.goods.prices.set_zone("city", ["b", "c"])
    local = [
        price,
        msgspec.structs.replace(price, zone="city", amount_minor=230),
        msgspec.structs.replace(price, place_id="b", amount_minor=240),
        msgspec.structs.replace(price, place_id="b", channel="web", amount_minor=210),
        msgspec.structs.replace(price, kind="member", amount_minor=205),
    ]
    assert assorted.goods.prices.set(local, now=NOW).new == 5

    def paid(**who):
        return assorted.goods.prices.at(price.product_id, on=DAY, **who).amount_minor

    assert [paid(place_id=one) for one in "abc"] == [200, 240, 230]
    assert paid(place_id="b", channel="web") == 210
    assert paid(place_id="b", channel="web", member=True) == 205
    table = assorted.goods.prices.table(["a", "b", "c"], on=DAY, product_ids=[price.product_id]).sort_by(
        "place_id"
    )
    assert table["amount_minor"].to_pylist() == [200, 240, 230]
    assert assorted.goods.prices.table(["a"], on=DAY - timedelta(3)).num_rows == 0
    spans = assorted.goods.prices.timeline(price.product_id, DAY - timedelta(2), DAY, place_id="c")
    assert [(span.first, span.price and span.price.amount_minor) for span in spans] == [
        (DAY - timedelta(2), None),
        (DAY, 230),
    ]


def test_a_price_that_is_withdrawn_gives_way_and_stays_in_the_history(assorted: Shelf, price: Price) -> None:
    dear = msgspec.structs.replace(price, starts_on=DAY + timedelta(1), amount_minor=300)
    assorted.goods.prices.set([price, dear], now=NOW)
    assorted.goods.prices.withdraw(dear, dry_run=True)
    assert assorted.goods.prices.at(price.product_id, on=DAY + timedelta(1)) == dear
    assorted.goods.prices.withdraw(dear, now=NOW + timedelta(hours=1))
    assert assorted.goods.prices.at(price.product_id, on=DAY + timedelta(1)) == price
    told = [
        (one.price.amount_minor, one.withdrawn, one.recorded_by)
        for one in assorted.goods.prices.history(price.product_id)
    ]
    assert told == [(300, True, "operator"), (300, False, "operator"), (200, False, "operator")]
    with pytest.raises(NotFound):
        assorted.goods.prices.withdraw(dear)
    assert assorted.goods.prices.set([dear], now=NOW + timedelta(hours=2)).new == 1


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_set(assorted: Shelf, price: Price) -> None:
    wrong = [
        price,
        msgspec.structs.replace(price, amount_minor=210),
        msgspec.structs.replace(price, product_id="soap"),
        msgspec.structs.replace(price, place_id="moon"),
        msgspec.structs.replace(price, zone="nowhere"),
    ]
    with pytest.raises(InvalidInput) as refused:
        assorted.goods.prices.set(wrong)
    told = {(problem.at, problem.field) for problem in refused.value.problems}
    assert told == {(1, "starts_on"), (2, "product_id"), (3, "place_id"), (4, "zone")}
    assert assorted.goods.prices.history(price.product_id) == ()
    with pytest.raises(InvalidInput):
        assorted.goods.prices.set_zone("city", ["a", "moon"])
    assert "a" not in assorted.goods.prices.zones()


def test_a_clock_that_is_put_back_loses_no_price(assorted: Shelf, price: Price) -> None:
    prices = assorted.goods.prices
    for back, amount in enumerate((200, 300, 400)):
        given = msgspec.structs.replace(price, amount_minor=amount)
        prices.set([given], now=NOW - timedelta(seconds=min(back, 1)))
    assert len(prices.history(price.product_id)) == 3
    assert prices.at(price.product_id, on=DAY) == given
    prices.withdraw(given, now=NOW - timedelta(days=1))
    assert prices.at(price.product_id, on=DAY) is None


def test_staff_price_what_is_theirs(assorted: Shelf, price: Price) -> None:
    here = Actor(name="ann", role="planner", places=("a",))
    with pytest.raises(NotAllowed):
        assorted.goods.prices.set([price], actor=here)
    with pytest.raises(NotAllowed):
        assorted.goods.prices.set([msgspec.structs.replace(price, place_id="b")], actor=here)
    with pytest.raises(NotAllowed):
        assorted.goods.prices.set([price], actor=Actor(name="bob", role="store"))
    assert assorted.goods.prices.set([msgspec.structs.replace(price, place_id="a")], actor=here).new == 1


def test_terms_are_for_planners_and_need_what_they_name(assorted: Shelf, price: Price) -> None:
    term = SupplyTerm(product_id=price.product_id, supplier_id="farm", cost_minor=80, currency="EUR")
    elsewhere = msgspec.structs.replace(term, place_id="b")
    with pytest.raises(InvalidInput) as refused:
        assorted.goods.supply.set_terms(
            [term, msgspec.structs.replace(term, product_id="soap", place_id="moon")]
        )
    assert [(one.at, one.field) for one in refused.value.problems] == [
        (0, "supplier_id"), (1, "product_id"), (1, "supplier_id"), (1, "place_id")
    ]  # fmt: skip
    assorted.goods.supply.set_suppliers([Supplier(id="farm", name="Farm")])
    assert assorted.goods.supply.set_terms([term, elsewhere]).new == 2
    again = assorted.goods.supply.set_terms([term, msgspec.structs.replace(elsewhere, cost_minor=90)])
    assert (again.new, again.changed, again.same) == (0, 1, 1)
    assert (
        assorted.goods.catalogue.product(price.product_id, actor=Actor(name="bob", role="store")).terms == ()
    )
    assert assorted.goods.supply.terms(actor=Actor(name="ann", role="planner", places=("a",))) == (term,)
    with pytest.raises(NotAllowed):
        assorted.goods.supply.suppliers(actor=Actor(name="bob", role="store"))
    local = Actor(name="l", role="planner", places=("a",))
    for given in (term, elsewhere):
        with pytest.raises(NotAllowed):
            assorted.goods.supply.set_terms([given], actor=local)
    with pytest.raises(NotAllowed):
        assorted.goods.supply.set_suppliers([Supplier(id="x", name="X")], actor=local)


def test_the_catalogue_is_paged_and_found_by_what_is_scanned(assorted: Shelf, price: Price) -> None:
    more = [Product(id=f"p{at}", name="Pen", gtin="4006381333931" if at == 3 else None, category="Office", active=at != 2) for at in range(5)]  # fmt: skip
    assorted.core.database.writer.write(lambda connection: goods.upsert_products(connection, more))
    page = assorted.goods.catalogue.listing(group="Office", limit=2)
    seen = [one.id for one in page.items]
    assert page.total == 5
    while page.next:
        page = assorted.goods.catalogue.listing(group="Office", limit=2, after=page.next)
        seen += [one.id for one in page.items]
    assert seen == ["p0", "p1", "p2", "p3", "p4"]
    assert [one.id for one in assorted.goods.catalogue.listing("4006381 333931").items] == ["p3"]
    assert assorted.goods.catalogue.listing(active=False).total == 1
    assert assorted.goods.catalogue.groups() == {"Office": 5}
    with pytest.raises(NotFound):
        assorted.goods.catalogue.product("soap")
