"""The seeded shop's truth against the events that were made from it."""

from collections import Counter

from oneshelf.events.catalogue import OrderCompleted, OrderRefunded
from oneshelf.events.codecs import ONESHELF, decode, encode
from oneshelf.testing.shop import DAYS, FIRST_DAY, LAST_DAY, small_shop
from oneshelf.words.time import business_day


def test_the_same_seed_makes_the_same_shop_and_another_seed_another():
    assert small_shop(3).events == small_shop(3).events
    assert small_shop(3).events != small_shop(4).events


def test_the_truth_agrees_with_the_events():
    shop = small_shop()
    orders = [event for event in shop.events if isinstance(event.body, OrderCompleted)]
    assert len(orders) == shop.truth.orders == shop.truth.by_kind["order.completed"] > 300
    assert sum(event.body.amount_minor for event in orders) == shop.truth.amount_minor
    assert sum(event.who.person_id is None for event in orders) == shop.truth.anonymous_orders > 10
    refunds = [event.body for event in shop.events if isinstance(event.body, OrderRefunded)]
    assert sum(body.amount_minor for body in refunds) == shop.truth.refunded_minor > 0
    assert Counter(event.kind for event in shop.events) == shop.truth.by_kind


def test_sales_lie_on_the_business_day_of_their_place():
    shop = small_shop()
    zones = {place.id: place.time_zone for place in shop.places}
    quantity = Counter()
    for event in shop.events:
        if isinstance(event.body, OrderCompleted):
            day = business_day(event.happened_at, zones[event.place_id])
            for line in event.body.lines:
                quantity[day, event.place_id, line.product_id] += line.quantity
    assert quantity == Counter({key: sold.quantity for key, sold in shop.truth.sales.items()})
    assert {day for day, _, _ in quantity} <= {
        FIRST_DAY.fromordinal(FIRST_DAY.toordinal() + n) for n in range(DAYS)
    }
    assert max(day for day, _, _ in quantity) == LAST_DAY


def test_its_events_survive_the_journal_and_have_unique_ids():
    shop = small_shop()
    recorded_at = shop.events[-1].happened_at
    assert decode(ONESHELF, encode(shop.events), "till", recorded_at) == shop.events
    assert len({event.id for event in shop.events}) == len(shop.events)
    assert [event.happened_at for event in shop.events] == sorted(event.happened_at for event in shop.events)
