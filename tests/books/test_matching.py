"""The queue of pairs: the most probable first, decided once, and empty of what needs no decision any more."""

import pytest

from oneshelf.books import matching, people
from oneshelf.books.matching import CandidateRow
from oneshelf.books.people import PersonRow


@pytest.fixture
def pair(now):
    def make(key: str, a: str, b: str, probability: float) -> CandidateRow:
        return CandidateRow(
            id=key,
            person_a=a,
            person_b=b,
            probability=probability,
            household=0.01,
            evidence=[{"field": "surname", "verdict": "same", "bits": 7.0, "swapped": False}],
            proposed_at=now,
        )

    return make


@pytest.fixture
def filled(database, pair, now):
    """Three people of their own, one who was joined to another, and four pairs of them."""
    rows = [
        PersonRow(
            person_id=who,
            state=who.encode(),
            first_seen_at=now,
            last_seen_at=now,
            orders=0,
            spend_minor=0,
            joined_to="a" if who == "d" else None,
        )
        for who in "abcd"
    ]
    pairs = [
        pair("1", "a", "b", 0.95),
        pair("2", "a", "c", 0.99),
        pair("3", "a", "d", 0.99),
        pair("4", "b", "gone", 0.9),
    ]
    database.writer.write(lambda c: (people.save(c, rows), matching.propose(c, pairs)))
    return database


def ids(database, status="open", **kwargs) -> list[str]:
    with database.read() as connection:
        return [row.id for row in matching.queue(connection, status, limit=10, **kwargs)]


def test_the_most_probable_pair_comes_first_and_pages_follow(filled):
    assert ids(filled) == ["2", "3", "1", "4"]
    assert ids(filled, after=(0.99, "2")) == ["3", "1", "4"]
    with filled.read() as connection:
        assert matching.counts(connection) == {"open": 4}


def test_a_pair_comes_back_as_it_was_kept(filled, pair):
    with filled.read() as connection:
        assert matching.get(connection, "1") == pair("1", "a", "b", 0.95)
        assert matching.get(connection, "9") is None


def test_people_who_were_joined_walk_with_nobody(filled):
    with filled.read() as connection:
        assert list(matching.walk(connection)) == [("a", b"a"), ("b", b"b"), ("c", b"c")]
        assert sorted(matching.stale(connection)) == ["3", "4"]


def test_what_is_decided_stays_decided_and_what_went_away_comes_back(filled, pair, now):
    filled.writer.write(lambda c: matching.decide(c, "1", "refused", "ada", now))
    filled.writer.write(lambda c: matching.close(c, ["1", "3", "4"], now))
    assert (ids(filled), ids(filled, "refused"), ids(filled, "closed")) == (["2"], ["1"], ["3", "4"])
    again = [pair("1", "a", "b", 0.97), pair("2", "a", "c", 0.97), pair("4", "b", "gone", 0.97)]
    filled.writer.write(lambda c: matching.propose(c, again))
    assert (ids(filled), ids(filled, "refused")) == (["2", "4"], ["1"])
    with filled.read() as connection:
        assert matching.get(connection, "2") == again[1]
        kept = matching.get(connection, "1")
    assert (kept.decided_by, kept.decided_at, kept.probability) == ("ada", now, 0.95)


def test_what_was_compared_is_remembered_and_forgotten(database):
    database.writer.write(lambda c: matching.remember(c, {"a": b"1", "b": b"2"}, ()))
    database.writer.write(lambda c: matching.remember(c, {"a": b"3"}, ["b", "nobody"]))
    with database.read() as connection:
        assert matching.digests(connection) == {"a": b"3"}


def test_the_model_and_the_crowded_are_kept(database, now):
    database.writer.write(lambda c: (matching.flag(c, ["y", "x"], now), matching.flag(c, ["x"], now)))
    with database.read() as connection:
        assert matching.crowded(connection) == ["x", "y"]
        assert matching.model(connection) is None
    database.writer.write(lambda c: (matching.unflag(c, ["x"]), matching.keep_model(c, {"prior": 0.1}, now)))
    database.writer.write(lambda c: matching.keep_model(c, {"prior": 0.2}, now))
    with database.read() as connection:
        assert matching.crowded(connection) == ["y"]
        assert matching.model(connection) == {"prior": 0.2}
