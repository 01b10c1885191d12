"""Offers: what is bought again and again, in stock, with its reason."""

from datetime import UTC, datetime, timedelta, timezone
from functools import reduce

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.decisions.offers import OfferPolicy, rank
from oneshelf.errors import InvalidInput
from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event
from oneshelf.insight.people.fold import fold
from oneshelf.insight.people.state import PersonState
from oneshelf.words.goods import Product
from oneshelf.words.people import Who

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Lying(msgspec.Struct):
    on_hand: int
    simulated: bool = False


GOODS = {
    p.id: p
    for p in (
        Product(id="milk", name="Fresh milk", type="milk"),
        Product(id="oat", name="Oat drink", type="plant milk"),
        Product(id="rye", name="Rye bread", type="bread"),
        Product(id="tea", name="Green tea", type="tea"),
    )
}
STOCK = {product_id: Lying(5) for product_id in GOODS}


def event(body, days_ago, **given) -> Event:
    at = NOW - timedelta(days=days_ago)
    return Event(id="e", source="test", happened_at=at, body=body, who=Who(user_id="ann"), **given)


def bought(product_id, *days_ago, **given) -> list[Event]:
    lines = (c.Line(product_id=product_id),)
    return [
        event(c.OrderCompleted(order_id="o", currency="CNY", lines=lines), ago, **given) for ago in days_ago
    ]


def searched(query, days_ago, **given) -> list[Event]:
    return [event(c.ProductsSearched(query=query), days_ago, **given)]


def favourited(product_id, days_ago, **given) -> list[Event]:
    return [event(c.ProductFavourited(product_id=product_id), days_ago, **given)]


def ranked(happened, *, stock=STOCK, products=GOODS, now=NOW, **given):
    state = reduce(fold, happened, PersonState())
    return rank(state, products, stock, place_id="store-1", now=now, **given)


def ids(offers):
    return [offer.product_id for offer in offers]


def test_what_is_bought_often_and_lately_comes_first():
    offers = ranked(bought("milk", 10, 20, 30) + bought("rye", 5) + bought("tea", 200, 210, 220))
    assert ids(offers) == ["milk", "rye", "tea"]
    assert offers[0].score == pytest.approx(sum(2.718281828459045 ** (-ago / 120) for ago in (10, 20, 30)))


def test_each_offer_says_why_in_one_line():
    (offer,) = ranked(bought("milk", *range(12, 19)))
    assert offer.reason == "Bought in 7 baskets, last 12 days ago"
    assert (offer.why[0].baskets, offer.why[0].days) == (7, 12)
    assert (offer.name, offer.on_hand, offer.place_id) == ("Fresh milk", 5, "store-1")


def test_nothing_is_offered_that_is_not_in_stock_or_not_known():
    events = bought("milk", 3) + bought("rye", 3) + bought("ghost", 3)
    stock = {"milk": Lying(0), "ghost": Lying(9)}
    assert ranked(events, stock=stock) == ()


def test_nobody_is_offered_what_they_bought_today_where_today_is_the_places_own_day():
    events = bought("milk", 1.4 / 24)
    assert ids(ranked(events)) == []
    # 12:00 UTC is 01:00 of the next day here; 1.4 hours before was yesterday
    far_east = NOW.astimezone(timezone(timedelta(hours=13)))
    assert ids(ranked(events, now=far_east)) == ["milk"]


def test_a_person_without_a_reason_gets_nothing_and_not_junk():
    assert ranked([]) == ()
    assert ranked(bought("milk", 900)) == (), "one basket two and a half years ago is no reason"


def test_a_favourite_that_was_not_bought_since_is_lifted_with_its_reason():
    offers = ranked(bought("milk", 60) + favourited("tea", 3))
    assert ids(offers) == ["tea", "milk"]
    assert offers[0].reason == "On the wish list for 3 days, not bought since"
    assert ids(ranked(favourited("tea", 3) + bought("tea", 2)))[:1] == ["tea"]
    (again,) = ranked(favourited("tea", 3) + bought("tea", 2))
    assert [why.kind for why in again.why] == ["bought"]


def test_a_search_without_a_purchase_lifts_every_product_that_answers_it():
    offers = ranked(searched("milk", 1))
    assert ids(offers) == ["milk", "oat"]
    assert offers[0].reason == "Searched for “milk” yesterday, nothing like it bought since"
    assert ranked(searched("milk", 2) + bought("oat", 0.01)) == (), (
        "the search is answered, and oat was bought today"
    )


def test_reasons_add_up_strongest_first():
    (offer, *_) = ranked(bought("milk", 100) + searched("milk", 0) + favourited("milk", 10))
    assert [why.kind for why in offer.why] == ["searched", "favourited", "bought"]


def test_ties_go_by_product_id():
    at_once = (c.Line(product_id="tea"), c.Line(product_id="milk"), c.Line(product_id="rye"))
    order = event(c.OrderCompleted(order_id="o", currency="CNY", lines=at_once), 4)
    assert ids(ranked([order])) == ["milk", "rye", "tea"]


@given(st.integers(-1, 6))
def test_no_more_than_the_limit_are_offered(limit):
    events = [e for product in GOODS for e in bought(product, 9)]
    assert len(ranked(events, limit=limit)) == max(0, min(limit, 4))


def test_an_offer_that_stands_on_simulated_events_or_counts_says_so():
    assert not ranked(bought("milk", 3))[0].simulated
    assert ranked(bought("milk", 3, simulated=True))[0].simulated
    assert ranked(bought("milk", 3), stock={"milk": Lying(5, simulated=True)})[0].simulated
    assert ranked(favourited("tea", 3, simulated=True))[0].simulated
    mixed = ranked(bought("milk", 3) + favourited("tea", 3, simulated=True))
    assert {offer.product_id: offer.simulated for offer in mixed} == {"milk": False, "tea": True}


@pytest.mark.parametrize(
    ("field", "value"), [("favourite_lift", -1.0), ("lift_days", 0.0), ("score_min", float("nan"))]
)
def test_a_policy_that_makes_no_sense_is_refused_by_field(field, value):
    with pytest.raises(InvalidInput, match=field):
        OfferPolicy(**{field: value})
