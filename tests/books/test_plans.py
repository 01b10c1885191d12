"""Plans in the books, on both databases."""

from datetime import date, timedelta

from oneshelf.books import plans
from oneshelf.books.plans import EditRow, OrderRow, PlanRow

DAY = date(2026, 3, 2)


def keep(database, now, plan_id, for_day=DAY, scenario=None, parts=(b"one", b"two")):
    row = PlanRow(
        id=plan_id, as_of=for_day - timedelta(days=1), for_day=for_day, scenario=scenario, made_at=now, made_by="ann", summary=b"{}",
    )  # fmt: skip
    database.writer.write(lambda connection: plans.add(connection, row, parts))
    return row


def test_a_plan_is_kept_with_its_lines_in_order_and_numbered_by_its_day(database, now):
    row = keep(database, now, "2026-03-02.1")
    with database.read() as connection:
        assert plans.get(connection, "2026-03-02.1") == row
        assert plans.get(connection, "2026-03-02.2") is None
        assert list(plans.parts(connection, row.id)) == [b"one", b"two"]
        assert (plans.next_number(connection, DAY), plans.next_number(connection, date(2026, 3, 3))) == (2, 1)


def test_the_plan_that_counts_is_the_approved_one_else_the_last_and_never_a_scenario(database, now):
    keep(database, now, "a")
    keep(database, now + timedelta(hours=1), "b")
    keep(database, now + timedelta(hours=2), "c", scenario="rain")
    keep(database, now, "old", for_day=DAY - timedelta(days=1))
    with database.read() as connection:
        assert plans.newest(connection).id == "b"
        assert plans.newest(connection, before=DAY).id == "old"
        assert plans.newest(connection, for_day=DAY + timedelta(days=1)) is None
        assert [row.id for row in plans.listing(connection, limit=9)] == ["c", "b", "a", "old"]
        assert [row.id for row in plans.listing(connection, limit=9, after=(DAY, "b"))] == ["a", "old"]
    approve = [
        database.writer.write(lambda c, one=one: plans.approve(c, one, by="bob", at=now)) for one in ("a", "a", "b", "old")
    ]  # fmt: skip
    assert approve == [True, False, False, True]
    with database.read() as connection:
        assert plans.newest(connection).id == "a"
        assert plans.get(connection, "a").approved_by == "bob"


def test_edits_orders_and_scores_are_kept(database, now):
    keep(database, now, "a")
    edit = EditRow(
        plan_id="a",
        number=1,
        place_id="",
        product_id="milk",
        quantity=3,
        reason="fair",
        made_at=now,
        made_by="ann",
    )
    order = OrderRow(
        id="a.1", plan_id="a", kind="order", supplier_id=None, pieces=9, raised_at=now, document=b"{}"
    )
    database.writer.write(lambda c: (plans.add_edits(c, [edit]), plans.add_orders(c, [order])))
    for score in (b"first", b"again"):
        database.writer.write(lambda c, score=score: plans.put_score(c, DAY, "a", score, now))
    with database.read() as connection:
        assert plans.edits(connection, "a") == [edit]
        assert plans.orders(connection, "a") == [order]
        assert plans.scores(connection, limit=5) == [b"again"]
