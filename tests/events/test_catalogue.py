"""The catalogue, the envelope and our own codec."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from oneshelf.errors import InvalidInput, Problem
from oneshelf.events import catalogue, codecs, stock
from oneshelf.events.envelope import NOWHERE, Event
from oneshelf.words.people import Who

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

GOODS = stock.StockLine(
    product_id="p", quantity=12, unit="g", lot_id="l", expires_on=date(2026, 12, 1), owner_id="farm"
)

#: One body of every kind, none of it at its default.
BODIES = (
    catalogue.OrderCompleted(
        order_id="o",
        currency="CNY",
        lines=(
            catalogue.Line(
                product_id="p", quantity=2, unit="g", amount_minor=300, discount_minor=10, coupon_minor=5
            ),
        ),
    ),
    catalogue.OrderRefunded(currency="CNY", refund_id="r", order_id="o", reason="broken"),
    catalogue.ProductsSearched(query="oat milk"),
    catalogue.ProductViewed(product_id="p"),
    catalogue.ProductAdded(product_id="p", quantity=3),
    catalogue.ProductFavourited(product_id="p"),
    catalogue.ProductReviewed(product_id="p", rating=4, text="good"),
    catalogue.PlaceVisited(dwell_seconds=60),
    stock.StockCounted(lines=(stock.CountedLine(product_id="p", on_hand=4, lot_id="l"),)),
    stock.GoodsOrdered(order_id="o", due_on=date(2026, 3, 2), lines=(GOODS,), supplier_id="farm"),
    stock.GoodsReceived(order_id="o", lines=(GOODS,), supplier_id="farm"),
    stock.GoodsWasted(lines=(GOODS,), reason="broken"),
    stock.StockTransferred(to_place_id="s-2", lines=(GOODS,)),
    catalogue.PersonIdentified(traits={"city": "杭州"}),
    catalogue.PersonAliased(previous_id="old"),
    catalogue.PersonJoined(
        identifier="u", other="card:1", reason="card", evidence=("event till 1",), decided_by="ann"
    ),
    catalogue.PersonParted(
        identifier="u", other="card:1", reason="family card", evidence=("told so",), decided_by="ann"
    ),
    catalogue.PersonGrouped(group_id="g", traits={"size": 2}),
    catalogue.PageViewed(name="home", properties={"a": [1, None, 2.5]}),
    catalogue.ScreenViewed(name="home", properties={"a": {"b": True}}),
    catalogue.CustomTracked(name="Song Played", properties={"x": "y"}),
    catalogue.CampaignSent(campaign_id="c"),
    catalogue.CampaignSpent(campaign_id="c", amount_minor=50_000, currency="CNY"),
    catalogue.CouponRedeemed(coupon_id="k", campaign_id="c"),
    catalogue.OfferAssigned(campaign_id="c", arm="holdout"),
    catalogue.OfferSent(campaign_id="c", message_id="m", product_ids=("p", "q")),
    catalogue.TierChanged(from_tier="core", to_tier="drowsy", reason="recency_days 61 > 60"),
    catalogue.ReferenceLoaded(table="t", version=2, rows=3, file="f", sha256="0" * 64),
)


def event(body, **given):
    fields = {"id": "e", "source": "till", "happened_at": NOW, "who": Who(user_id="u"), **given}
    return Event(body=body, **fields)


def test_every_kind_has_an_example_here_and_a_name_of_noun_and_past_verb():
    assert {type(body) for body in BODIES} == set(catalogue.KINDS.values())
    for name, kind in catalogue.KINDS.items():
        noun, verb = name.split(".")
        assert noun.isalpha()
        assert verb.endswith(("ed", "sent", "spent"))
        assert catalogue.kind_of(next(body for body in BODIES if type(body) is kind)) == name


@pytest.mark.parametrize("body", BODIES, ids=catalogue.kind_of)
def test_an_event_of_every_kind_comes_back_from_the_journal_as_it_went_in(body):
    original = event(body, place_id="s-1", channel="web", simulated=True)
    data = codecs.encode([original])
    assert codecs.decode(codecs.ONESHELF, data, "ignored", NOW) == [original]


def test_each_event_of_a_batch_is_judged_alone():
    good = msgspec.to_builtins(event(catalogue.ProductViewed(product_id="p")))
    late = {**good, "happened_at": (NOW + timedelta(days=2)).isoformat()}
    kindless = {**good, "body": {"kind": "product.teleported"}}
    data = msgspec.json.encode([good, {**good, "id": ""}, late, kindless, good])
    decoded = codecs.decode(codecs.ONESHELF, data, "s", NOW)
    assert [type(one) for one in decoded] == [Event, Problem, Problem, Problem, Event]
    assert [(one.at, one.field) for one in decoded if isinstance(one, Problem)] == [
        (1, "id"),
        (2, "happened_at"),
        (3, "body.kind"),
    ]


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"null", b"\xff"])
def test_a_batch_that_is_no_array_is_one_problem(data):
    (problem,) = codecs.decode(codecs.ONESHELF, data, "s", NOW)
    assert isinstance(problem, Problem)
    assert problem.field == "batch"


def test_an_unknown_codec_says_which_are_known():
    with pytest.raises(InvalidInput, match="oneshelf/1"):
        codecs.decode("martian/1", b"", "s", NOW)


def test_an_event_needs_an_aware_time():
    with pytest.raises(InvalidInput, match="no time zone"):
        event(catalogue.ProductViewed(product_id="p"), happened_at=datetime(2026, 1, 1))  # noqa: DTZ001


def test_an_order_comes_to_the_sum_of_its_lines():
    lines = tuple(catalogue.Line(product_id=str(i), amount_minor=i) for i in (5, 7, 11))
    assert catalogue.OrderCompleted(order_id="o", currency="EUR", lines=lines).amount_minor == 23
    assert catalogue.OrderRefunded(refund_id="o", currency="EUR", lines=lines).amount_minor == 23


@pytest.mark.parametrize(
    ("make", "field"),
    [
        (lambda: catalogue.Line(product_id="p", quantity=-1), "quantity"),
        (lambda: catalogue.Line(product_id="p", amount_minor=10**13), "amount_minor"),
        (lambda: catalogue.Line(product_id="p", discount_minor=10**13), "discount_minor"),
        (lambda: catalogue.Line(product_id="p", coupon_minor=10**13), "coupon_minor"),
        (lambda: stock.CountedLine(product_id="p", on_hand=-1), "on_hand"),
        (lambda: catalogue.OrderCompleted(order_id="o", currency="yuan"), "currency"),
        (lambda: catalogue.ProductAdded(product_id="p", quantity=-2), "quantity"),
    ],
)
def test_nonsense_is_refused_at_birth_by_field(make, field):
    with pytest.raises(InvalidInput) as refused:
        make()
    assert refused.value.problems[0].field == field


def test_an_event_without_a_place_happened_nowhere_known():
    assert event(catalogue.ProductViewed(product_id="p")).place_id == NOWHERE
