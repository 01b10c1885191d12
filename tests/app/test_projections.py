"""What the journal comes to: every event once, in any order, and nothing lost."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import msgspec
import pyarrow.compute as pc
import pytest

from oneshelf.app.arriving import folding
from oneshelf.app.arriving.loading import append_events
from oneshelf.app.goods import daily
from oneshelf.app.shelf import Shelf
from oneshelf.books import cursors, people
from oneshelf.books.journal import Batch
from oneshelf.errors import Conflict, Problem
from oneshelf.events import codecs
from oneshelf.events.catalogue import Line, OrderCompleted, PersonAliased, ProductsSearched
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.insight.people import state as states
from oneshelf.testing.shelves import put_catalogue, put_events
from oneshelf.testing.shop import CURRENCY, NOW, Shop
from oneshelf.words.people import Who


def lake_kinds(shelf: Shelf) -> Counter[str]:
    return Counter({t.name: t.rows for t in shelf.core.lake.tables() if t.group == "events"})


def test_every_person_has_the_orders_and_the_spend_that_the_shop_knows(shelf: Shelf, shop: Shop) -> None:
    for person_id, truth in shop.truth.people.items():
        portrait = shelf.people.portrait(person_id)
        assert portrait.frequency == truth.orders
        assert portrait.monetary_minor == truth.spend_minor - truth.refunded_minor
        assert portrait.refunds == truth.refunds


def test_repeats_in_any_order_change_nothing_and_are_counted(shelf: Shelf, shop: Shop) -> None:
    before = [shelf.people.portrait(person) for person in shop.truth.people]
    rows = lake_kinds(shelf)
    again = random.Random(7).sample(shop.events, len(shop.events) // 2)
    put_events(shelf, again + again[:10], now=NOW)
    assert [shelf.people.portrait(person) for person in shop.truth.people] == before
    assert lake_kinds(shelf) == rows
    assert sum(s.repeats for s in shelf.sources.summary()) == len(again) + 10
    assert sum(s.events for s in shelf.sources.summary() if s.source != OWN_SOURCE) == len(shop.events)


def test_the_order_of_arrival_does_not_matter(empty: Shelf, shop: Shop) -> None:
    put_catalogue(empty, shop)
    shuffled = random.Random(3).sample(shop.events, len(shop.events))
    put_events(empty, shuffled, now=NOW, batch=17)
    for person_id, truth in shop.truth.people.items():
        portrait = empty.people.portrait(person_id)
        assert (portrait.frequency, portrait.refunds) == (truth.orders, truth.refunds)
        assert portrait.monetary_minor == truth.spend_minor - truth.refunded_minor


def test_a_browser_is_one_with_the_member_who_signs_in(shelf: Shelf, shop: Shop) -> None:
    for browser, person in shop.truth.links.items():
        assert shelf.people.portrait(browser).person_id == person
    assert shelf.people.search("anonymous:").items == ()


def test_a_second_member_on_a_shared_device_does_not_take_the_first_ones_history(empty: Shelf) -> None:
    def event(number: int, who: Who, query: str) -> Event:
        at = NOW - timedelta(days=2) + timedelta(minutes=number)
        return Event(
            id=str(number), source="web", happened_at=at, who=who, body=ProductsSearched(query=query)
        )

    put_events(
        empty,
        [
            event(1, Who(anonymous_id="tablet"), "tea"),
            event(2, Who(anonymous_id="tablet", user_id="ann"), "milk"),
            event(3, Who(anonymous_id="tablet", user_id="bob"), "soap"),
        ],
        now=NOW,
    )
    assert {w.what for w in empty.people.portrait("ann").searched_not_bought} == {"tea", "milk"}
    assert {w.what for w in empty.people.portrait("bob").searched_not_bought} == {"soap"}


def test_nobody_can_take_a_members_history_by_naming_their_id_as_a_browser(empty: Shelf) -> None:
    at = NOW - timedelta(days=1)
    victim = Event(
        id="1", source="w", happened_at=at, who=Who(user_id="victim"), body=ProductsSearched(query="tea")
    )
    thief = Event(
        id="2",
        source="w",
        happened_at=at,
        who=Who(user_id="thief", anonymous_id="victim"),
        body=PersonAliased(previous_id="victim"),
    )
    put_events(empty, [victim, thief], now=NOW)
    assert [w.what for w in empty.people.portrait("victim").searched_not_bought] == ["tea"]


def test_only_the_days_that_a_late_event_touches_are_recomputed(shelf: Shelf, shop: Shop) -> None:
    files = {t.name: t.files for t in shelf.core.lake.tables()}[daily.TABLE]
    assert daily.refresh(shelf.core) == 0
    late = Event(
        id="late",
        source="till",
        happened_at=shop.events[0].happened_at + timedelta(days=10),
        place_id="store-1",
        body=OrderCompleted(
            order_id="late", currency=CURRENCY, lines=(Line(product_id="product-1", amount_minor=100),)
        ),
    )
    sold_before = _sold(shelf)
    append = Batch(codecs.ONESHELF, "till", 1, codecs.encode([late]), NOW)
    shelf.core.journal.append(append).result()
    while shelf.live.step() + shelf.lakeward.step():
        pass
    assert daily.refresh(shelf.core) == 1
    assert _sold(shelf) == sold_before + 1
    assert {t.name: t.files for t in shelf.core.lake.tables()}[daily.TABLE] == files


def test_a_run_that_dies_after_the_lake_committed_still_has_its_days_recomputed(
    empty: Shelf, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [event for event in shop.events if event.kind == "order.completed"][:5]
    append_events(empty.core, "till", orders, NOW)
    empty.live.step()
    with monkeypatch.context() as patched:
        patched.setattr(empty.core.database.writer, "write", _dies)
        with pytest.raises(SystemExit):
            empty.lakeward.step()
    empty.lakeward.step()
    daily.refresh(empty.core)
    assert _sold(empty) == sum(line.quantity for event in orders for line in event.body.lines)


def test_a_slower_refresh_never_overwrites_a_newer_one(shelf: Shelf) -> None:
    rows = shelf.core.engine.run(daily.sales(shelf.core))
    day = rows["day"][0].as_py()
    expected = shelf.core.lake.rewrites(daily.TABLE)
    of_day = rows.filter(pc.equal(rows["day"], day)).cast(daily.SCHEMA)
    shelf.core.lake.replace_days(daily.TABLE, of_day, [day], expected=expected)
    with pytest.raises(Conflict):
        shelf.core.lake.replace_days(daily.TABLE, of_day.slice(0, 0), [day], expected=expected)
    assert shelf.core.engine.run(daily.sales(shelf.core)).num_rows == rows.num_rows


def test_daily_sales_are_what_each_place_sold_on_its_own_business_day(shelf: Shelf, shop: Shop) -> None:
    rows = shelf.core.engine.run(daily.sales(shelf.core)).to_pylist()
    orders = {(r["day"], r["place_id"], r["product_id"]): r["orders"] for r in rows if r["orders"]}
    assert orders == {key: sold.orders for key, sold in shop.truth.sales.items()}


def test_what_cannot_be_read_is_kept_listed_and_replayed_once_it_can(empty: Shelf) -> None:
    good = Event(
        id="1", source="till", happened_at=NOW, who=Who(user_id="p"), body=ProductsSearched(query="tea")
    )
    bad = codecs.encode([good]).replace(b"products.searched", b"products.sniffed")
    empty.core.journal.append(Batch(codecs.ONESHELF, "till", 1, bad, NOW)).result()
    empty.catch_up()
    (reject,) = empty.sources.rejects().items
    assert reject.stage == "decode"
    assert "products.sniffed" in reject.cause + reject.value
    assert empty.sources.replay([reject.id]).still_bad == 1
    mended = codecs.encode([good])
    empty.reject("till", codecs.ONESHELF, [(_problem(), mended)], NOW)
    ids = [r.id for r in empty.sources.rejects().items if r.stage == "border"]
    assert empty.sources.replay(ids, dry_run=True).replayed == 1
    assert empty.people.search().total == 0
    assert empty.sources.replay(ids).replayed == 1
    empty.sources.replay(ids)
    empty.catch_up()
    assert empty.people.search().total == 1
    assert sum(s.events for s in empty.sources.summary()) == 1


def test_two_runners_of_one_projection_never_count_twice(shelf: Shelf, shop: Shop) -> None:
    with shelf.core.database.read() as connection:
        position = cursors.position(connection, "live")
        turn = folding.fold(connection, shelf.core.journal.read(0, events_max=10), "UTC")
    with pytest.raises(Conflict):
        shelf.core.database.writer.write(
            lambda c: (cursors.advance(c, "live", expected=position - 1, to=position), folding.save(c, turn))
        )
    assert sum(s.events for s in shelf.sources.summary() if s.source != OWN_SOURCE) == len(shop.events)


def _dies(*_: object) -> None:
    raise SystemExit


def _problem() -> Problem:
    return Problem(at=0, field="type", value="", cause="is missing.", remedy="Send it.")


def _sold(shelf: Shelf) -> int:
    return sum(shelf.core.engine.run(daily.sales(shelf.core))["quantity"].to_pylist())


def poisoned(monkeypatch: pytest.MonkeyPatch, *fatal: str) -> None:
    """From here on folding an event of these ids fails, as by a fault that nobody foresaw."""
    fold = folding.fold_person

    def failing(state, event, zone):
        if event.id in fatal:
            raise KeyError("card:77")
        return fold(state, event, zone)

    monkeypatch.setattr(folding, "fold_person", failing)


def test_an_event_that_cannot_be_counted_is_kept_apart_and_holds_nobody_up(
    empty: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    searches = [
        Event(
            id=f"s{n}",
            source="web",
            happened_at=NOW,
            who=Who(user_id=f"p{n}"),
            body=ProductsSearched(query="tea"),
        )
        for n in range(40)
    ]
    with monkeypatch.context() as patch:
        poisoned(patch, "s3", "s17", "s18")
        put_events(empty, searches, now=NOW, batch=10)
    known = {row.person_id for row in empty.people.search(limit=100).items}
    assert known == {f"p{n}" for n in range(40)} - {"p3", "p17", "p18"}
    kept = empty.sources.rejects().items
    assert len(kept) == 3
    assert all("KeyError" in one.cause and "77" not in str(one) for one in kept)
    assert lake_kinds(empty)["products_searched"] == 37
    empty.sources.replay([one.id for one in kept], now=NOW)  # mended by now
    empty.catch_up()
    assert {row.person_id for row in empty.people.search(limit=100).items} == {f"p{n}" for n in range(40)}
    assert lake_kinds(empty)["products_searched"] == 40


def test_a_turn_of_more_people_than_fit_is_taken_in_parts(
    empty: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding.gathering, "HISTORIES_BYTES_MAX", 2_000)
    monkeypatch.setattr(folding.gathering.people, "HISTORY_BYTES_MAX", 2_000)
    searches = [
        Event(
            id=f"s{n}",
            source="web",
            happened_at=NOW,
            who=Who(user_id=f"p{n % 50}"),
            body=ProductsSearched(query="tea"),
        )
        for n in range(300)
    ]
    put_events(empty, searches, now=NOW, batch=5)
    assert all(
        len(row.searched_not_bought) == 1 for row in map(empty.people.portrait, {f"p{n}" for n in range(50)})
    )
    assert sum(s.events for s in empty.sources.summary()) == 300


def test_sums_beyond_what_the_books_can_hold_stop_nobody(empty: Shelf) -> None:
    lines = tuple(Line(product_id="gold", amount_minor=10**12) for _ in range(2))
    orders = [
        Event(id=f"o{n}", source="web", happened_at=NOW, who=Who(user_id="croesus"), place_id="web",
              body=OrderCompleted(order_id=f"o{n}", currency=CURRENCY, lines=lines))
        for n in range(3)
    ]  # fmt: skip
    put_events(empty, orders, now=NOW)
    with empty.core.database.read() as connection:
        state = states.decode(people.states(connection, ["croesus"])["croesus"])
    state.spent[CURRENCY].amount_minor = 2**63 - 10**6
    row = people.PersonRow(
        person_id="croesus",
        state=states.encode(state),
        first_seen_at=NOW,
        last_seen_at=NOW,
        orders=3,
        spend_minor=0,
    )
    empty.core.database.writer.write(lambda connection: people.save(connection, [row]))
    put_events(empty, [msgspec.structs.replace(orders[0], id="o9"), searched("later")], now=NOW)
    assert empty.people.search("later").items
    assert empty.people.search().items[0].person_id == "croesus"


def searched(person_id: str) -> Event:
    return Event(
        id=f"s-{person_id}",
        source="web",
        happened_at=NOW,
        who=Who(user_id=person_id),
        body=ProductsSearched(query="tea"),
    )
