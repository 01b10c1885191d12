"""One customer: known in the store and on the web from one event on, and put back exactly when that was wrong."""

from __future__ import annotations

import itertools
import random
from datetime import timedelta

import pytest

from oneshelf.app.shelf import Shelf
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.events.catalogue import (
    Body,
    Line,
    OrderCompleted,
    PersonIdentified,
    PersonJoined,
    ProductsSearched,
)
from oneshelf.events.envelope import OWN_SOURCE, Event
from oneshelf.insight.people import state as states
from oneshelf.insight.people.merge import merge
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import CURRENCY, NOW
from oneshelf.trust.access import Actor
from oneshelf.words.people import Who, identifier

NUMBERS = itertools.count()
MAIL = identifier("email", "ann@shop.test.cn")


def event(who: Who, body: Body | None = None, *, source: str = "web") -> Event:
    number = next(NUMBERS)
    return Event(
        id=f"e{number}",
        source=source,
        happened_at=NOW - timedelta(days=30) + timedelta(minutes=number),
        who=who,
        body=body or ProductsSearched(query=f"query {number}"),
    )


def bought(amount_minor: int) -> OrderCompleted:
    line = Line(product_id="product-1", amount_minor=amount_minor)
    return OrderCompleted(order_id=f"o{next(NUMBERS)}", currency=CURRENCY, lines=(line,))


def card(number: int, *more: str) -> Who:
    return Who(identifiers=tuple(sorted((f"card:{number}", *more))))


def spend(shelf: Shelf, person_id: str) -> int:
    return shelf.people.portrait(person_id).monetary_minor


def queries(shelf: Shelf, person_id: str) -> int:
    return len(shelf.people.portrait(person_id).searched_not_bought)


def test_the_person_of_the_till_and_of_the_web_is_one_from_that_event_on(empty: Shelf) -> None:
    put_events(
        empty,
        [
            event(card(1), bought(500)),
            event(Who(anonymous_id="phone")),
            event(Who(user_id="ann", anonymous_id="phone")),
        ],
        now=NOW,
    )
    assert (spend(empty, "card:1"), queries(empty, "ann")) == (500, 2)
    put_events(
        empty,
        [
            event(card(1, MAIL), bought(300)),
            event(Who(user_id="ann", identifiers=(MAIL,)), PersonIdentified(traits={"city": "x"})),
        ],
        now=NOW,
    )
    for known_as in ("ann", "card:1", "phone", MAIL):
        portrait = empty.people.portrait(known_as)
        assert (portrait.person_id, portrait.monetary_minor, portrait.frequency) == ("ann", 800, 2)
        assert len(portrait.searched_not_bought) == 2
    assert [one.person_id for one in empty.people.search().items] == ["ann"]
    happened = empty.people.timeline("card:1")
    assert sorted(one.kind for one in happened if one.kind.startswith("order")) == ["order.completed"] * 2


def test_an_undone_join_puts_history_back_where_it_was_and_stays_undone(empty: Shelf) -> None:
    before = [event(card(1), bought(500)), event(Who(user_id="ann"), bought(70))]
    put_events(empty, before, now=NOW)
    apart = {one: empty.people.portrait(one) for one in ("ann", "card:1")}
    put_events(empty, [event(Who(user_id="ann", identifiers=("card:1",)), PersonIdentified())], now=NOW)
    assert spend(empty, "card:1") == 570
    joined = empty.identity.of("ann").reasons[0]
    assert (joined.action, joined.identifier, joined.other, joined.reason) == (
        "joined",
        "ann",
        "card:1",
        "card",
    )

    empty.identity.undo(joined.id, reason="a family card")
    assert {one: empty.people.portrait(one) for one in ("ann", "card:1")} == apart
    put_events(empty, [event(Who(user_id="ann", identifiers=("card:1",)), bought(1))], now=NOW)
    assert (spend(empty, "ann"), spend(empty, "card:1")) == (71, 500)
    assert [one.action for one in empty.identity.of("ann").reasons] == ["parted", "joined"]
    assert sorted(one.person_id for one in empty.people.search().items) == ["ann", "card:1"]


def test_what_came_after_a_join_stays_with_the_id_under_which_it_came(empty: Shelf) -> None:
    put_events(empty, [event(Who(user_id="ann", identifiers=("card:1",)), bought(1))], now=NOW)
    put_events(empty, [event(card(1), bought(20)), event(Who(user_id="ann"), bought(300))], now=NOW)
    assert spend(empty, "ann") == 321
    empty.identity.undo(empty.identity.of("ann").reasons[0].id, reason="wrong")
    assert (spend(empty, "ann"), spend(empty, "card:1")) == (301, 20)
    put_events(empty, [event(card(1), bought(5)), event(Who(user_id="ann"), bought(7))], now=NOW)
    assert (spend(empty, "ann"), spend(empty, "card:1")) == (308, 25)


