"""People are saved whole, found by the beginning of their id, and linked in one step."""

from datetime import timedelta

import pytest

from oneshelf.books import people
from oneshelf.books.people import PersonRow


@pytest.fixture
def person(now):
    def make(person_id: str, *, spend_minor: int = 0, state: bytes = b"state") -> PersonRow:
        return PersonRow(
            person_id=person_id,
            state=state,
            first_seen_at=now,
            last_seen_at=now + timedelta(microseconds=1),
            orders=3,
            spend_minor=spend_minor,
            simulated=True,
        )

    return make


def test_people_come_back_as_they_were_saved_and_the_last_save_wins(database, person):
    rows = [
        person(f"household-{number}", spend_minor=number, state=bytes([number % 250]) * 10_000)
        for number in range(300)
    ]
    database.writer.write(lambda connection: people.save(connection, rows))
    changed = person("household-7", spend_minor=-5, state=b"")
    database.writer.write(lambda connection: people.save(connection, [changed]))
    with database.read() as connection:
        assert people.get(connection, "household-7") == changed
        assert people.get(connection, "nobody") is None
        assert people.count(connection) == 300
        found = people.states(connection, [row.person_id for row in rows] + ["nobody", "household-8"])
    assert found == {row.person_id: row.state for row in rows} | {"household-7": b""}


NAMES = [
    "household-1",
    "household-10",
    "household-100",
    "household-2",
    "Household-1",
    "household_1",
    "a%b",
    "a_b",
    "axb",
    "张三",
    "张四",
]


@pytest.mark.parametrize("text", ["", "household-1", "household", "H", "a%", "a_", "张", "张三", "zzz"])
def test_search_finds_ids_by_their_beginning_and_pages_without_gap_or_double(database, person, text):
    spend = {name: number % 3 * 100 for number, name in enumerate(NAMES)}
    database.writer.write(
        lambda connection: people.save(connection, [person(n, spend_minor=s) for n, s in spend.items()])
    )
    found: list[str] = []
    with database.read() as connection:
        after = None
        while page := people.search(connection, text, limit=2, after=after):
            found += [row.person_id for row in page]
            after = (page[-1].spend_minor, page[-1].person_id)
    assert found == sorted(
        (n for n in NAMES if n.startswith(text)), key=lambda name: (-spend[name], name.encode())
    )


def test_staff_of_some_places_find_those_who_buy_there(database, person):
    rows = [
        person(name, spend_minor=spend) for name, spend in (("ann", 9), ("bob", 8), ("cid", 7), ("dan", 7))
    ]
    where = {"ann": {"store-1"}, "bob": {"store-2"}, "cid": {"store-1", "store-2"}, "dan": set()}

    def write(connection):
        people.save(connection, rows)
        people.buys_at(connection, where)
        people.buys_at(connection, {"ann": ["store-3", "store-1"], "bob": []})

    database.writer.write(write)
    with database.read() as connection:

        def names(*places, **more):
            return [row.person_id for row in people.search(connection, "", limit=9, places=places, **more)]

        assert names("store-1") == ["ann", "cid"]
        assert names("store-2") == ["cid"]
        assert names("store-1", "store-2", "store-3", after=(9, "ann")) == ["cid"]
        assert people.count(connection, ["store-1", "store-2"]) == 2
        assert names() == ["ann", "bob", "cid", "dan"]
