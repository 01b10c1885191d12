"""The codec `segment/1`: what SDKs send becomes events of the catalogue, exactly, or a problem that says why not."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.errors import Problem
from oneshelf.events import catalogue, codecs, stock
from oneshelf.events.envelope import Event
from oneshelf.events.segment import SEGMENT, decode
from oneshelf.words.people import identifier

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def batch(*messages, **envelope):
    return json.dumps({"batch": messages, **envelope}).encode()


def read(message, **envelope):
    (one,) = decode(batch(message, **envelope), "web", NOW)
    return one


def track(name, properties=None, **message):
    return read(
        {"type": "track", "event": name, "userId": "u", "messageId": "m", "properties": properties, **message}
    )


# --- kinds -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "properties", "body"),
    [
        ("Products Searched", {"query": "oat milk"}, catalogue.ProductsSearched(query="oat milk")),
        ("Products Searched", {"query": {"q": 1}}, catalogue.ProductsSearched(query='{"q":1}')),
        ("Product Viewed", {"product_id": 7}, catalogue.ProductViewed(product_id="7")),
        ("Product Viewed", {"product_id": "", "sku": "G-32"}, catalogue.ProductViewed(product_id="G-32")),
        ("product_viewed", {"product_id": "p"}, catalogue.ProductViewed(product_id="p")),
        ("Product Added", {"product_id": "p"}, catalogue.ProductAdded(product_id="p")),
        (
            "Product Added",
            {"product_id": "p", "quantity": "3"},
            catalogue.ProductAdded(product_id="p", quantity=3),
        ),
        ("Wishlist Product Added to Cart", {"sku": "p"}, catalogue.ProductAdded(product_id="p")),
        ("Product Added to Wishlist", {"product_id": "p"}, catalogue.ProductFavourited(product_id="p")),
        (
            "Product Reviewed",
            {"product_id": "p", "rating": "4", "review_body": "good"},
            catalogue.ProductReviewed(product_id="p", rating=4, text="good"),
        ),
        ("Store Visited", {"store_id": "s", "dwell_seconds": 90}, catalogue.PlaceVisited(dwell_seconds=90)),
        ("Store Visited", None, catalogue.PlaceVisited()),
        (
            "Coupon Redeemed",
            {"coupon_id": 12, "campaign_id": "c"},
            catalogue.CouponRedeemed(coupon_id="12", campaign_id="c"),
        ),
        (
            "Stock Counted",
            {"products": [{"product_id": "p", "on_hand": 0}, {"sku": "q", "on_hand": "1.5", "unit": "kg"}]},
            stock.StockCounted(
                lines=(
                    stock.CountedLine(product_id="p", on_hand=0),
                    stock.CountedLine(product_id="q", on_hand=1500, unit="g"),
                )
            ),
        ),
        (
            "Product Clicked",
            {"product_id": "p", "position": 3},
            catalogue.CustomTracked(name="Product Clicked", properties={"product_id": "p", "position": 3}),
        ),
        (
            "Song Played",
            {"deep": {"er": [1, 2.5, None, "x"]}},
            catalogue.CustomTracked(name="Song Played", properties={"deep": {"er": [1, 2.5, None, "x"]}}),
        ),
        ("Song Played", None, catalogue.CustomTracked(name="Song Played")),
    ],
)
def test_a_track_call_becomes_the_kind_that_its_name_says(name, properties, body):
    assert track(name, properties).body == body


def test_identify_knows_the_traits_of_both_dialects():
    segment = {
        "type": "identify",
        "userId": "u",
        "anonymousId": "a",
        "messageId": "m",
        "traits": {"city": "杭州"},
    }
    rudder = {
        "type": "identify",
        "userId": "u",
        "anonymousId": "a",
        "messageId": "m",
        "context": {"traits": {"city": "杭州"}},
    }
    assert read(segment) == read(rudder)
    assert read(segment).body == catalogue.PersonIdentified(traits={"city": "杭州"})
    assert (read(segment).who.user_id, read(segment).who.anonymous_id) == ("u", "a")


def test_the_other_calls_become_their_kinds():
    common = {"userId": "u", "messageId": "m"}
    page = read({"type": "page", **common, "name": "Home", "category": "Front", "properties": {"url": "/"}})
    assert page.body == catalogue.PageViewed(name="Home", properties={"url": "/", "category": "Front"})
    screen = read({"type": "screen", **common, "category": "Front"})
    assert screen.body == catalogue.ScreenViewed(name="Front", properties={"category": "Front"})
    group = read({"type": "group", **common, "groupId": 9, "traits": {"size": 2}})
    assert group.body == catalogue.PersonGrouped(group_id="9", traits={"size": 2})
    alias = read({"type": "alias", **common, "previousId": "old"})
    assert alias.body == catalogue.PersonAliased(previous_id="old")


def test_the_path_of_a_single_call_names_its_type():
    message = {"event": "Song Played", "userId": "u", "messageId": "m"}
    assert read(message, type="track").body == catalogue.CustomTracked(name="Song Played")


# --- money -------------------------------------------------------------------------------------------------------------

SPEC_ORDER = {  # the example of the spec
    "checkout_id": "fksdjfsdjfisjf9sdfjsd9f",
    "order_id": "50314b8e9bcf000000000000",
    "total": 27.50,
    "subtotal": 22.50,
    "revenue": 25.00,
    "shipping": 3,
    "tax": 2,
    "discount": 2.5,
    "currency": "USD",
    "products": [
        {"product_id": "507f1f77bcf86cd799439011", "sku": "45790-32", "price": 19, "quantity": 1},
        {"product_id": "505bd76785ebb509fc183733", "sku": "46493-32", "price": 3, "quantity": 2},
    ],
}


def test_the_order_of_the_spec_comes_to_its_subtotal():
    body = track("Order Completed", SPEC_ORDER).body
    assert body.order_id == "50314b8e9bcf000000000000"
    assert body.amount_minor == 2250
    assert [(line.amount_minor, line.discount_minor, line.quantity) for line in body.lines] == [
        (1710, 190, 1),
        (540, 60, 2),
    ]


def order(products, **properties):
    return track("Order Completed", {"order_id": "o", "products": products, **properties})


@pytest.mark.parametrize(
    ("product", "amount_minor"),
    [
        ({"price": 19.99, "quantity": 3}, 5997),
        ({"price": "19.99", "quantity": "3"}, 5997),
        ({"price": 0.07, "quantity": 100}, 700),
        ({"price": 1.1}, 110),
        ({"price": 10, "quantity": 0.453, "unit": "kg"}, 453),
        ({"price": 0}, 0),
        ({"price": 3, "quantity": 3, "total": 8}, 800),
    ],
)
def test_a_line_is_worth_its_total_or_its_price_times_its_quantity(product, amount_minor):
    assert order([{"product_id": "p", **product}]).body.amount_minor == amount_minor


@given(
    st.lists(st.tuples(st.decimals(0, 10_000, places=2), st.integers(0, 50)), min_size=1, max_size=6),
    st.integers(0, 100),
)
def test_an_order_comes_to_its_lines_less_its_discount_to_the_cent(lines, percent):
    gross = sum(price * quantity for price, quantity in lines)
    discount = (gross * percent / 100).quantize(Decimal("0.01"))
    products = ",".join(
        f'{{"product_id":"p{at}","price":{price},"quantity":{quantity}}}'
        for at, (price, quantity) in enumerate(lines)
    )
    data = (
        f'{{"batch":[{{"type":"track","event":"Order Completed","userId":"u","properties":'
        f'{{"order_id":"o","currency":"EUR","discount":{discount},"products":[{products}]}}}}]}}'
    )
    (event,) = decode(data.encode(), "web", NOW)
    assert event.body.amount_minor == (gross - discount) * 100
    for line, (price, quantity) in zip(event.body.lines, lines, strict=True):
        assert line.amount_minor + line.discount_minor == price * quantity * 100
        assert line.discount_minor >= 0


def test_lines_without_a_price_share_what_the_order_leaves_for_them():
    products = [{"sku": "a", "price": 5}, {"sku": "b", "quantity": 1}, {"sku": "c", "quantity": 2}]
    body = order(products, total=20, shipping=3, tax=2).body
    assert [line.amount_minor for line in body.lines] == [500, 333, 667]


def test_an_order_that_only_says_its_total_keeps_its_money():
    body = track("Order Completed", {"order_id": "o", "total": 30}).body
    assert [(line.product_id, line.amount_minor) for line in body.lines] == [("unknown", 3000)]


def test_the_currency_is_the_orders_else_the_batchs_else_the_specs():
    message = {"type": "track", "event": "Order Completed", "userId": "u", "properties": {"total": 5}}
    assert read(message).body.currency == "USD"
    assert read(message, currency="JPY").body == catalogue.OrderCompleted(
        order_id=read(message).id,
        currency="JPY",
        lines=(catalogue.Line(product_id="unknown", amount_minor=5),),
    )
    message["properties"]["currency"] = "eur"
    assert read(message, currency="JPY").body.currency == "EUR"


def test_a_refund_and_a_cancellation_take_money_off_and_point_back():
    refund = track("Order Refunded", {**SPEC_ORDER, "refund_id": "r-1"}).body
    assert (refund.refund_id, refund.order_id, refund.amount_minor) == ("r-1", SPEC_ORDER["order_id"], 2250)
    cancelled = track("Order Cancelled", SPEC_ORDER).body
    assert (cancelled.refund_id, cancelled.reason, cancelled.amount_minor) == ("m", "cancelled", 2250)


@pytest.mark.parametrize(
    ("name", "properties", "field"),
    [
        ("Order Completed", {"order_id": "o"}, "properties.products"),
        ("Order Completed", {"products": [{"price": 1}]}, "properties.products[0].product_id"),
        ("Order Completed", {"products": [{"sku": "a"}]}, "properties.products[0].price"),
        (
            "Order Completed",
            {"products": [{"sku": "a", "price": 1}, {"sku": "b", "price": "x"}]},
            "properties.products[1].price",
        ),
        ("Order Completed", {"products": [{"sku": "a", "price": True}]}, "properties.products[0].price"),
        ("Order Completed", {"products": [{"sku": "a", "price": 1e300}]}, "properties.products[0].price"),
        (
            "Order Completed",
            {"products": [{"sku": "a", "price": 1, "quantity": 1.5}]},
            "properties.products[0].quantity",
        ),
        (
            "Order Completed",
            {"products": [{"sku": "a", "price": 1, "quantity": -1}]},
            "properties.products[0].quantity",
        ),
        ("Order Completed", {"products": [{"sku": "a", "price": 1}], "discount": 2}, "properties.discount"),
        (
            "Order Completed",
            {"products": [{"sku": "a", "price": 9}, {"sku": "b"}], "total": 5},
            "properties.total",
        ),
        ("Order Completed", {"products": {"sku": "a"}}, "properties.products"),
        ("Order Completed", {"products": ["a"]}, "properties.products[0]"),
        ("Order Completed", {"total": 1, "currency": "euro"}, "properties.currency"),
        (
            "Order Refunded",
            {"order_id": "o", "products": [{"sku": "a", "total": -1}]},
            "properties.products[0]",
        ),
        ("Product Viewed", {}, "properties.product_id"),
        ("Product Viewed", {"product_id": {"a": 1}}, "properties.product_id"),
        ("Product Viewed", {"product_id": "a" * 201}, "properties.product_id"),
        ("Product Viewed", {"product_id": "a\n"}, "properties.product_id"),
        ("Product Viewed", "p", "properties"),
        ("Product Reviewed", {"product_id": "p", "rating": 4.5}, "properties.rating"),
        ("Products Searched", {"query": " "}, "properties.query"),
        ("Coupon Redeemed", {}, "properties.coupon_id"),
        ("Stock Counted", {}, "properties.products"),
        ("Song Played", [1], "properties"),
    ],
)
def test_what_cannot_be_read_is_a_problem_that_names_the_field_and_the_remedy(name, properties, field):
    problem = track(name, properties)
    assert isinstance(problem, Problem)
    assert problem.field == field
    assert problem.cause
    assert problem.remedy


# --- who, when, where --------------------------------------------------------------------------------------------------


def test_numbers_are_accepted_as_ids_and_empty_ones_are_missing():
    event = read({"type": "track", "event": "x", "userId": 12345, "anonymousId": "", "messageId": 9})
    assert (event.who.user_id, event.who.anonymous_id, event.id) == ("12345", None, "9")
    assert read({"type": "track", "event": "x", "userId": 1e3, "messageId": "m"}).who.user_id == "1000"


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"type": "track", "event": "x"}, "userId"),
        ({"type": "track", "event": "x", "userId": " ", "anonymousId": None}, "userId"),
        ({"type": "track", "event": "x", "userId": "a" * 201}, "userId"),
        ({"type": "track", "event": "x", "userId": "anonymous:b"}, "userId"),
        ({"type": "track", "event": "x", "userId": True}, "userId"),
        ({"type": "track", "event": "", "userId": "u"}, "event"),
        ({"type": "track", "event": 5, "userId": "u"}, "event"),
        ({"type": "group", "userId": "u"}, "groupId"),
        ({"type": "alias", "userId": "u"}, "previousId"),
        ({"type": "dance", "userId": "u"}, "type"),
        ({"userId": "u"}, "type"),
        ({"type": "page", "userId": "u", "context": "x"}, "context"),
        ([], "event"),
        (None, "event"),
    ],
)
def test_an_envelope_that_breaks_the_spec_is_a_problem(message, field):
    problem = read(message)
    assert isinstance(problem, Problem)
    assert problem.field == field


def test_the_timestamp_is_taken_as_it_is():
    message = {
        "type": "page",
        "userId": "u",
        "timestamp": "2026-11-24T18:00:00+08:00",
        "sentAt": "2020-01-01T00:00:00Z",
    }
    assert read(message).happened_at == datetime(2026, 11, 24, 10, tzinfo=UTC)


@given(st.integers(-10_000_000, 10_000_000), st.integers(0, 10_000_000), st.booleans())
def test_a_wrong_clock_is_corrected_by_how_wrong_it_was_when_it_sent(skew_seconds, age_seconds, in_envelope):
    sent_at = NOW + timedelta(seconds=skew_seconds)
    original = sent_at - timedelta(seconds=age_seconds)
    message = {"type": "page", "userId": "u", "originalTimestamp": original.isoformat()}
    where = {"sentAt": sent_at.isoformat()}
    event = read(message, **where) if in_envelope else read({**message, **where})
    assert event.happened_at == NOW - timedelta(seconds=age_seconds)


def test_without_any_time_an_event_happened_when_it_was_recorded():
    assert read({"type": "page", "userId": "u"}).happened_at == NOW


@pytest.mark.parametrize(
    "bad",
    ["yesterday", "2026-11-24", "2026-11-24T10:00:00", "2026-11-26T10:00:00Z", "1970-01-01T00:00:00Z", 5],
)
def test_a_time_that_cannot_be_meant_is_a_problem(bad):
    problem = read({"type": "page", "userId": "u", "timestamp": bad})
    assert isinstance(problem, Problem)
    assert problem.field == "timestamp"


def test_clocks_at_the_ends_of_time_are_a_problem_and_not_a_crash():
    ends = {"originalTimestamp": "9999-12-31T00:00:00Z", "sentAt": "0001-01-01T00:00:00Z"}
    assert isinstance(read({"type": "page", "userId": "u", **ends}), Problem)
    ends = {"originalTimestamp": "0001-01-01T00:00:00+14:00", "sentAt": "9999-12-31T00:00:00Z"}
    assert isinstance(read({"type": "page", "userId": "u", **ends}), Problem)


@pytest.mark.parametrize(
    ("message", "channel"),
    [
        ({"context": {"library": {"name": "analytics.js"}}}, "web"),
        ({"context": {"library": {"name": "RudderLabs JavaScript SDK"}, "app": {"name": "shop"}}}, "web"),
        ({"context": {"library": {"name": "analytics-ios"}}}, "app"),
        ({"context": {"library": {"name": "analytics-python"}}, "channel": "server"}, "unknown"),
        ({"context": {"device": {"type": "android"}}}, "app"),
        ({"context": {"page": {"url": "/"}}}, "web"),
        ({"context": {"app": {"name": "shop"}}}, "app"),
        ({"context": {"channel": "store"}}, "store"),
        ({"channel": "mobile"}, "app"),
        ({"properties": {"channel": "POS"}, "context": {"library": {"name": "analytics.js"}}}, "store"),
        ({"type": "page"}, "web"),
        ({"type": "screen"}, "app"),
        ({"event": "Store Visited"}, "store"),
        ({}, "unknown"),
    ],
)
def test_the_channel_is_told_or_given_away(message, channel):
    assert read({"type": "track", "event": "x", "userId": "u", **message}).channel == channel


def test_the_place_is_the_propertys_else_the_contexts():
    message = {"type": "track", "event": "x", "userId": "u", "context": {"store_id": "c"}}
    assert read({**message, "properties": {"store_id": 367}}).place_id == "367"
    assert read({**message, "properties": {"store_id": ""}}).place_id == "c"
    assert read({"type": "page", "userId": "u"}, context={"place_id": "b"}).place_id == "b"
    assert read({"type": "page", "userId": "u"}).place_id == "unknown"


def test_the_batchs_context_fills_in_what_the_messages_leave_out():
    context = {"library": {"name": "analytics-ios"}, "simulated": True}
    event = read(
        {"type": "track", "event": "x", "userId": "u", "context": {"store_id": "s"}}, context=context
    )
    assert (event.place_id, event.channel, event.simulated) == ("s", "app", True)


# --- ids ---------------------------------------------------------------------------------------------------------------


def test_an_id_is_derived_from_the_bytes_when_the_sender_gave_none():
    message = {"type": "page", "userId": "u", "timestamp": "2026-11-24T10:00:00Z"}
    first, again = read(message), read(message)
    assert first.id == again.id
    assert read({**message, "name": "other"}).id != first.id


def test_two_equal_messages_without_id_and_time_are_two_events():
    message = {"type": "page", "userId": "u"}
    one, two = decode(batch(message, message), "web", NOW)
    (later,) = decode(batch(message), "web", NOW + timedelta(seconds=1))
    assert len({one.id, two.id, later.id}) == 3
    assert decode(batch(message, message), "web", NOW) == [one, two]


def test_an_id_that_is_too_long_still_tells_repeats_apart():
    long = {"type": "page", "userId": "u", "messageId": "m" * 500}
    assert read(long).id == read(long).id
    assert read(long).id != read({**long, "messageId": "m" * 501}).id


# --- a batch -----------------------------------------------------------------------------------------------------------


def test_each_message_of_a_batch_is_judged_alone_and_keeps_its_index():
    good = {"type": "page", "userId": "u", "messageId": "m"}
    decoded = decode(
        batch(good, 5, {**good, "userId": ""}, good, {"type": "page", "userId": "u", "timestamp": 1}),
        "s",
        NOW,
    )
    assert [one.at if isinstance(one, Problem) else "event" for one in decoded] == ["event", 1, 2, "event", 4]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b'{"batch":5}', b'{"batch":', b"\xff\xfe", b'{"batch":' + b"[" * 90_000]
)
def test_bytes_that_are_no_batch_are_one_problem(data):
    (problem,) = decode(data, "web", NOW)
    assert isinstance(problem, Problem)


@pytest.mark.parametrize(
    "hostile",
    [
        b'{"a":' * 200 + b"1" + b"}" * 200,
        b'{"product_id":"p","price":1e999999999999999999}',
        b'{"product_id":"\xff"}',
        b'{"product_id":"p","quantity":' + b"9" * 5000 + b"}",
        b'{"total":1e-999999999,"products":[{"sku":"a","price":"1e999999"}]}',
    ],
)
@pytest.mark.parametrize("name", ["Order Completed", "Product Added", "Song Played"])
def test_hostile_properties_cost_their_own_event_only(hostile, name):
    message = b'{"type":"track","userId":"u","event":"%b","properties":%b}' % (name.encode(), hostile)
    good = b'{"type":"page","userId":"u"}'
    first, _, last = decode(b'{"batch":[%b,%b,%b]}' % (good, message, good), "web", NOW)
    assert isinstance(first, Event)
    assert isinstance(last, Event)


def test_properties_may_nest_but_not_without_end():
    deepest = json.loads('{"a":' * 31 + "[1]" + "}" * 31)
    assert track("Song Played", deepest).body.properties == deepest
    problem = track("Song Played", {"a": deepest})
    assert isinstance(problem, Problem)
    assert problem.field == "properties"
    wide = {"a": [{}] * 100}
    assert track("Song Played", wide).body.properties == wide


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "Order Completed",
        "Order Refunded",
        "Product Added",
        "Products Searched",
        "Product Reviewed",
        "Stock Counted",
        "x",
    ]
)
PROPERTIES = (
    st.dictionaries(
        st.sampled_from(
            ["product_id", "sku", "quantity", "rating", "query", "total", "subtotal", "discount", "store_id"]
        ),
        JSON | st.sampled_from(["1.5", "3", -2, "p", 0]),
        max_size=6,
    )
    | JSON
)
ORDERS = st.builds(
    lambda properties, products: (
        {**properties, "products": products} if isinstance(properties, dict) else properties
    ),
    PROPERTIES,
    st.lists(
        st.dictionaries(
            st.sampled_from(["product_id", "sku", "price", "quantity", "total", "unit"]),
            JSON | st.sampled_from(["a", "1.99", 2, 0.5, "kg"]),
        ),
        max_size=3,
    ),
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["track", "identify", "page", "screen", "group", "alias"]) | JSON,
        "event": NAMES | JSON,
        "userId": st.text() | JSON,
        "anonymousId": JSON,
        "previousId": JSON,
        "groupId": JSON,
        "messageId": JSON,
        "timestamp": JSON | st.datetimes().map(lambda at: at.isoformat() + "Z"),
        "originalTimestamp": JSON | st.datetimes().map(lambda at: at.isoformat() + "+08:00"),
        "sentAt": JSON | st.datetimes().map(lambda at: at.isoformat() + "Z"),
        "name": JSON,
        "category": JSON,
        "channel": JSON,
        "context": st.dictionaries(
            st.sampled_from(["library", "app", "device", "page", "traits", "store_id"]), JSON
        )
        | JSON,
        "properties": PROPERTIES | ORDERS,
        "traits": JSON,
    },
)


@given(st.lists(MESSAGES | JSON, max_size=4))
def test_whatever_is_sent_each_message_is_an_event_that_holds_or_a_problem(messages):
    decoded = codecs.decode(SEGMENT, batch(*messages), "web", NOW)
    assert len(decoded) == len(messages)
    for at, one in enumerate(decoded):
        if isinstance(one, Problem):
            assert one.at == at
        else:
            # Our own codec checks every id, time and quantity again; what it gives back must be the same event.
            assert one.happened_at.tzinfo is not None
            assert codecs.decode(codecs.ONESHELF, codecs.encode([one]), "", NOW) == [one]


@given(st.binary(max_size=200))
def test_no_bytes_at_all_make_it_raise(data):
    decode(data, "web", NOW)
    decode(b'{"batch":[%b]}' % data, "web", NOW)


def test_what_goods_cost_the_shop_is_kept_by_line_where_it_is_told():
    products = [
        {"sku": "a", "price": 5, "quantity": 3, "cost": 2.5},
        {"sku": "b", "price": 1},
        {"sku": "c", "price": 1, "cost": 0},
    ]
    lines = track("Order Completed", {"currency": "EUR", "discount": 1, "products": products}).body.lines
    assert [line.cost_minor for line in lines] == [750, None, 0]
    assert sum(line.amount_minor for line in lines) == 1600
    wrong = track("Order Completed", {"products": [{"sku": "a", "price": 5, "cost": "much"}]})
    assert wrong.field == "properties.products[0].cost"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"context": {"traits": {"email": " Ann@Shop.CN "}}}, ("email", "ann@shop.cn")),
        (
            {"context": {"externalIds": [{"id": "77", "type": "member_card"}, {"id": "x", "type": "other"}]}},
            ("card", "77"),
        ),
        ({"properties": {"query": "tea", "loyalty_id": 77}}, ("card", "77")),
        ({"context": {"device": {"advertisingId": "d-1"}}}, ("device", "d-1")),
        ({"properties": {"query": "tea", "phone": "0086 138-0013-8000"}}, ("phone", "+8613800138000")),
    ],
)
def test_further_identifiers_are_read_wherever_the_spec_puts_them(message, expected):
    call = {
        "type": "track",
        "event": "Products Searched",
        "userId": "u",
        "messageId": "m",
        "properties": {"query": "tea"},
    }
    assert read(call | message).who.identifiers == (identifier(*expected),)
