"""Tiers, cut-points and audiences in the books, on both databases."""

from datetime import timedelta

from oneshelf.books import audiences, tiers
from oneshelf.books.tiers import TierRow


def test_people_come_into_tiers_change_and_leave_them(database, now):
    def save(*rows, left=()):
        made = [TierRow(person_id=who, tier=tier, since=now, reason=f"{who} > 3") for who, tier in rows]
        database.writer.write(lambda connection: tiers.save(connection, made, left))

    save(("ann", "core"), ("bob", "new"), ("奶", "new"))
    save(("ann", "lost"), left=("bob", "nobody"))
    with database.read() as connection:
        assert tiers.counts(connection) == {"lost": 1, "new": 1}
        assert tiers.tiers(connection, ["ann", "bob"]) == {
            "ann": TierRow(person_id="ann", tier="lost", since=now, reason="ann > 3")
        }
        assert tiers.everybody(connection) == (
            ["ann", "奶"],
            ["lost", "new"],
            [now, now],
            ["ann > 3", "奶 > 3"],
        )


def test_cut_points_are_those_of_the_last_night(database, now):
    with database.read() as connection:
        assert (tiers.cutpoints(connection), tiers.cutpoints_at(connection)) == ({}, None)
    for night, values in enumerate(({("a", 0.05): 1.5, ("b", 0.2): 2.0}, {("a", 0.05): -3.0})):
        at = now + timedelta(days=night)
        database.writer.write(lambda connection, v=values, at=at: tiers.put_cutpoints(connection, v, at))
    with database.read() as connection:
        assert tiers.cutpoints(connection) == {("a", 0.05): -3.0}
        assert tiers.cutpoints_at(connection) == now + timedelta(days=1)
    database.writer.write(lambda connection: tiers.put_cutpoints(connection, {}, now))
    with database.read() as connection:
        assert tiers.cutpoints(connection) == {}


def test_an_audience_keeps_every_version(database, now):
    def save(name, condition):
        return database.writer.write(
            lambda connection: audiences.save(connection, name, condition, "mei", now)
        )

    first, same, second = save("spring 春", "a"), save("spring 春", "a"), save("spring 春", "b")
    other = save("autumn", "a")
    assert first == same
    assert (first.version, second.version, other.version) == (1, 2, 1)
    with database.read() as connection:
        assert audiences.listing(connection) == [other, second]
        assert audiences.versions(connection, "spring 春") == [second, first]
        assert audiences.get(connection, "spring 春", 1) == first
        assert audiences.get(connection, "winter") is None
