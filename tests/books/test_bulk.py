"""Many rows by few statements, none of them too large for the database."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import event, func, select

from oneshelf.books import bulk
from oneshelf.books.schema.staff import secret
from oneshelf.books.schema.stock import stock_move
from oneshelf.errors import Conflict


@pytest.mark.parametrize(
    ("sizes", "statements"),
    [([100] * 7, 3), ([100] * 3, 1), ([1_000, 1, 1_000, 1, 1], 4), ([0] * 11, 3), ([1_000], 1)],
)
def test_a_statement_holds_so_many_rows_and_so_many_bytes(database, now, monkeypatch, sizes, statements):
    monkeypatch.setattr(bulk, "ROWS_MAX", 5)
    monkeypatch.setattr(bulk, "BYTES_MAX", 350)
    rows = [{"name": f"{i:02}", "value": b"x" * size, "created_at": now} for i, size in enumerate(sizes)]
    run = []

    def write(connection):
        event.listen(connection, "before_cursor_execute", lambda *given: run.append(given[2]))
        bulk.put(connection, secret, rows)
        return connection.execute(select(func.sum(func.length(secret.c.value)))).scalar_one()

    assert database.writer.write(write) == sum(sizes)
    assert sum(statement.startswith("INSERT") for statement in run) == statements


def test_unanswered_writes_are_refused_in_our_family_and_leave_nothing(database, now):
    row = {"name": "twice", "value": b"x", "created_at": now}

    def write(connection):
        with bulk.unanswered(connection):
            bulk.add(connection, secret, [row])
            bulk.add(connection, secret, [row])

    with pytest.raises(Conflict):
        database.writer.write(write)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(secret)).scalar_one() == 0
    database.writer.write(lambda connection: bulk.put(connection, secret, [row]))  # and the writer goes on


def test_rows_come_back_as_they_were_told(database):
    values = ["", "a'b\"c\\", "中文 \U0001f353", "tab\tline\n", "{", None]
    rows = [
        {
            "id": at + 2**40,
            "place_id": "p",
            "product_id": "é",
            "happened_at": datetime(2026, 3, 1, 23, 59, 59, 999_999, timezone(timedelta(hours=8))),
            "day": date(2026, 3, 1),
            "kind": "sold",
            "pieces": -at,
            "held": 0,
            "effect": 2**62,
            "parts": {value or "none": at},
            "document": f"d{at}",
            "reason": value,
            "simulated": bool(at % 2),
            "recorded_at": datetime(2026, 3, 1, tzinfo=UTC),
        }
        for at, value in enumerate(values)
    ]
    database.writer.write(lambda connection: bulk.add(connection, stock_move, rows))
    with database.read() as connection:
        found = connection.execute(select(stock_move).order_by(stock_move.c.id)).mappings().all()
        assert [{name: row[name] for name in rows[0]} for row in found] == rows
        assert bulk.present(connection, stock_move.c.document, ["d1", "d5", "d6"]) == {"d1", "d5"}
