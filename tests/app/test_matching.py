"""Same person? The queue fills with what is probable, a person decides, and what was decided stays decided."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

import oneshelf
from oneshelf.app.running.jobs import run_job
from oneshelf.app.settings import Settings
from oneshelf.app.shelf import Shelf
from oneshelf.books import matching as books
from oneshelf.errors import Conflict, InvalidInput, NotAllowed, NotFound
from oneshelf.events.catalogue import Line, OrderCompleted, PersonIdentified
from oneshelf.events.envelope import Event
from oneshelf.testing.shelves import put_events
from oneshelf.testing.shop import CURRENCY, NOW
from oneshelf.trust.access import Actor
from oneshelf.words.ids import derived_id
from oneshelf.words.people import Who

NUMBERS = itertools.count()
ANN = {
    "firstName": "Annabel",
    "lastName": "Whitlock",
    "birthday": "1984-07-19",
    "address": {"street": "12 Orchard Lane", "postalCode": "4021", "city": "Riverton"},
    "phone": "+61 7 5550 1234",
}
#: The same woman, a slip in her name, another phone.
AGAIN = ANN | {"firstName": "Anabel", "phone": "+61 7 5550 9876"}
#: Who lives with her.
SON = ANN | {"firstName": "Theodore", "birthday": "2009-01-03", "phone": "+61 7 5550 7777"}


def told(person_id: str, traits: dict, *, place: str = "store-1") -> list[Event]:
    def event(body) -> Event:
        number = next(NUMBERS)
        at = NOW - timedelta(days=9) + timedelta(minutes=number)
        return Event(
            id=f"m{number}",
            source="till",
            happened_at=at,
            who=Who(user_id=person_id),
            body=body,
            place_id=place,
        )

    line = Line(product_id="tea", quantity=1, amount_minor=500)
    order = OrderCompleted(order_id=f"o-{person_id}-{next(NUMBERS)}", currency=CURRENCY, lines=(line,))
    return [event(PersonIdentified(traits=traits)), event(order)]


def tell(shelf: Shelf, **people: dict) -> None:
    put_events(shelf, [event for name, traits in people.items() for event in told(name, traits)], now=NOW)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    """Ann twice, her son, and somebody else."""
    other = {
        "firstName": "Marcus",
        "lastName": "Ebbing",
        "birthday": "1971-02-11",
        "address": {"postalCode": "9000"},
    }
    settings = Settings(data=tmp_path / "data", currency=CURRENCY, clock=NOW)
    with oneshelf.open(settings) as shelf:
        tell(shelf, ann=ANN, again=AGAIN, son=SON, marcus=other)
        yield shelf


def waiting(shelf: Shelf) -> list[tuple[str, str]]:
    return [(one.person_a, one.person_b) for one in shelf.matching.list().items]


def test_a_person_known_twice_is_proposed_and_who_lives_there_is_not(shelf: Shelf) -> None:
    report = shelf.matching.run(now=NOW)
    assert (report.records, report.compared, report.proposed, report.trained) == (4, 4, 1, True)
    assert report.expected_precision is not None
    assert report.expected_precision >= shelf.settings.matching_precision
    assert waiting(shelf) == [("again", "ann")]
    verdicts = {each.field: each.verdict for each in shelf.matching.list().items[0].evidence}
    assert verdicts["given_name"] == "similar"
    assert verdicts["surname"] == verdicts["birth_date"] == verdicts["street"] == "same"
    assert verdicts["phone"] == "different"
    assert verdicts["email"] == "unknown"


def test_the_queue_holds_no_value_of_a_person(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    with shelf.core.database.read() as connection:
        kept = msgspec.json.encode(books.queue(connection, "open", limit=10)).decode().casefold()
    for value in ("annabel", "whitlock", "orchard", "1984", "5550"):
        assert value not in kept


def test_a_second_run_compares_only_what_is_new(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    quiet = shelf.matching.run(now=NOW)
    assert (quiet.compared, quiet.proposed, quiet.closed, quiet.open) == (0, 0, 0, 1)
    tell(shelf, third=ANN | {"lastName": "Whitlok", "phone": "+61 7 5550 4444"})
    fresh = shelf.matching.run(now=NOW)
    assert (fresh.compared, fresh.trained) == (1, False)
    assert {("ann", "third"), ("again", "ann")} <= set(waiting(shelf))
    assert [one for one in waiting(shelf) if "son" in one] == []


def test_a_run_over_everything_finds_what_the_small_ones_did(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    tell(shelf, third=ANN | {"lastName": "Whitlok", "phone": "+61 7 5550 4444"})
    shelf.matching.run(now=NOW)
    found = waiting(shelf)
    shelf.matching.run(now=NOW, everything=True)
    assert waiting(shelf) == found


def test_accepting_joins_both_histories_and_closes_what_it_made_idle(shelf: Shelf) -> None:
    tell(shelf, third=ANN | {"lastName": "Whitlok", "phone": "+61 7 5550 4444"})
    shelf.matching.run(now=NOW)
    one = next(
        each for each in shelf.matching.list().items if {each.person_a, each.person_b} == {"ann", "again"}
    )
    done = shelf.matching.accept(one.id, actor=Actor(name="ada", role="analyst"), now=NOW)
    assert (done.status, done.decided_by) == ("accepted", "ada")
    assert shelf.people.portrait("ann", now=NOW).frequency == 2
    known_as = shelf.people.state("again")[0]
    assert all(known_as in pair or "third" in pair for pair in waiting(shelf))
    joined = next(each for each in shelf.identity.of("ann").reasons if each.action == "joined")
    assert joined.decided_by == "ada"
    assert "surname: same" in joined.evidence
    with pytest.raises(Conflict, match="accepted already"):
        shelf.matching.refuse(one.id)


def test_refusing_is_for_good(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    one = shelf.matching.list().items[0]
    shelf.matching.refuse(one.id, now=NOW)
    assert waiting(shelf) == []
    tell(shelf, ann=ANN | {"firstName": "Anabel"})  # more alike than before
    shelf.matching.run(now=NOW)
    shelf.matching.run(now=NOW, everything=True)
    assert waiting(shelf) == []
    assert [each.id for each in shelf.matching.list(status="refused").items] == [one.id]


def test_whoever_was_told_apart_elsewhere_is_not_proposed(shelf: Shelf) -> None:
    shelf.identity.keep_apart("ann", "again", reason="They came together.", now=NOW)
    shelf.matching.run(now=NOW)
    assert waiting(shelf) == []


def test_a_pair_that_was_joined_meanwhile_leaves_the_queue(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    one = shelf.matching.list().items[0]
    shelf.identity.join("ann", "again", reason="She said so.", now=NOW)
    with pytest.raises(Conflict, match="closed already"):
        shelf.matching.accept(one.id)
    assert waiting(shelf) == []
    assert shelf.matching.run(now=NOW).open == 0


def test_a_pair_that_is_no_longer_alike_leaves_the_queue(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    tell(
        shelf,
        again={
            "firstName": "Beatrix",
            "lastName": "Quimby",
            "birthday": "1950-12-12",
            "address": {"postalCode": "1"},
        },
    )
    report = shelf.matching.run(now=NOW)
    assert (report.closed, report.open) == (1, 0)
    tell(shelf, again=AGAIN)
    assert shelf.matching.run(now=NOW).proposed == 1  # alike again: back in the queue


def test_a_test_account_is_flagged_then_and_later(shelf: Shelf) -> None:
    crowd = {
        f"p{number}": {
            "firstName": derived_id("name", str(number))[:9],
            "lastName": derived_id("family", str(number))[:9],
            "birthday": f"19{50 + number % 40}-{number % 12 + 1:02}-11",
        }
        for number in range(150)
    }
    tell(shelf, **crowd)
    flood = {
        f"flood-{number:02}": ANN | {"firstName": "Otis", "birthday": "1990-04-04"} for number in range(14)
    }
    tell(
        shelf,
        **{
            name: {key: value for key, value in traits.items() if key != "phone"}
            for name, traits in flood.items()
        },
    )
    report = shelf.matching.run(now=NOW)
    assert report.crowded == 14
    assert waiting(shelf) == [("again", "ann")]
    assert shelf.matching.crowded() == tuple(sorted(flood))
    late = {key: value for key, value in flood["flood-00"].items() if key != "phone"}
    tell(shelf, late=late)
    shelf.matching.run(now=NOW)
    assert waiting(shelf) == [("again", "ann")]


def test_hostile_traits_break_nothing(shelf: Shelf) -> None:
    evil = {"firstName": "Robert'); DROP TABLE person;--", "lastName": "<script>alert(1)</script>", "birthday": "1966-06-06",
            "address": {"street": "' OR 1=1 --", "city": ["a"]}, "phone": {"x": 1}}  # fmt: skip
    tell(
        shelf,
        evil=evil,
        evil2=evil | {"name": "99999-99-99"},
        evil3={"address": "nowhere", "firstName": {"a": 1}, "birthday": "99999-99-99"},
    )
    shelf.matching.run(now=NOW)
    assert shelf.people.portrait("ann", now=NOW).frequency == 1
    assert ("evil", "evil2") in waiting(shelf)
    pair = next(one for one in shelf.matching.list().items if one.person_a == "evil")
    assert shelf.matching.show(pair.id).a.written["surname"] == "<script>alert(1)</script>"


def test_both_sides_are_shown_and_both_looks_are_logged(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    pair = shelf.matching.show(shelf.matching.list().items[0].id)
    assert (pair.a.written["given_name"], pair.b.written["given_name"]) == ("Anabel", "Annabel")
    assert (pair.a.orders, pair.b.orders) == (1, 1)
    looks = {(one.person_id, one.purpose) for one in shelf.staff.access_log().items}
    assert {("ann", "matching"), ("again", "matching")} <= looks


def test_who_may_look_and_who_may_decide(shelf: Shelf) -> None:
    shelf.matching.run(now=NOW)
    one = shelf.matching.list().items[0]
    planner, marketer = Actor(name="p", role="planner"), Actor(name="m", role="marketer")
    for refused in (
        lambda: shelf.matching.list(actor=planner),
        lambda: shelf.matching.show(one.id, actor=planner),
        lambda: shelf.matching.show("unknown", actor=planner),
        lambda: shelf.matching.accept(one.id, actor=marketer),
        lambda: shelf.matching.refuse("unknown", actor=marketer),
        lambda: shelf.matching.accept(one.id, actor=Actor(name="a", role="analyst", places=("store-9",))),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert shelf.matching.list(actor=Actor(name="s", role="store", places=("store-9",))).items == ()
    assert len(shelf.matching.list(actor=Actor(name="s", role="store", places=("store-1",))).items) == 1
    with pytest.raises(NotFound):
        shelf.matching.show("unknown")


def test_pages_of_the_queue_follow_one_another(shelf: Shelf) -> None:
    couples = {f"c{n}-{side}": ANN | {"firstName": f"Wil{'abcde'[n] * 3}ette", "lastName": f"Gr{'abcde'[n] * 4}er", "birthday": f"195{n}-0{n + 1}-11",
               "phone": f"+61 7 5551 0{n}{side}1", "address": {"street": f"{n} {'abcde'[n] * 5} Road", "postalCode": f"70{n}0"}}
               for n in range(5) for side in (1, 2)}  # fmt: skip
    tell(shelf, **couples)
    shelf.matching.run(now=NOW)
    first = shelf.matching.list(limit=4)
    second = shelf.matching.list(limit=4, after=first.next)
    assert first.total == 6
    assert len({one.id for one in (*first.items, *second.items)}) == 6
    assert second.next is None
    with pytest.raises(InvalidInput):
        shelf.matching.list(after="nonsense")


def test_the_job_says_what_it_did(shelf: Shelf) -> None:
    assert run_job(shelf, "match").detail == "4 records compared, 1 pairs wait for a decision"
