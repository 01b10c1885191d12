"""Plans as people use them: kept, edited with reasons, tried on a copy, approved once, and scored the day after."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

import oneshelf
from oneshelf.app.goods.plans.ahead import look_ahead
from oneshelf.app.goods.plans.past import BY_TYPE, past_of, told
from oneshelf.app.offers.delivery import deliver
from oneshelf.app.shelf import Shelf
from oneshelf.books import goods
from oneshelf.decisions.plan.changing import Circumstances, Edit
from oneshelf.decisions.plan.result import PlanPolicy
from oneshelf.errors import Conflict, InvalidInput, NotAllowed, NotFound, SettingsError
from oneshelf.events.catalogue import OrderCompleted
from oneshelf.events.envelope import Event
from oneshelf.events.stock import GoodsReceived, StockLine
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import CURRENCY, LAST_DAY, NOW, Shop
from oneshelf.trust.access import Actor
from oneshelf.words.goods import Product
from oneshelf.words.prices import Price
from oneshelf.words.supply import Supplier, SupplyTerm

from .conftest import settings_for

ANN = Actor(name="ann", role="planner")


def line_of(shelf: Shelf, plan_id: str, product: str, place: str | None = None):
    return next(
        x for x in shelf.goods.plans.all_lines(plan_id) if (x.place_id, x.product_id) == (place, product)
    )


@pytest.fixture
def supplied(shelf: Shelf) -> Shelf:
    """The shop with terms: everything from one dairy in packs of two, for a day; bread made in the store."""
    products = shelf.goods.catalogue.listing(limit=100).items
    shelf.goods.supply.set_suppliers(
        [Supplier(id="dairy", name="Hill dairy"), Supplier(id="store-1", name="Store 1")]
    )
    terms = [
        SupplyTerm(product_id=one.id, supplier_id="dairy", case_pack=2, cost_minor=100, currency=CURRENCY)
        for one in products
        if one.type != "rye bread"
    ]
    bread = [
        SupplyTerm(
            product_id=one.id, supplier_id="store-1", place_id="store-1", cost_minor=50, currency=CURRENCY
        )
        for one in products
        if one.type == "rye bread"
    ]
    shelf.goods.supply.set_terms([*terms, *bread])
    return shelf


def test_a_plan_by_type_is_kept_edited_approved_and_sent(shelf: Shelf) -> None:
    plans = shelf.goods.plans
    head = plans.make(actor=ANN, now=NOW)
    assert head.id == f"{LAST_DAY + timedelta(days=1)}.1"
    assert head.summary.currency == CURRENCY
    assert plans.current()[0] == head
    before = plans.all_lines(head.id)
    line = next(line for line in before if line.quantity)
    edit = Edit(product_id=line.product_id, quantity=line.quantity + 5, reason="street fair")
    tried = plans.edit(head.id, [edit], dry_run=True, actor=ANN)
    assert plans.all_lines(head.id) == before
    done = plans.edit(head.id, [edit], actor=ANN)
    assert done.lines == tried.lines
    assert done.waste > 0
    assert line_of(shelf, head.id, line.product_id).edit_reason == "street fair"
    shown = plans.approve(head.id, dry_run=True, actor=ANN, now=NOW)
    sent = plans.approve(head.id, actor=ANN, now=NOW)
    assert sent.documents == shown.documents == plans.orders(head.id)
    (order,) = sent.documents  # nobody's terms are known, so nobody is told an outlook
    assert order.kind == "purchase_order"
    assert order.pieces == sum(one.quantity for one in plans.all_lines(head.id))
    assert deliver(shelf.core, NOW) == 1
    (message,) = (shelf.settings.outgoing / "messages.jsonl").read_text().splitlines()
    assert json.loads(message)["payload"]["lines"][0]["pieces"] > 0
    for again in (head.id, plans.make(now=NOW).id):
        with pytest.raises(Conflict):
            plans.approve(again, now=NOW)
    with pytest.raises(Conflict):
        plans.edit(head.id, [edit])


def test_a_scenario_is_a_copy_that_never_counts(shelf: Shelf) -> None:
    plans = shelf.goods.plans
    head = plans.make(now=NOW)
    rain = plans.make(scenario="rain", circumstances=Circumstances(demand=0.1), now=NOW + timedelta(hours=1))
    assert rain.pieces < head.pieces
    newest = plans.newest()
    assert newest is not None
    assert newest.id == head.id
    assert [one.scenario for one in plans.listing().items] == ["rain", None]
    with pytest.raises(Conflict):
        plans.approve(rain.id)


def test_with_terms_products_are_planned_by_place_in_packs_with_what_is_at_hand(
    supplied: Shelf, shop: Shop
) -> None:
    plans = supplied.goods.plans
    head = plans.make(LAST_DAY - timedelta(days=1), now=NOW)
    lines = plans.all_lines(head.id)
    assert {line.place_id for line in lines} >= {"store-1", "store-2", "store-3"}
    assert all(line.quantity % 2 == 0 for line in lines if line.supplier_id == "dairy")
    assert {line.action for line in lines if line.supplier_id == "store-1"} == {"make"}
    again = plans.all_lines(plans.make(LAST_DAY, now=NOW).id)
    for line in (one for one in again if one.place_id == "store-1"):
        there = shop.truth.on_hand[line.place_id, line.product_id]  # counted on the last evening
        assert line.at_hand == there
        assert there < 35 or not line.quantity
    before = {(line.place_id, line.product_id): line.quantity for line in lines}
    assert all(line.before == before.get((line.place_id, line.product_id)) for line in again)


def test_an_approval_tells_every_party_its_part_and_the_ledger_what_is_due(supplied: Shelf) -> None:
    plans = supplied.goods.plans
    head = plans.make(now=NOW)
    sent = plans.approve(head.id, now=NOW)
    kinds = {one.kind: one for one in sent.documents}
    assert kinds["purchase_order"].supplier_name == "Hill dairy"
    assert kinds["purchase_order"].cost_minor == 100 * kinds["purchase_order"].pieces
    assert kinds["outlook"].outlook[0].days[0].low <= kinds["outlook"].outlook[0].days[0].high
    supplied.catch_up()
    due = supplied.goods.stock.due("store-1")
    ordered = [x for one in sent.documents for x in one.lines if x.place_id == "store-1"]
    assert sorted((one.product_id, one.ordered) for one in due) == sorted(
        (x.product_id, x.pieces) for x in ordered
    )
    most = max(ordered, key=lambda x: x.pieces)
    later = plans.make(now=NOW)
    coming = line_of(supplied, later.id, most.product_id, "store-1")
    assert coming.at_hand == line_of(supplied, head.id, most.product_id, "store-1").at_hand + most.pieces


def test_an_afternoons_plan_counts_what_today_sold_so_far_and_will_still_sell(
    prepared: Path, tmp_path: Path, shop: Shop
) -> None:
    """The same day at two o'clock and after midnight."""
    shutil.copytree(prepared, tmp_path / "data")
    noon = datetime.combine(LAST_DAY, time(14), ZoneInfo("Asia/Shanghai"))
    settings = settings_for(tmp_path / "data").model_copy(update={"clock": noon})
    with oneshelf.open(settings) as shelf:
        head = shelf.goods.plans.make(now=noon)
        assert head.for_day == LAST_DAY + timedelta(days=1)
        (said,) = (note for note in head.summary.notes if "is not over" in note)
        share = float(re.search(r"(\d+)% of a day", said)[1]) / 100
        zones = {place.id: place.time_zone for place in shop.places}
        bought = [e for e in shop.events if isinstance(e.body, OrderCompleted)]
        local = [e.happened_at.astimezone(ZoneInfo(zones[e.place_id])) for e in bought]
        weighed = [
            (len(e.body.lines), at + (LAST_DAY - at.date()) <= noon)
            for e, at in zip(bought, local, strict=True)
            if LAST_DAY - timedelta(days=28) <= at.date() < LAST_DAY
        ]
        expected = sum(n for n, before in weighed if before) / sum(n for n, _ in weighed)
        assert share == pytest.approx(expected, abs=0.01)
        line = shelf.goods.plans.all_lines(head.id)[0]
        past = past_of(shelf.core, BY_TYPE, LAST_DAY, told(shelf.core))
        evening = look_ahead(shelf.core, past.before_today, "type")
        row = [name for _, name in past.lines].index(line.product_id)
        assert line.mean == pytest.approx(evening.mean[row, 1], rel=0.3)
        assert line.mean != pytest.approx(evening.mean[row, 1], rel=1e-6)  # today speaks


