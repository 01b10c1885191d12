"""The portrait: every figure by example, and against the lake's batch twin."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

import pytest

from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event
from oneshelf.insight.people.drawing import portrait_of
from oneshelf.insight.people.fields import FIELDS
from oneshelf.insight.people.flat import flat
from oneshelf.insight.people.fold import fold
from oneshelf.insight.people.portrait import Everybody, Portrait
from oneshelf.insight.people.state import PersonState
from oneshelf.words.goods import Product
from oneshelf.words.people import Who

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GOODS = {
    product.id: product
    for product in (
        Product(id="oat", name="Oat drink 1 l", category="drinks", type="plant milk"),
        Product(id="milk", name="Fresh milk", category="drinks", type="milk"),
        Product(id="rye", name="Rye bread", category="bakery", type="bread"),
        Product(id="bag", name="Carrier bag"),
    )
}


def event(body, days_ago=10.0, **given) -> Event:
    at = NOW - timedelta(days=days_ago)
    return Event(id="e", source="test", happened_at=at, body=body, who=Who(user_id="ann"), **given)


def order(*product_ids, amount_minor=100, currency="CNY", days_ago=10.0, **given) -> Event:
    lines = tuple(c.Line(product_id=p, amount_minor=amount_minor) for p in product_ids)
    return event(c.OrderCompleted(order_id="o", currency=currency, lines=lines), days_ago, **given)


def refund(product_id, amount_minor=100, days_ago=5.0, **given) -> Event:
    lines = (c.Line(product_id=product_id, amount_minor=amount_minor),)
    return event(c.OrderRefunded(refund_id="r", currency="CNY", lines=lines), days_ago, **given)


def drawn(*happened: Event) -> Portrait:
    return portrait_of("ann", reduce(fold, happened, PersonState()), now=NOW, products=GOODS)


def test_recency_counts_whole_days_since_the_last_order_and_nothing_else():
    portrait = drawn(order("oat", days_ago=3.9), order("oat", days_ago=40), event(c.PageViewed(), days_ago=1))
    assert portrait.recency_days == 3
    assert portrait.last_seen_at == NOW - timedelta(days=1)
    assert portrait.first_seen_at == NOW - timedelta(days=40)


def test_an_order_ahead_of_now_has_a_recency_of_zero():
    assert drawn(order("oat", days_ago=-2)).recency_days == 0


def test_money_is_that_of_the_main_currency_less_refunds():
    portrait = drawn(
        order("oat", "rye", amount_minor=250),
        order("oat", amount_minor=125),
        order("oat", amount_minor=9, currency="EUR"),
        refund("oat", 100),
    )
    assert (portrait.currency, portrait.monetary_minor) == ("CNY", 525)
    assert (portrait.refunds, portrait.refunded_minor) == (1, 100)
    assert portrait.frequency == 3
    assert portrait.average_order_minor == 263, "525 over 2 orders, half away from zero"


def test_a_person_who_never_ordered_has_no_recency_no_average_and_no_currency():
    portrait = drawn(event(c.PageViewed(), channel="web", place_id="shop"))
    assert (portrait.recency_days, portrait.average_order_minor, portrait.currency) == (None, None, None)
    assert (portrait.last_channel, portrait.last_place_id) == ("web", "shop")
    assert portrait.favourite_categories == ()


def test_a_person_known_only_by_a_refund_owes_us_nothing_and_was_not_seen():
    portrait = drawn(refund("oat", 70))
    assert (portrait.monetary_minor, portrait.frequency, portrait.last_seen_at) == (-70, 0, None)


def test_favourite_categories_share_all_baskets_with_products_that_nobody_placed():
    portrait = drawn(order("oat", "milk", "rye", "bag"), order("oat", "unheard-of"))
    found = [(share.name, share.baskets, share.share) for share in portrait.favourite_categories]
    assert found == [("drinks", 3, 0.5), ("bakery", 1, pytest.approx(1 / 6))]


def test_a_visit_is_a_day_on_a_channel():
    portrait = drawn(
        event(c.PageViewed(), 2.0, channel="web"),
        event(c.ProductViewed(product_id="oat"), 2.001, channel="web"),
        event(c.PageViewed(), 9.0, channel="web"),
        order("oat", days_ago=4, channel="store"),
        event(c.PlaceVisited(), 5, channel="store", simulated=True),
        event(c.PlaceVisited(), 6, channel="store", simulated=True),
        event(c.PlaceVisited(), 7, channel="store", simulated=True),
    )
    found = [(s.channel, s.orders, s.visits, round(s.share, 3), s.simulated) for s in portrait.channel_mix]
    assert found == [("store", 1, 4, 0.667, True), ("web", 0, 2, 0.333, False)]


def test_a_search_waits_until_something_that_answers_every_word_is_bought_after_it():
    search = event(c.ProductsSearched(query="Milk  OAT"), days_ago=8)
    unanswered = [
        (),
        (order("milk", days_ago=7),),  # one word of two
        (order("oat", days_ago=9),),  # before the search
    ]
    for rest in unanswered:
        wanted = drawn(search, *rest).searched_not_bought
        assert [w.what for w in wanted] == ["milk oat"]
    # "Oat drink 1 l" is of the type "plant milk"
    assert drawn(search, order("oat", days_ago=7)).searched_not_bought == ()


def test_searches_are_forgotten_after_ninety_days_and_shown_latest_first():
    portrait = drawn(
        event(c.ProductsSearched(query="a"), 91),
        event(c.ProductsSearched(query="b"), 89),
        event(c.ProductsSearched(query="x"), 3, simulated=True),
    )
    assert [(w.what, w.simulated) for w in portrait.searched_not_bought] == [("x", True), ("b", False)]


def test_a_favourite_waits_until_that_product_is_bought_after_it():
    favourite = event(c.ProductFavourited(product_id="oat"), days_ago=200)
    portrait = drawn(favourite, order("oat", days_ago=210), order("milk", days_ago=1))
    assert [(w.what, w.product_id) for w in portrait.favourited_not_bought] == [("Oat drink 1 l", "oat")]
    assert drawn(favourite, order("oat", days_ago=1)).favourited_not_bought == ()


def test_traits_are_as_last_told():
    portrait = drawn(
        event(c.PersonIdentified(traits={"town": "Jinan", "tags": ["a"]}), 2),
        event(c.PersonIdentified(traits={"town": "Wuxi", "age": 30}), 9),
    )
    assert {t.name: t.value for t in portrait.traits} == {"age": 30, "tags": ["a"], "town": "Jinan"}


def test_a_portrait_without_simulated_events_names_no_field():
    assert drawn(order("oat"), event(c.ProductsSearched(query="x"))).simulated == ()


def test_a_portrait_names_the_fields_that_simulated_events_entered():
    portrait = drawn(order("oat", days_ago=9), event(c.ProductsSearched(query="x"), 3, simulated=True))
    assert portrait.simulated == (
        "last_seen_at",
        "last_place_id",
        "last_channel",
        "channel_mix",
        "searched_count",
        "searched_not_bought",
    )
    ordered = drawn(order("oat", simulated=True)).simulated
    assert {"recency_days", "frequency", "monetary_minor", "favourite_categories", "places"} <= set(ordered)


def test_intervals_are_between_days_with_an_order_and_the_middle_one_counts():
    orders = [order("oat", days_ago=ago) for ago in (40, 39.99, 30, 12, 2)]
    portrait = drawn(*orders, refund("oat", days_ago=1))
    assert (portrait.order_days, portrait.repurchase_interval_days) == (4, 10.0)
    assert (portrait.customer_age_days, portrait.recency_days) == (40, 2)
    assert portrait.first_order_at == NOW - timedelta(days=40)
    assert drawn(*orders[:2]).repurchase_interval_days is None
    assert drawn(*orders[1:4]).repurchase_interval_days == 14.0


def test_what_was_recent_ends_with_today_and_takes_refunds_off_on_their_day():
    portrait = drawn(
        order("oat", days_ago=0),
        order("oat", days_ago=27.4),
        order("oat", days_ago=28),
        order("oat", days_ago=91, currency="EUR"),
        refund("oat", 30, days_ago=90),
    )
    assert [(r.days, r.orders, r.spend_minor) for r in portrait.recent] == [
        (28, 2, 200),
        (91, 3, 270),
        (364, 4, 270),
    ]


def test_prices_promotions_coupons_margin_and_pieces_come_from_the_lines():
    lines = (
        c.Line(product_id="oat", quantity=3, amount_minor=300, discount_minor=30, cost_minor=210),
        c.Line(product_id="rye", quantity=500, unit="g", amount_minor=100, coupon_minor=20),
        c.Line(product_id="milk", amount_minor=200, cost_minor=0),
    )
    body = c.OrderCompleted(order_id="o", currency="CNY", lines=lines)
    portrait = drawn(event(body), order("rye"), event(c.CouponRedeemed(coupon_id="k")))
    assert portrait.promoted_share == pytest.approx(300 / 700)
    assert (portrait.coupon_orders, portrait.coupon_minor, portrait.coupon_share) == (1, 20, 0.5)
    assert portrait.coupons_redeemed == 1
    assert portrait.margin_minor == 290, "500 on lines with a cost, which cost 210"
    assert portrait.units_per_order == 3.0, "3 + 1 + 1 pieces, and 1"
    assert drawn(order("rye")).margin_minor is None
    assert drawn(order("rye", amount_minor=0)).promoted_share is None


def test_the_time_of_day_and_the_weekend_are_those_of_the_places_own_clock():
    shanghai = ZoneInfo("Asia/Shanghai")
    friday = datetime(2026, 5, 29, 16, 30, tzinfo=UTC)  # half past midnight on Saturday there
    body = c.OrderCompleted(order_id="o", currency="CNY")
    happened = Event(id="e", source="test", happened_at=friday, body=body)
    drawn_there = portrait_of("ann", fold(None, happened, shanghai), now=NOW, products={})
    drawn_here = portrait_of("ann", fold(None, happened, UTC), now=NOW, products={})
    assert ([d.daypart for d in drawn_there.dayparts], drawn_there.weekend_share) == (["night"], 1.0)
    assert ([d.daypart for d in drawn_here.dayparts], drawn_here.weekend_share) == (["afternoon"], 0.0)


@pytest.mark.parametrize(
    ("hour", "daypart"),
    [
        (4, "night"),
        (5, "morning"),
        (11, "midday"),
        (14, "afternoon"),
        (17, "evening"),
        (21, "evening"),
        (22, "night"),
    ],
)
def test_each_hour_belongs_to_one_part_of_the_day(hour, daypart):
    at = datetime(2026, 5, 4, hour, 59, tzinfo=UTC)
    body = c.OrderCompleted(order_id="o", currency="CNY")
    state = fold(None, Event(id="e", source="test", happened_at=at, body=body))
    assert state.dayparts == {daypart: 1}


def test_affinities_are_measured_against_everybody():
    everybody = Everybody(categories={"drinks": 0.25}, brands={"x": 0.0})
    state = reduce(fold, [order("oat", "rye")], PersonState())
    portrait = portrait_of("ann", state, now=NOW, products=GOODS, everybody=everybody)
    assert {a.name: a.index for a in portrait.favourite_categories} == {"drinks": 200.0, "bakery": None}


def test_a_flat_portrait_has_every_field_of_the_list_and_no_other():
    row = flat(drawn(order("oat", channel="store", place_id="store-1")))
    assert row.keys() == FIELDS.keys()
    assert (row["favourite_category"], row["main_channel"], row["orders_store"]) == ("drinks", "store", 1)
    assert (row["tier"], row["p_active"], row["main_place_id"]) == (None, None, "store-1")
    told = drawn(event(c.PersonIdentified(traits={"household_size": 3, "life_stage": "family"})))
    assert (flat(told)["household_size"], flat(told)["life_stage"]) == ("3", "family")
