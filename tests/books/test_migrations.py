"""Steps bring a database to the schema of today; pre steps by themselves, post steps on demand."""

import shutil
from contextlib import closing
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, create_engine, inspect

from oneshelf.books import identity, migrate
from oneshelf.books.columns import Key
from oneshelf.books.database import Database, file_of
from oneshelf.books.schema import metadata
from oneshelf.errors import Unavailable

#: The newest pre step of today.
HEAD = max(path.name[:8] for path in (migrate.FOLDER / "versions").glob("*_pre_*.py"))

STEP = """
import sqlalchemy as sa
from alembic import op

revision = {revision!r}
down_revision = {down!r}
branch_labels = {labels!r}
depends_on = {depends!r}

def upgrade() -> None:
    {upgrade}
"""


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """A copy of the migrations to which a test may add steps."""
    folder = tmp_path / "100% migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def add(revision, upgrade, *, down=None, labels=None, depends=None):
        step = STEP.format(revision=revision, down=down, labels=labels, depends=depends, upgrade=upgrade)
        (folder / "versions" / f"{revision}_test.py").write_text(step)

    for name in ("apply_pre", "apply_all", "check"):
        original = getattr(migrate, name)
        monkeypatch.setattr(migrate, name, lambda engine, original=original: original(engine, folder))
    return add


def columns(database: Database, table: str) -> set[str]:
    with database.read() as connection:
        return {column["name"] for column in inspect(connection).get_columns(table)}


@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrated_books_have_the_schema_of_the_code(database):
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_indexes_by_expression_are_made_too(database, dialect):
    """Alembic cannot compare them on SQLite, so their names are looked up."""
    catalogue = "sqlite_schema" if dialect == "sqlite" else "pg_indexes"
    column = "name" if dialect == "sqlite" else "indexname"
    with database.read() as connection:
        names = set(connection.exec_driver_sql(f"SELECT {column} FROM {catalogue}").scalars())
    assert {"ix_person_spend", "ix_reject_newest"} <= names


def test_steps_follow_each_other_in_the_order_of_their_numbers():
    """So that the newest step is known by its file's name."""
    scripts = ScriptDirectory.from_config(migrate._config(migrate.FOLDER))
    names = [step.revision for step in scripts.walk_revisions("base", migrate.PRE)]
    assert names == sorted(names, reverse=True)
    assert names[0] == HEAD


def test_pre_steps_run_on_opening_and_post_steps_on_demand(url, steps):
    Database.open(url).close()
    add = "op.add_column('product', sa.Column('colour', sa.Text()))"
    drop = "with op.batch_alter_table('product') as table: table.drop_column('size')"
    steps("9001_pre", add, down=HEAD)
    steps("9002_post", drop, labels=("post",), depends="9001_pre")
    with closing(Database.open(url)) as database:
        assert {"colour", "size"} <= columns(database, "product")
        database.finish_migration()
        assert "colour" in columns(database, "product")
        assert "size" not in columns(database, "product")


def test_a_step_that_fails_leaves_nothing_behind(url, steps):
    Database.open(url).close()
    steps(
        "9001_pre",
        "op.create_table('half', sa.Column('x', sa.Text())); op.execute('SELECT * FROM nowhere')",
        down=HEAD,
    )
    with pytest.raises(Exception, match="nowhere"):
        Database.open(url)
    engine = create_engine(url)
    assert "half" not in inspect(engine).get_table_names()
    assert "product" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_link_of_before_there_were_ties_can_be_undone_like_any_join(url):
    if (file := file_of(url)) is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)
    migrate._apply(engine, migrate.FOLDER, "0001_pre")
    old = MetaData()
    old.reflect(engine, only=["link"])
    with engine.begin() as connection:
        linked_at = 0 if engine.dialect.name == "sqlite" else datetime(2026, 1, 1, tzinfo=UTC)
        for one in ("anonymous:b", "ann"):
            row = {"identifier": one, "person_id": "ann", "linked_at": linked_at}
            connection.execute(old.tables["link"].insert(), row)
    engine.dispose()
    with closing(Database.open(url)) as database, database.read() as connection:
        assert identity.ties(connection, ["ann"]) == {("anonymous:b", "ann")}


def test_without_migrating_an_older_schema_is_refused_with_the_command_to_run(url, steps):
    with pytest.raises(Unavailable, match="oneshelf migrate"):
        Database.open(url, migrate=False)


def test_old_code_runs_after_a_pre_step_of_a_newer_program_but_not_after_its_post_step(
    url, steps, monkeypatch
):
    steps("9001_pre", "op.add_column('product', sa.Column('colour', sa.Text()))", down=HEAD)
    Database.open(url).close()
    with monkeypatch.context() as old:
        old.setattr(migrate, "apply_pre", lambda engine: migrate._apply(engine, migrate.FOLDER, migrate.PRE))
        Database.open(url).close()
    steps("9002_post", "pass", labels=("post",), depends="9001_pre")
    with closing(Database.open(url)) as database:
        database.finish_migration()
    monkeypatch.undo()
    with pytest.raises(Unavailable, match="newer"):
        Database.open(url)


@pytest.mark.postgres
@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_ids_are_compared_byte_by_byte_whatever_the_locale_of_the_server(database):
    """The server of the tests may have locale C itself, so order alone would not tell."""
    keys = {(t.name, c.name) for t in metadata.tables.values() for c in t.columns if c.type is Key}
    query = "SELECT table_name, column_name FROM information_schema.columns"
    query += " WHERE collation_name = 'C' AND table_schema = current_schema()"
    with database.read() as connection:
        assert keys <= set(map(tuple, connection.exec_driver_sql(query)))
    assert ("person", "person_id") in keys