def test_a_promotion_told_after_the_night_raises_the_plan_of_a_small_shop(supplied: Shelf) -> None:
    """By what days on which the product was promoted sold: here, those on which it sold most."""
    goods_, tomorrow = supplied.goods, LAST_DAY + timedelta(days=1)
    free = goods_.plans.make(now=NOW)
    made = [line for line in goods_.plans.all_lines(free.id) if line.place_id == "store-1"]
    bread = max(made, key=lambda line: line.quantity)

    def promote(*days: date) -> None:
        goods_.prices.set(
            [
                Price(product_id=bread.product_id, starts_on=day, ends_on=day, amount_minor=bread.price_minor, currency=CURRENCY, kind="promotion")
                for day in days
            ],
            now=NOW,
        )  # fmt: skip

    sold = goods_.history(bread.product_id, place_id="store-1", until=LAST_DAY)
    promote(*(one.day for one in sorted(sold, key=lambda one: one.quantity)[-8:]))
    goods_.forecasts.run(boost=False)
    before = line_of(supplied, goods_.plans.make(now=NOW).id, bread.product_id, "store-1")
    promote(tomorrow)
    after = line_of(supplied, goods_.plans.make(now=NOW).id, bread.product_id, "store-1")
    assert after.mean > 1.2 * before.mean
    assert after.quantity > before.quantity
    assert "promotions sell" in after.reason


