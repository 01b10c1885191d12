"""Many rows by few statements, none of them too large for the database."""

import pytest
from sqlalchemy import event, func, select

from oneshelf.books import bulk
from oneshelf.books.schema.staff import secret


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
