"""Offers leave for some and not for others, once, and their effect claims no more than it can."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from oneshelf.app.offers import delivery
from oneshelf.app.people.tiers import TierMove
from oneshelf.app.shelf import Shelf
from oneshelf.books import offers as offer_books
from oneshelf.books import outbox
from oneshelf.errors import Conflict, InvalidInput, NotAllowed, NotFound
from oneshelf.events.catalogue import Line, OrderCompleted
from oneshelf.events.envelope import Event
from oneshelf.testing.shelves import put_events, put_nightly
from oneshelf.testing.shop import CURRENCY, NOW, Shop
from oneshelf.trust.access import Actor
from oneshelf.words.people import Who

MARKETER = Actor(name="mei", role="marketer")


def test_offers_are_in_stock_were_bought_before_and_say_why(shelf: Shelf, shop: Shop) -> None:
    offers = shelf.offers.for_person("person-1")
    assert offers
    for offer in offers:
        assert shop.truth.on_hand[offer.place_id, offer.product_id] > 0
        assert offer.reason
    assert all(offer.product_id != "product-25" for offer in offers)  # sold out everywhere


def test_where_nothing_was_counted_nothing_is_offered(shelf: Shelf) -> None:
    assert shelf.offers.for_person("person-1", "store-nowhere") == ()


def test_a_dry_run_says_what_sending_does_and_changes_nothing(shelf: Shelf) -> None:
    head = shelf.core.journal.head()
    would = shelf.offers.send("spring", name="Spring", dry_run=True)
    assert shelf.core.journal.head() == head
    assert shelf.offers.campaigns() == ()
    did = shelf.offers.send("spring", name="Spring")
    assert (did.offered, did.held_out, did.without_offer) == (
        would.offered,
        would.held_out,
        would.without_offer,
    )
    assert did.offered + did.held_out + did.without_offer == shelf.people.search().total


def test_a_campaign_responds_to_moves_between_tiers(shelf: Shelf) -> None:
    for recency, now in ((1, NOW), (61, NOW + timedelta(hours=1))):
        rows = [
            {"person_id": f"person-{n}", "recency_days": recency if n <= 10 else 2, "frequency": 1}
            for n in range(1, 31)
        ]
        put_nightly(shelf, rows, day=NOW.date(), now=now)
    shelf.catch_up()
    moved = TierMove(entered="drowsy", since=NOW.date())
    sent = shelf.offers.send("wake-up", name="Wake up", moved=moved, actor=MARKETER)
    assert sent.offered + sent.held_out + sent.without_offer == 10
    with pytest.raises(InvalidInput, match="move"):
        shelf.offers.send("both", name="Both", moved=moved, people=["person-1"])


def test_a_campaign_is_sent_once(shelf: Shelf) -> None:
    shelf.offers.send("spring", name="Spring")
    with pytest.raises(Conflict, match="spring"):
        shelf.offers.send("spring", name="Again")


def test_the_held_out_get_no_message_and_everybody_else_gets_one(shelf: Shelf) -> None:
    report = shelf.offers.send("spring", name="Spring", holdout_share=0.5)
    assert report.held_out > 3
    assert delivery.deliver(shelf.core, NOW) == report.offered
    assert delivery.deliver(shelf.core, NOW) == 0
    lines = (shelf.settings.outgoing / "messages.jsonl").read_text().splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == len(lines) == report.offered
    shelf.catch_up()
    tables = {t.name: t.rows for t in shelf.core.lake.tables()}
    assert tables["offer_assigned"] == report.offered + report.held_out
    assert tables["offer_sent"] == report.offered


def test_an_effect_that_is_there_is_found_and_one_that_is_not_is_not_claimed(shelf: Shelf) -> None:
    regulars = [_order(f"regular-{number}", "before", NOW - timedelta(days=3), 500) for number in range(120)]
    put_events(shelf, regulars, now=NOW)
    shelf.offers.send("spring", name="Spring", place="store-1", holdout_share=0.5)
    assert not shelf.offers.effect("spring").claimed
    with shelf.core.database.read() as connection:
        offered = [
            row.person_id for row in offer_books.assignments(connection, "spring") if row.arm == "offer"
        ]
    spend = [5_000 + 10 * number for number in range(len(offered))]
    at = NOW + timedelta(hours=1)
    orders = [_order(person, "after", at, minor) for person, minor in zip(offered, spend, strict=True)]
    put_events(shelf, orders, now=NOW + timedelta(days=1))
    effect = shelf.offers.effect("spring", days=2)
    assert effect.claimed
    assert effect.sales.plain
    assert effect.sales.plain.difference == pytest.approx(sum(spend) / len(spend))
    assert effect.orders.mean_offer == 1.0
    assert effect.margin is None
    assert effect.offer_people == len(offered)


def _order(person: str, when: str, at: datetime, minor: int) -> Event:
    line = Line(product_id="product-1", amount_minor=minor)
    return Event(
        id=f"{when}-{person}",
        source="till",
        happened_at=at,
        place_id="store-1",
        who=Who(user_id=person),
        body=OrderCompleted(order_id=f"{when}-{person}", currency=CURRENCY, lines=(line,)),
    )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"campaign_id": " x"}, "campaign_id"),
        ({"campaign_id": "x" * 101}, "campaign_id"),
        ({"holdout_share": 0.0}, "holdout_share"),
        ({"holdout_share": 0.95}, "holdout_share"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
def test_nonsense_is_refused_by_name(shelf: Shelf, given: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        shelf.offers.send(**{"campaign_id": "c", "name": "C", **given})  # type: ignore[arg-type]
    assert caught.value.problems[0].field == field


def test_an_unknown_campaign_and_an_unknown_person_are_not_found(shelf: Shelf) -> None:
    with pytest.raises(NotFound):
        shelf.offers.effect("nothing")
    with pytest.raises(NotFound):
        shelf.offers.for_person("nobody")


def test_every_look_is_logged_the_refused_one_too(shelf: Shelf) -> None:
    planner = Actor(name="pan", role="planner")
    shelf.people.portrait("person-1", actor=MARKETER, purpose="marketing")
    with pytest.raises(NotAllowed):
        shelf.people.portrait("person-2", actor=planner)
    refused, seen = shelf.staff.access_log(limit=2).items
    assert (seen.actor, seen.person_id, seen.purpose, seen.allowed) == ("mei", "person-1", "marketing", True)
    assert (refused.actor, refused.person_id, refused.allowed) == ("pan", "person-2", False)


def test_a_store_reaches_its_own_place_and_its_own_people_only(shelf: Shelf) -> None:
    clerk = Actor(name="chen", role="store", places=("store-1",))
    mine = {person.person_id for person in shelf.people.search(actor=clerk, limit=100).items}
    everybody = {person.person_id for person in shelf.people.search(limit=100).items}
    assert 0 < len(mine) < len(everybody)
    ours, theirs = min(mine), min(everybody - mine)
    shelf.offers.for_person(ours, "store-1", actor=clerk)
    with pytest.raises(NotAllowed):
        shelf.offers.for_person(ours, "store-2", actor=clerk)
    for look in (shelf.people.portrait, shelf.people.timeline, shelf.offers.for_person):
        with pytest.raises(NotAllowed):
            look(theirs, actor=clerk)
    assert not shelf.staff.access_log(limit=1).items[0].allowed


def test_a_marketer_of_one_place_does_not_send_to_the_whole_chain(shelf: Shelf) -> None:
    with pytest.raises(NotAllowed, match="Name the place"):
        shelf.offers.send("x", name="X", actor=Actor(name="m", role="marketer", places=("store-1",)))


def test_a_message_that_cannot_leave_waits_and_leaves_later(shelf: Shelf) -> None:
    report = shelf.offers.send("spring", name="Spring")
    shelf.settings.outgoing.parent.mkdir(parents=True, exist_ok=True)
    shelf.settings.outgoing.write_text("a file where a folder should be")
    assert delivery.deliver(shelf.core, NOW) == 0
    with shelf.core.database.read() as connection:
        assert outbox.waiting(connection) == (report.offered, report.offered)
    assert shelf.system.health().outbox_failing == report.offered
    shelf.settings.outgoing.unlink()
    assert delivery.deliver(shelf.core, NOW + timedelta(hours=1)) == report.offered
