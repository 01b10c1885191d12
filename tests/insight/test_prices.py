"""Which price holds, checked against slow and obvious answers."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.insight.goods.prices import Shopper, covers, holding, is_news, standing, timeline
from oneshelf.words.prices import Price, PriceRecord

DAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def price(amount=100, start=0, end=None, **rest):
    ends_on = None if end is None else DAY + timedelta(end)
    given_ = {"currency": "EUR", "starts_on": DAY + timedelta(start), "ends_on": ends_on, **rest}
    return Price(product_id="p", amount_minor=amount, **given_)


SCOPES = st.sampled_from([{}, {"place_id": "a"}, {"place_id": "b"}, {"zone": "city"}])
PRICES = st.builds(
    lambda amount, start, length, scope, channel, kind: price(
        amount, start, None if length is None else start + length, channel=channel, kind=kind, **scope
    ),
    st.integers(1, 4),
    st.integers(0, 8),
    st.none() | st.integers(0, 4),
    SCOPES,
    st.sampled_from([None, "web"]),
    st.sampled_from(["regular", "promotion", "member"]),
)
LISTS = st.lists(PRICES, max_size=8, unique_by=lambda one: (*one.scope, one.starts_on))
SHOPPERS = st.builds(
    Shopper,
    place_id=st.sampled_from([None, "a", "b"]),
    zone=st.sampled_from([None, "city"]),
    channel=st.sampled_from([None, "web", "store"]),
    member=st.booleans(),
)


def slowly(prices, on, shopper):
    """The closest of each kind by going through the scopes one by one, then the lowest."""
    found = []
    for kind in ("regular", "promotion", "member"):
        if kind == "member" and not shopper.member:
            continue
        for scope in (
            {"place_id": shopper.place_id},
            {"zone": shopper.zone},
            {"place_id": None, "zone": None},
        ):
            if None in scope.values() and len(scope) == 1:
                continue
            for channel in dict.fromkeys([shopper.channel, None]):
                fitting = [
                    one
                    for one in prices
                    if one.kind == kind
                    and one.channel == channel
                    and (one.place_id, one.zone) == (scope.get("place_id"), scope.get("zone"))
                    and one.starts_on <= on <= (one.ends_on or date.max)
                ]
                if fitting:
                    found.append(max(fitting, key=lambda one: one.starts_on))
                    break
            else:
                continue
            break
    return min((one.amount_minor for one in found), default=None)


@settings(max_examples=80)
@given(prices=LISTS, shopper=SHOPPERS, day=st.integers(-1, 14))
def test_the_closest_of_each_kind_and_the_lowest_of_the_kinds_is_paid(prices, shopper, day):
    held = holding(prices, DAY + timedelta(day), shopper)
    assert (held and held.amount_minor) == slowly(prices, DAY + timedelta(day), shopper)


@settings(max_examples=50)
@given(prices=LISTS, shopper=SHOPPERS)
def test_a_timeline_tells_every_day_what_holding_tells(prices, shopper):
    first, last = DAY - timedelta(2), DAY + timedelta(14)
    spans = timeline(prices, first, last, shopper)
    told = {}
    for span in spans:
        day = span.first
        while day <= span.last:
            assert day not in told
            told[day] = span.price
            day += timedelta(1)
    days = [first + timedelta(at) for at in range((last - first).days + 1)]
    assert told == {day: holding(prices, day, shopper) for day in days}
    assert all(one.price != after.price for one, after in pairwise(spans))


@settings(max_examples=80)
@given(prices=LISTS, added=PRICES)
def test_a_price_is_news_exactly_when_somebody_pays_otherwise_on_some_day(prices, added):
    mine = [one for one in prices if one.scope == added.scope]
    replaced = [one for one in mine if one.starts_on != added.starts_on]
    shopper = Shopper(place_id=added.place_id, zone=added.zone, channel=added.channel, member=True)
    days = [DAY + timedelta(at) for at in range(16)]

    def paid(known):
        return [(held and held.amount_minor) for held in (holding(known, day, shopper) for day in days)]

    changes = paid(mine) != paid([*replaced, added])
    if not is_news(added, mine):
        assert not changes  # what is left out changes nothing, ever
    if changes:
        assert is_news(added, mine)


def test_a_temporary_price_gives_way_to_the_one_before_it():
    known = [price(200), price(150, 3, 5)]
    everybody = Shopper()
    paid = [holding(known, DAY + timedelta(at), everybody).amount_minor for at in range(8)]
    assert paid == [200, 200, 200, 150, 150, 150, 200, 200]


def test_a_promotion_that_costs_more_than_the_regular_price_is_not_paid():
    assert holding([price(200), price(250, kind="promotion")], DAY, Shopper()).kind == "regular"


def test_amounts_of_two_currencies_are_not_compared():
    known = [price(200), price(100, kind="promotion", currency="CNY")]
    assert holding(known, DAY, Shopper()).currency == "EUR"


def test_the_last_thing_said_counts_and_what_was_withdrawn_does_not():
    said = PriceRecord(price=price(200), recorded_at=NOW, recorded_by="ann")
    corrected = msgspec.structs.replace(said, price=price(190), recorded_at=NOW + timedelta(seconds=1))
    called_off = msgspec.structs.replace(corrected, withdrawn=True, recorded_at=NOW + timedelta(seconds=2))
    assert standing([corrected, said]) == [price(190)]
    assert standing([called_off, corrected, said]) == []
    assert covers(price(1, 0, 0), DAY)
