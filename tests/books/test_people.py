"""People are saved whole, found by the beginning of their id, and linked in one step."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


def test_removed_people_are_gone(database, person):
    database.writer.write(lambda connection: people.save(connection, [person(name) for name in "abc"]))
    database.writer.write(lambda connection: people.remove(connection, ["a", "c", "nobody"]))
    with database.read() as connection:
        assert list(people.states(connection, "abc")) == ["b"]


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


def test_links_lead_to_the_person_in_one_step_however_they_came(database, now):
    def link(pairs: dict[str, str]) -> dict[str, str]:
        database.writer.write(lambda connection: people.link(connection, pairs, now))
        with database.read() as connection:
            return people.resolve(connection, ["cookie", "phone", "card", "member"])

    assert link({"cookie": "card"}) == {"cookie": "card"}
    assert link({"card": "member"}) == {"cookie": "member", "card": "member"}
    assert link({"phone": "cookie"}) == {"cookie": "member", "card": "member", "phone": "member"}
    assert link({"member": "phone"}) == {"cookie": "member", "card": "member", "phone": "member"}
    with database.read() as connection:
        assert people.links(connection) == [("card", "member"), ("cookie", "member"), ("phone", "member")]
        assert sorted(people.identifiers_of(connection, "member")) == ["card", "cookie", "phone"]


def components(pairs: list[tuple[str, str]]) -> set[frozenset[str]]:
    """Who belongs together, by the plainest method: merge sets until nothing changes."""
    groups = {frozenset(pair) for pair in pairs}
    while overlapping := next(((a, b) for a in groups for b in groups if a != b and a & b), None):
        groups = groups - set(overlapping) | {overlapping[0] | overlapping[1]}
    return {group for group in groups if len(group) > 1}


LETTERS = st.sampled_from("abcdefg")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(calls=st.lists(st.dictionaries(LETTERS, LETTERS, max_size=4), max_size=6))
def test_links_group_identifiers_as_connected_components_do(database, now, calls):
    prefix = str(uuid.uuid4())  # examples share the database
    named = [{f"{prefix}{a}": f"{prefix}{b}" for a, b in call.items()} for call in calls]

    def work(connection):
        for call in named:
            people.link(connection, call, now)
        return [(a, b) for a, b in people.links(connection) if a.startswith(prefix)]

    found = database.writer.write(work)
    assert not {person for _, person in found} & set(dict(found)), (
        "a link must lead to a person, not to another link"
    )
    assert components(found) == components([pair for call in named for pair in call.items()])
