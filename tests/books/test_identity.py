"""Who is whose: links, ties, claims and reasons, on both databases."""

from datetime import timedelta

from oneshelf.books import identity
from oneshelf.books.identity import ReasonRow


def write(database, work):
    database.writer.write(work)


def test_links_are_pointed_and_a_persons_own_id_is_linked_no_more(database, now):
    write(database, lambda c: identity.point(c, {"x": "ann", "card:1": "ann", "ann": "ann"}, now))
    write(database, lambda c: identity.point(c, {"card:1": "card:1", "x": "card:1", "y": "ann"}, now))
    with database.read() as connection:
        assert identity.links(connection) == [("x", "card:1"), ("y", "ann")]
        assert identity.resolve(connection, ["x", "card:1", "nobody"]) == {"x": "card:1"}
        assert identity.identifiers_of(connection, ["ann", "card:1", "z"]) == {"ann": {"y"}, "card:1": {"x"}}


def test_pairs_are_found_from_either_side_and_forgotten(database):
    pairs = {("a", "b"), ("b", "c"), ("d", "e")}
    write(database, lambda c: (identity.tie_together(c, pairs), identity.tie_together(c, pairs)))
    with database.read() as connection:
        assert identity.ties(connection, ["b"]) == {("a", "b"), ("b", "c")}
    write(database, lambda c: identity.untie(c, [("a", "b"), ("b", "a")]))
    write(database, lambda c: (identity.keep_apart(c, [("x", "y")]), identity.let_together(c, [("z", "y")])))
    with database.read() as connection:
        assert identity.ties(connection, ["a", "b"]) == {("b", "c")}
        assert identity.apart(connection, ["y"]) == {("x", "y")}


def test_claims_are_counted_until_the_identifier_is_shared(database):
    write(
        database,
        lambda c: identity.claim(c, [("kiosk", "ann"), ("kiosk", "bob"), ("kiosk", "ann"), ("x", "ann")]),
    )
    with database.read() as connection:
        assert identity.claims(connection, ["kiosk", "x"]) == {"kiosk": {"ann", "bob"}, "x": {"ann"}}
        assert identity.shared(connection, ["kiosk"]) == set()
    write(database, lambda c: identity.share(c, ["kiosk"]))
    with database.read() as connection:
        assert identity.claims(connection, ["kiosk", "x"]) == {"x": {"ann"}}
        assert identity.shared(connection, ["kiosk", "x"]) == {"kiosk"}


def test_reasons_are_told_from_both_sides_newest_first_and_once(database, now):
    rows = [
        ReasonRow(
            id=str(number), at=now + timedelta(hours=number), action="joined", person_id="ann", from_person_id=f"card:{number}",
            identifier="ann", other=f"card:{number}", reason="card", evidence=["event till 1", "'; DROP TABLE tie"],
            decided_by="rule",
        )
        for number in range(3)
    ]  # fmt: skip
    write(database, lambda c: (identity.give_reasons(c, rows), identity.give_reasons(c, rows[:1])))
    with database.read() as connection:
        assert identity.reasons(connection, ["ann"], limit=2) == [rows[2], rows[1]]
        assert identity.reasons(connection, ["card:0"], limit=9) == [rows[0]]
        assert identity.reason(connection, "1") == rows[1]
        assert identity.reason(connection, "none") is None