def test_two_accounts_are_joined_by_whoever_may_and_parted_again(empty: Shelf) -> None:
    put_events(empty, [event(Who(user_id="ann"), bought(1)), event(Who(user_id="anne"), bought(20))], now=NOW)
    empty.identity.join("ann", "anne", reason="same birth date and address", evidence=("birth date",))
    assert (spend(empty, "anne"), empty.people.search().total) == (21, 1)
    put_events(empty, [event(Who(user_id="anne"), bought(300))], now=NOW)
    assert spend(empty, "ann") == 321
    reason = empty.identity.of("anne").reasons[0]
    assert (reason.decided_by, reason.evidence) == ("operator", ("birth date",))
    empty.identity.split("ann", "anne", reason="sisters")
    assert (spend(empty, "ann"), spend(empty, "anne")) == (1, 320)
    with pytest.raises(InvalidInput, match="not one person"):
        empty.identity.split("ann", "anne", reason="again")


def test_joins_need_a_role_and_people_who_are_here(empty: Shelf) -> None:
    put_events(empty, [event(Who(user_id="ann"))], now=NOW)
    with pytest.raises(NotFound):
        empty.identity.join("ann", "nobody", reason="x")
    with pytest.raises(InvalidInput, match="already"):
        empty.identity.join("ann", "ann", reason="x")
    with pytest.raises(NotAllowed):
        empty.identity.join("ann", "ann", reason="x", actor=Actor(name="stu", role="store"))


def test_a_shared_device_a_family_card_and_a_test_account_chain_nobody(empty: Shelf) -> None:
    test_mail = identifier("email", "staff@chain.test.cn")
    members = [f"member-{number}" for number in range(12)]
    events = [
        event(Who(user_id=member, anonymous_id="kiosk", identifiers=("card:9", test_mail)), bought(1))
        for member in members
    ]
    put_events(empty, [event(Who(anonymous_id="kiosk")), event(card(9), bought(1_000)), *events], now=NOW)
    assert {member: spend(empty, member) for member in members} == dict.fromkeys(members, 1)
    assert (spend(empty, "card:9"), queries(empty, "kiosk")) == (1_000, 1)
    assert "shared" in {one.action for one in empty.identity.of("card:9").reasons}


def test_one_turn_or_many_and_any_restart_give_the_same_people(empty: Shelf, tmp_path) -> None:
    chance = random.Random(4)
    things = ["anonymous:a", "anonymous:b", "card:1", "card:2", MAIL]
    events = []
    for number in range(120):
        thing, member = chance.choice(things), chance.choice(("ann", "bob", "cid", None))
        who = Who.of(thing)
        if member is not None:
            who = Who(user_id=member, anonymous_id=who.anonymous_id, identifiers=who.identifiers)
        events.append(event(who, bought(number)))
    put_events(empty, events, now=NOW, batch=1)
    for start in range(0, 120, 7):  # repeats change nothing
        put_events(empty, events[start : start + 3], now=NOW)
    one_by_one = {row.person_id: row.monetary_minor for row in empty.people.search().items}
    with oneshelf_open(tmp_path / "again") as again:
        put_events(again, events, now=NOW)
        assert {row.person_id: row.monetary_minor for row in again.people.search().items} == one_by_one
    assert sum(one_by_one.values()) == sum(range(120))


def oneshelf_open(folder):
    import oneshelf

    return oneshelf.open(folder)


def test_decisions_are_events_in_the_lake_with_their_evidence(empty: Shelf) -> None:
    carried = event(Who(user_id="ann", identifiers=("card:1",)))
    put_events(empty, [event(card(1), bought(5)), carried], now=NOW)
    empty.catch_up()
    rows = empty.core.engine.run(empty.core.engine.events("person.joined")).to_pylist()
    assert [(r["person_id"], r["identifier"], r["other"], r["evidence"]) for r in rows] == [
        ("ann", "ann", "card:1", [f"event {carried.source} {carried.id}"])
    ]


def test_only_we_can_decide_so(empty: Shelf) -> None:
    put_events(empty, [event(Who(user_id="ann")), event(Who(user_id="bob"))], now=NOW)
    forged = PersonJoined(identifier="ann", other="bob", reason="x", decided_by="eve")
    put_events(empty, [event(Who(user_id="ann"), forged, source="web")], now=NOW)
    assert empty.people.search().total == 2


def test_the_whole_person_is_the_sum_of_what_each_id_saw(shelf: Shelf) -> None:
    """For everybody of the small shop: the kept state equals a fresh merge of the histories under it."""
    from oneshelf.books import identity, people

    with shelf.core.database.read() as connection:
        linked: dict[str, list[str]] = {}
        for one, person in identity.links(connection):
            linked.setdefault(person, []).append(one)
        for person, others in linked.items():
            found = people.histories(connection, [person, *others])
            whole = states.decode(found[person].state)
            parts = [found[person].own or found[person].state]
            parts += [found[one].state for one in others if one in found]
            merged = states.PersonState()
            for part in parts:
                merged = merge(merged, states.decode(part))
            assert (merged.orders, merged.events, merged.products.keys()) == (
                whole.orders,
                whole.events,
                whole.products.keys(),
            )


