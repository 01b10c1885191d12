"""A person's state: whatever the order and the split, the same summary."""

import math
from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.events import catalogue as c
from oneshelf.events.envelope import Event
from oneshelf.insight.people import state as states
from oneshelf.insight.people.fold import fold
from oneshelf.insight.people.merge import merge
from oneshelf.insight.people.state import PersonState
from oneshelf.words.people import Who

START = datetime(2026, 3, 1, tzinfo=UTC)
PRODUCTS = ["p1", "p2", "p3", "p4"]

lines = st.lists(
    st.builds(
        c.Line,
        product_id=st.sampled_from(PRODUCTS),
        quantity=st.integers(0, 5),
        unit=st.sampled_from(["each", "g"]),
        amount_minor=st.integers(-500, 5000),
        discount_minor=st.integers(0, 1),
        coupon_minor=st.integers(0, 1),
        cost_minor=st.none() | st.integers(0, 100),
    ),
    max_size=4,
).map(tuple)
currencies = st.sampled_from(["CNY", "EUR"])
bodies = st.one_of(
    st.builds(c.OrderCompleted, order_id=st.just("o"), currency=currencies, lines=lines),
    st.builds(c.OrderRefunded, refund_id=st.just("r"), currency=currencies, lines=lines),
    st.builds(c.ProductsSearched, query=st.sampled_from(["milk", " Fresh  MILK", "tea", "", "bread"])),
    st.builds(c.ProductViewed, product_id=st.sampled_from(PRODUCTS)),
    st.builds(c.ProductFavourited, product_id=st.sampled_from(PRODUCTS)),
    st.builds(c.PlaceVisited),
    st.builds(c.CouponRedeemed, coupon_id=st.just("k")),
    st.builds(
        c.PersonIdentified, traits=st.dictionaries(st.sampled_from(["age", "town"]), st.integers(0, 3))
    ),
    st.builds(c.OfferSent, campaign_id=st.just("x"), message_id=st.just("m")),
)
events = st.lists(
    st.builds(
        Event,
        id=st.just("e"),
        source=st.just("test"),
        # few moments, so that events tie
        happened_at=st.integers(0, 12).map(lambda n: START + timedelta(hours=11 * n, microseconds=n)),
        body=bodies,
        who=st.just(Who(user_id="ann")),
        place_id=st.sampled_from(["store-1", "store-2"]),
        channel=st.sampled_from(["store", "web"]),
        simulated=st.booleans(),
    ),
    max_size=14,
)


def folded(happened: list[Event]) -> PersonState:
    return reduce(fold, happened, PersonState())


def assert_same(a: PersonState, b: PersonState) -> None:
    """Equal but for the last digits of the weights: a sum of floats depends on its order there."""
    a, b = (states.decode(states.encode(state)) for state in (a, b))
    weights = []
    for state in (a, b):
        weights.append({product: bought.weight for product, bought in state.products.items()})
        for bought in state.products.values():
            bought.weight = 0.0
    assert weights[0] == pytest.approx(weights[1], rel=1e-12)
    assert a == b


@given(events, st.randoms())
def test_the_order_of_arrival_does_not_change_the_state(happened, random):
    shuffled = list(happened)
    random.shuffle(shuffled)
    assert_same(folded(happened), folded(shuffled))


@given(events, st.data())
def test_folding_apart_and_merging_is_folding_together(happened, data):
    parts = [[], [], []]
    for event in happened:
        parts[data.draw(st.integers(0, 2))].append(event)
    a, b, e = map(folded, parts)
    assert_same(merge(a, merge(b, e)), folded(happened))
    assert_same(merge(merge(e, a), b), folded(happened))


@given(events, events)
def test_merging_leaves_what_it_was_given_alone(one, other):
    a, b = folded(one), folded(other)
    before = states.encode(a), states.encode(b)
    merged = merge(a, b)
    for event in one:
        fold(merged, event)
    assert (states.encode(a), states.encode(b)) == before


@given(events)
def test_a_state_survives_being_written_and_read(happened):
    state = folded(happened)
    assert states.decode(states.encode(state)) == state