def test_the_shops_calendar_closes_days_and_says_what_they_are(shelf: Shelf) -> None:
    tomorrow = LAST_DAY + timedelta(days=1)
    free = shelf.goods.plans.make(now=NOW)
    (shelf.settings.data / "calendar.csv").write_text(
        f"day,name,closed\n{tomorrow},Labour Day,yes\n{LAST_DAY - timedelta(days=20)},Tomb-Sweeping Day,no\n"
    )
    head = shelf.goods.plans.make(now=NOW)
    assert free.pieces > head.pieces == 0
    assert f"By the calendar, {tomorrow} is Labour Day." in head.summary.notes
    assert "Nothing is delivered." in shelf.goods.plans.all_lines(head.id)[0].reason
    assert [one.name for one in shelf.goods.plans.calendar(30)] == ["Labour Day"]
    (shelf.settings.data / "calendar.csv").write_text("day,name,closed\n2026-13-01,,maybe\n")
    with pytest.raises(SettingsError, match=r"no day.*is empty.*neither yes nor no"):
        shelf.goods.plans.make(now=NOW)


def test_goods_that_would_go_bad_are_asked_of_their_place_for_another(supplied: Shelf) -> None:
    plans, catalogue = supplied.goods.plans, supplied.goods.catalogue
    milk = next(one for one in catalogue.listing(limit=100).items if one.type == "fresh milk")
    aged = msgspec.structs.replace(milk, shelf_life_days=3)
    supplied.core.database.writer.write(lambda connection: goods.upsert_products(connection, [aged]))
    tomorrow = LAST_DAY + timedelta(days=1)
    received = GoodsReceived(
        lines=(StockLine(product_id=milk.id, quantity=400, lot_id="l", expires_on=tomorrow + timedelta(days=1)),)
    )  # fmt: skip
    put_events(
        supplied,
        [
            Event(
                id="r-1",
                source="test",
                happened_at=NOW - timedelta(hours=20),
                place_id="store-1",
                body=received,
            )
        ],
        now=NOW,
    )
    plain = plans.make(now=NOW)
    head = plans.make(policy=PlanPolicy(move_minor=5), now=NOW)
    assert plain.summary.moves == ()
    assert {(move.product_id, move.from_place) for move in head.summary.moves} == {(milk.id, "store-1")}
    assert head.summary.waste < plain.summary.waste
    sent = plans.approve(head.id, now=NOW)
    (asked,) = (one for one in sent.documents if one.kind == "transfer_request")
    assert asked.supplier_id == "store-1"
    assert [(line.place_id, line.pieces, line.arrives_on) for line in asked.lines] == sorted(
        (move.to_place, move.pieces, tomorrow) for move in head.summary.moves
    )
    supplied.catch_up()
    due = [one for one in supplied.goods.stock.due("store-2") if one.product_id == milk.id]
    coming = sum(
        x.pieces
        for one in sent.documents
        for x in one.lines
        if (x.place_id, x.product_id) == ("store-2", milk.id)
    )
    assert sum(one.ordered for one in due) == coming


def test_what_never_sold_has_a_line_that_says_what_is_missing(supplied: Shelf) -> None:
    """One product of a type that sells here, without a price, and one of a type that nobody sold."""
    milk = next(one for one in supplied.goods.catalogue.listing(limit=100).items if one.type == "fresh milk")
    like = msgspec.structs.replace(milk, id="new-milk", name="New milk", gtin=None)
    alone = Product(id="kite", name="Kite", type="kites")
    supplied.core.database.writer.write(lambda connection: goods.upsert_products(connection, [like, alone]))
    terms = [
        SupplyTerm(product_id=one.id, supplier_id="dairy", case_pack=2, cost_minor=100, currency=CURRENCY)
        for one in (like, alone)
    ]
    supplied.goods.supply.set_terms(terms)
    for _ in ("made now", "beside the night's"):
        plan = supplied.goods.plans.make(now=NOW)
        milks, kites = (line_of(supplied, plan.id, one.id, "store-2") for one in (like, alone))
        assert milks.attention == kites.attention == "new"
        assert milks.mean > 0 == kites.mean == kites.quantity
        assert "what new products of its type sold" in milks.reason
        assert "no price" in milks.reason
        assert "how much its first order" in kites.reason
        supplied.goods.forecasts.run(boost=False)


