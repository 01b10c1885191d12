"""Alembic's entry: runs steps on the connection and inside the transaction of oneshelf.books.migrate."""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    render_as_batch=True,
    # SQLite's DDL is transactional, whatever its driver once did: a step happens whole or not at all.
    transactional_ddl=True,
)
context.run_migrations()