def test_staff_of_a_place_find_whoever_buys_there_as_joins_come_and_go(empty: Shelf) -> None:
    def here(who: Who, place_id: str) -> Event:
        number = next(NUMBERS)
        body = OrderCompleted(order_id=f"o{number}", currency=CURRENCY)
        return Event(id=f"e{number}", source="till", happened_at=NOW, who=who, place_id=place_id, body=body)

    def found(place_id: str) -> set[str]:
        page = empty.people.search(actor=Actor(name="stu", role="store", places=(place_id,)))
        assert page.total == len(page.items)
        return {one.person_id for one in page.items}

    put_events(empty, [here(card(1), "store-1"), here(Who(user_id="ann"), "store-2")], now=NOW)
    assert (found("store-1"), found("store-2")) == ({"card:1"}, {"ann"})
    empty.identity.join("ann", "card:1", reason="x")
    assert (found("store-1"), found("store-2")) == ({"ann"}, {"ann"})
    empty.identity.split("ann", "card:1", reason="x")
    assert (found("store-1"), found("store-2")) == ({"card:1"}, {"ann"})
    put_events(empty, [here(Who(user_id="ann"), "store-1")], now=NOW)
    assert (found("store-1"), found("store-2")) == ({"card:1", "ann"}, {"ann"})


def test_an_id_and_itself_or_two_ids_of_one_person_cannot_be_parted_by_a_slip(empty: Shelf) -> None:
    put_events(empty, [event(Who(user_id="ann")), event(Who(user_id="bob"))], now=NOW)
    with pytest.raises(InvalidInput, match="not one person with the first"):
        empty.identity.split("ann", "ann", reason="a slip of the hand")
    empty.identity.join("ann", "bob", reason="the same")
    with pytest.raises(InvalidInput, match="is one with the other"):
        empty.identity.keep_apart("ann", "bob", reason="two")


def test_an_identifier_that_its_kind_makes_too_long_is_joined_like_any_other(empty: Shelf) -> None:
    browser, number = "b" * 195, "9" * 198
    put_events(
        empty,
        [
            event(Who(user_id="ann", anonymous_id=browser)),
            event(Who(identifiers=(identifier("card", number),))),
        ],
        now=NOW,
    )
    assert queries(empty, browser) == 1
    assert empty.identity.join("ann", f"card:{number}", reason="the same") == "ann"
    assert queries(empty, "ann") == 2
    assert empty.sources.rejects().items == ()


def test_every_part_of_a_split_is_an_event_of_its_own(empty: Shelf) -> None:
    device, browser = identifier("device", "kiosk"), "tablet"
    who_claims = [Who(user_id="zed"), Who(anonymous_id=browser), Who(identifiers=(MAIL,))]
    for who in who_claims:  # all of them are zed, by the device alone
        put_events(
            empty,
            [
                event(
                    Who(
                        user_id=who.user_id,
                        anonymous_id=who.anonymous_id,
                        identifiers=tuple(sorted((*who.identifiers, device))),
                    )
                )
            ],
            now=NOW,
        )
    for name in ("bob", "carl"):  # the third who claims the device makes it nobody's
        put_events(empty, [event(Who(user_id=name, identifiers=(device,)))], now=NOW)
    parted = [one for one in empty.identity.of("zed").reasons if one.action == "parted"]
    table = next(t for t in empty.core.lake.tables() if t.name == "person_parted")
    assert table.rows == len(parted) == 3
    assert sum(s.repeats for s in empty.sources.summary()) == 0


def test_who_gives_a_joined_person_the_name_does_not_depend_on_turns(empty: Shelf, tmp_path) -> None:
    device = identifier("device", "tablet")
    events = [event(Who(anonymous_id=name)) for name in ("zz", "aa")]
    events += [event(Who(anonymous_id=name, identifiers=(device,))) for name in ("aa", "zz")]
    put_events(empty, events, now=NOW)
    with oneshelf_open(tmp_path / "other") as other:
        for one in events:
            put_events(other, [one], now=NOW)
        assert other.identity.of("aa").person_id == empty.identity.of("aa").person_id == "anonymous:zz"


def test_joined_parted_and_joined_again_every_move_of_tiers_is_in_the_history(empty: Shelf) -> None:
    put_events(empty, [event(Who(user_id=name), bought(500)) for name in ("ann", "bob")], now=NOW)
    for _ in range(2):
        empty.identity.join("ann", "bob", reason="the same")
        joined = next(r for r in empty.identity.of("ann").reasons if r.undoable)
        empty.identity.undo(joined.id, reason="not the same")
    empty.catch_up()
    told = sum(s.events for s in empty.sources.summary() if s.source == OWN_SOURCE)
    assert sum(s.repeats for s in empty.sources.summary()) == 0
    assert (
        sum(
            t.rows
            for t in empty.core.lake.tables()
            if t.name in ("tier_changed", "person_joined", "person_parted")
        )
        == told
    )
