"""The simulator, over the small shop's purchases."""

from collections import Counter
from datetime import timedelta

import pytest

from oneshelf.connect.ports import Source
from oneshelf.connect.simulated_trips import SimulatorOptions
from oneshelf.connect.simulator import WEB, Simulator, purchases_of, thing_of
from oneshelf.events.codecs import ONESHELF, decode, encode
from oneshelf.testing.shop import LAST_DAY, small_shop
from oneshelf.words.goods import Product
from oneshelf.words.time import business_day

BUSY = SimulatorOptions(sessions_share=0.8, visits_share=0.4, reviews_share=0.4)


@pytest.fixture(scope="module")
def shop():
    return small_shop()


@pytest.fixture(scope="module")
def purchases(shop):
    return purchases_of(shop.events, {place.id: place.time_zone for place in shop.places})


def simulated(shop, purchases, options=BUSY, **which):
    source = Simulator(purchases, shop.products, shop.places, options)
    assert isinstance(source, Source)
    return [event for batch in source.batches(**which) for event in batch.events]


@pytest.fixture(scope="module")
def events(shop, purchases):
    return simulated(shop, purchases)


def test_purchases_are_those_of_the_truth(shop, purchases):
    assert purchases.num_rows == sum(sold.orders for sold in shop.truth.sales.values())
    assert set(purchases["day"].to_pylist()) == {day for day, _, _ in shop.truth.sales}


def test_every_event_says_that_it_is_simulated_and_survives_the_journal(events):
    assert all(event.simulated and event.source == "simulator" for event in events)
    assert decode(ONESHELF, encode(events), "simulator", events[-1].happened_at) == events
    assert len({event.id for event in events}) == len(events) > 1_000
    assert [e.happened_at for e in events] == sorted(e.happened_at for e in events)


def test_the_same_seed_repeats_every_id_and_another_seed_none(shop, purchases, events):
    assert simulated(shop, purchases) == events
    shuffled = purchases.take(list(reversed(range(purchases.num_rows))))
    assert simulated(shop, shuffled) == events
    other = SimulatorOptions(seed=2, sessions_share=0.8, visits_share=0.4, reviews_share=0.4)
    assert not {e.id for e in simulated(shop, purchases, other)} & {e.id for e in events}


def test_all_that_was_promised_happens(events):
    kinds = Counter(event.kind for event in events)
    assert set(kinds) == {
        "page.viewed",
        "products.searched",
        "product.viewed",
        "product.added",
        "product.favourited",
        "product.reviewed",
        "person.identified",
        "place.visited",
        "stock.counted",
    }
    texts = [event.body.text for event in events if event.kind == "product.reviewed"]
    assert any(text.isascii() for text in texts)
    assert any("一" <= text[-2] <= "鿿" for text in texts)


def test_some_favourites_are_bought_later_and_some_never(shop, events):
    orders = [event for event in shop.events if event.kind == "order.completed" and event.who.user_id]
    favourites = [event for event in events if event.kind == "product.favourited" and event.who.user_id]
    later = [
        any(
            order.who.user_id == liked.who.user_id
            and order.happened_at > liked.happened_at
            and any(line.product_id == liked.body.product_id for line in order.body.lines)
            for order in orders
        )
        for liked in favourites
    ]
    assert 0 < sum(later) < len(later)


def test_a_browser_belongs_to_one_person_and_is_linked_when_they_sign_in(events):
    links = {(e.who.anonymous_id, e.who.user_id) for e in events if e.kind == "person.identified"}
    assert len({browser for browser, _ in links}) == len(links) > 5
    first_named = {}
    for event in events:
        if event.who.anonymous_id and event.who.user_id:
            first_named.setdefault(event.who.anonymous_id, event)
    anonymous_before = [
        e
        for e in events
        if e.who.user_id is None
        and e.who.anonymous_id in first_named
        and e.happened_at < first_named[e.who.anonymous_id].happened_at
    ]
    assert anonymous_before


def test_a_visit_without_purchase_falls_on_no_day_with_one(shop, purchases, events):
    zones = {place.id: place.time_zone for place in shop.places}
    bought = set(zip(purchases["person_id"].to_pylist(), purchases["day"].to_pylist(), strict=True))
    visits = [event for event in events if event.kind == "place.visited"]
    assert visits
    for visit in visits:
        assert (visit.who.user_id, business_day(visit.happened_at, zones[visit.place_id])) not in bought
        assert visit.place_id != WEB


def test_stores_count_on_the_newest_two_days_what_they_sell(shop, purchases, events):
    zones = {place.id: place.time_zone for place in shop.places}
    counts = [event for event in events if event.kind == "stock.counted"]
    where = Counter((c.place_id, business_day(c.happened_at, zones[c.place_id])) for c in counts)
    days = (LAST_DAY, LAST_DAY - timedelta(days=1))
    assert where == Counter({(f"store-{n}", day): 1 for n in (1, 2, 3) for day in days})
    sold = set(zip(purchases["place_id"].to_pylist(), purchases["product_id"].to_pylist(), strict=True))
    lines = [(c.place_id, line) for c in counts for line in c.body.lines]
    assert {(place, line.product_id) for place, line in lines} == {pair for pair in sold if pair[0] != WEB}
    assert 0 < sum(line.on_hand == 0 for _, line in lines) < len(lines) / 4


def test_a_run_until_a_day_is_the_beginning_of_the_whole_but_for_its_stock_counts(shop, purchases, events):
    until = LAST_DAY - timedelta(days=20)
    part = [e for e in simulated(shop, purchases, until=until) if e.kind != "stock.counted"]
    zones = {place.id: place.time_zone for place in shop.places}
    whole = [
        e
        for e in events
        if e.kind != "stock.counted" and business_day(e.happened_at, zones[e.place_id]) <= until
    ]
    assert part == whole


def test_a_later_run_goes_on_behind_a_position(shop, purchases, events):
    batches = list(Simulator(purchases, shop.products, shop.places, BUSY).batches())
    read = len(batches[0].events)
    assert simulated(shop, purchases, after=batches[0].position) == events[read:]


def test_receipts_of_nobody_and_no_purchases_at_all_are_ordinary(shop, purchases):
    assert simulated(shop, purchases.slice(0, 0)) == []
    assert None in purchases["person_id"].to_pylist()
    people = [
        None if person is None else f"anonymous:{person}" for person in purchases["person_id"].to_pylist()
    ]
    unknown = purchases.set_column(0, "person_id", [people])
    assert {event.kind for event in simulated(shop, unknown)} == {"stock.counted"}


def test_people_search_with_the_first_words_of_a_name():
    def thing(name):
        return thing_of(Product(id="1", name=name))

    assert thing("Frozen ice - crushed / cubed, 22 lb") == "Frozen ice"
    assert thing("Single-serve entrees, 12 pk / 12 oz") == "Single-serve entrees"
    assert thing("7Up") == "7Up"