def event_of(body, at=START, **given):
    return Event(id="e", source="test", happened_at=at, body=body, who=Who(user_id="ann"), **given)


def test_most_recent_searches_are_kept_exactly_whatever_the_order(monkeypatch):
    for room in ("fold", "merge"):
        monkeypatch.setattr(f"oneshelf.insight.people.{room}.SEARCHES_MAX", 3)
    searches = [
        event_of(c.ProductsSearched(query=f"q{n % 5}"), START + timedelta(minutes=n))
        for n in (7, 1, 9, 3, 5, 8, 2, 6)
    ]
    # newest of each query: q4 at 9, q3 at 8, q2 at 7, q1 at 6, q0 at 5
    wanted = {"q4", "q3", "q2"}
    assert folded(searches).searches.keys() == wanted
    assert folded(searches[::-1]).searches.keys() == wanted
    assert merge(folded(searches[:3]), folded(searches[3:])).searches.keys() == wanted


def test_a_person_with_a_hundred_thousand_lines_stays_bounded():
    state = PersonState()
    for n in range(1_000):
        basket = tuple(c.Line(product_id=f"product-{n * 100 + k}") for k in range(100))
        order = c.OrderCompleted(order_id=str(n), currency="CNY", lines=basket)
        state = fold(state, event_of(order, START + timedelta(hours=n), place_id=f"place-{n}"))
    assert len(state.products) <= states.PRODUCTS_MAX * 5 // 4
    assert len(state.places) <= states.PLACES_MAX * 5 // 4
    assert "product-99999" in state.products, "the latest purchases weigh most and stay"
    assert len(states.encode(state)) < 500_000
    assert state.orders == 1_000


def test_two_lines_of_one_product_are_one_basket():
    basket = (c.Line(product_id="p1", quantity=2), c.Line(product_id="p1", quantity=1))
    bought = fold(None, event_of(c.OrderCompleted(order_id="o", currency="CNY", lines=basket))).products["p1"]
    assert (bought.baskets, bought.units) == (1, 3)


def test_weights_fade_by_e_in_tau_days():
    def weight(at: datetime) -> float:
        order = c.OrderCompleted(order_id="o", currency="CNY", lines=(c.Line(product_id="p"),))
        return fold(None, event_of(order, at)).products["p"].weight

    assert weight(START + timedelta(days=states.TAU_DAYS)) / weight(START) == pytest.approx(math.e)
    assert weight(states.EPOCH) == 1.0


def test_a_refund_before_its_order_comes_to_the_same_as_after_it():
    line = c.Line(product_id="p", quantity=2, amount_minor=300)
    order = event_of(c.OrderCompleted(order_id="o", currency="CNY", lines=(line,)))
    refund = event_of(
        c.OrderRefunded(refund_id="r", currency="CNY", lines=(line,)), START + timedelta(days=1)
    )
    for happened in ([order, refund], [refund, order]):
        state = folded(happened)
        assert state.products["p"].units == 0
        assert state.spent["CNY"] == states.Spent(orders=1, amount_minor=300, refunds=1, refunded_minor=300)
        assert state.last_seen is not None
        assert state.last_seen[0] == START.timestamp(), (
            "a refund may be the shop's doing and is no sign of the person"
        )


def test_goods_by_weight_are_one_piece_a_line():
    flour = c.Line(product_id="flour", quantity=1250, unit="g")
    state = fold(None, event_of(c.OrderCompleted(order_id="o", currency="CNY", lines=(flour,))))
    assert state.products["flour"].units == 1


def test_a_trait_that_is_too_long_is_not_kept():
    traits = {"note": "x" * 2_000, "town": "Bonn"}
    assert fold(None, event_of(c.PersonIdentified(traits=traits))).traits.keys() == {"town"}


@settings(max_examples=25)
@given(events)
def test_messages_to_a_person_leave_no_trace_in_their_state(happened):
    own = [event for event in happened if not isinstance(event.body, c.OfferSent)]
    assert_same(folded(happened), folded(own))