def test_terms_too_slow_for_any_plan_leave_the_plan_by_type(supplied: Shelf) -> None:
    slow = [msgspec.structs.replace(one, lead_time_days=30) for one in supplied.goods.supply.terms()]
    supplied.goods.supply.set_terms(slow)
    head = supplied.goods.plans.make(now=NOW)
    assert supplied.goods.plans.all_lines(head.id)[0].place_id is None
    assert any("within 27 days" in note for note in head.summary.notes)


def test_a_budget_counts_what_is_bought_in_another_currency(supplied: Shelf) -> None:
    """A yen is not a cent: what such goods take of the budget follows from their price."""
    plans, before = supplied.goods.plans, supplied.goods.supply.terms()
    foreign = [msgspec.structs.replace(one, cost_minor=1, currency="JPY") for one in before]
    supplied.goods.supply.set_terms(foreign)
    head = plans.make(budget_minor=1_000, now=NOW)
    bought = sum(x.quantity * x.price_minor / 2 for x in plans.all_lines(head.id) if x.price_minor)
    assert 0 < bought <= 1_000


def test_a_budget_that_is_too_small_is_told_and_kept(supplied: Shelf) -> None:
    plans = supplied.goods.plans
    free = plans.make(now=NOW)
    tight = plans.make(budget_minor=1_000, now=NOW)
    assert free.pieces > tight.pieces
    (use,) = tight.summary.uses
    assert use.used <= 1_000 < use.wanted
    assert plans.lines(tight.id, attention="limited").total


def test_a_place_takes_in_no_more_packs_than_it_can(supplied: Shelf) -> None:
    free = supplied.goods.plans.make(now=NOW)
    settings = supplied.settings.model_copy(update={"receiving_packs": (("store-1", 1),)})
    wanted = sum(
        x.quantity // x.pack
        for x in supplied.goods.plans.all_lines(free.id)
        if x.place_id == "store-1" and x.action == "order"
    )
    supplied.close()
    with oneshelf.open(settings) as shelf:
        head = shelf.goods.plans.make(now=NOW)
        lines = [
            x for x in shelf.goods.plans.all_lines(head.id) if x.place_id == "store-1" and x.action == "order"
        ]
        assert sum(x.quantity // x.pack for x in lines) == 1 < wanted
        (use,) = head.summary.uses
        assert (use.kind, use.most, use.used) == ("warehouse", 1, 1)
        assert any(use.name in x.limits for x in lines)


def test_a_plan_is_scored_when_its_day_is_over(shelf: Shelf) -> None:
    plans = shelf.goods.plans
    assert plans.score() is None
    plans.make(LAST_DAY - timedelta(days=1), now=NOW)
    score = plans.score(now=NOW)
    assert score is not None
    assert score.for_day == LAST_DAY
    plan, foresight = score.outcome("plan"), score.outcome("foresight")
    assert plan is not None
    assert foresight is not None
    assert (foresight.share, foresight.lost, foresight.wasted) == (1, 0, 0)
    assert plan.profit_minor <= foresight.profit_minor
    assert plans.scores() == (score,)


def test_who_may_not_plan_is_refused_and_places_count(supplied: Shelf) -> None:
    plans = supplied.goods.plans
    head = plans.make(now=NOW)
    mine = Actor(name="one", role="planner", places=("store-1",))
    assert {line.place_id for line in plans.all_lines(head.id, actor=mine)} == {"store-1"}
    elsewhere = next(line for line in plans.all_lines(head.id) if line.place_id == "store-2")
    edit = Edit(place_id="store-2", product_id=elsewhere.product_id, quantity=2, reason="x")
    with pytest.raises(NotAllowed):
        plans.edit(head.id, [edit], actor=mine)
    with pytest.raises(NotAllowed):
        plans.approve(head.id, actor=mine)
    with pytest.raises(InvalidInput):
        plans.edit(head.id, [Edit(product_id="unicorn", quantity=1, reason="x")])
    plans.approve(head.id, now=NOW)
    asked = plans.orders(head.id, actor=mine)
    assert {line.place_id for one in asked for line in one.lines} == {"store-1"}
    assert all(one.pieces == sum(line.pieces for line in one.lines) and not one.outlook for one in asked)
    with pytest.raises(NotAllowed):
        plans.outlook(head.id, actor=mine)
    with pytest.raises(NotAllowed):
        plans.make(actor=Actor(name="s", role="store"))
    with pytest.raises(NotFound):
        plans.get("2026-01-01.9")
