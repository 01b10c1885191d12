"""Schema changes in two kinds of steps, so that old code runs on the new schema while processes are replaced.

A *pre* step (`NNNN_pre_*.py`, revision `NNNN_pre`, branch `pre`) only adds what new code needs; it runs whenever the books
are opened. A *post* step (`NNNN_post_*.py`, revision `NNNN_post`, branch `post`) removes what only old code needed; it runs
on demand, when no old process is left.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, column, inspect, select, table

from oneshelf.errors import Unavailable

if TYPE_CHECKING:
    from alembic.config import Config

FOLDER: Final = Path(__file__).parent / "migrations"

#: What alembic calls the newest step of the one branch, and of both.
PRE: Final = "pre@head"
ALL: Final = "heads"

#: Where alembic notes the newest steps that have run.
_NOTED: Final = table("alembic_version", column("version_num"))


def apply_pre(engine: Engine, folder: Path = FOLDER) -> None:
    """Bring the schema to the newest pre step; quick when it is there already. `engine` must lock on begin."""
    _apply(engine, folder, PRE)


def apply_all(engine: Engine, folder: Path = FOLDER) -> None:
    """Run every step, post steps too."""
    _apply(engine, folder, ALL)


def check(engine: Engine, folder: Path = FOLDER) -> None:
    """Raise Unavailable unless every pre step is in force."""
    with engine.connect() as connection:
        if pending(connection, folder, PRE):
            raise Unavailable(
                "The schema of the books is older than this program.", "Run `oneshelf migrate`."
            )


def pending(connection: Connection, folder: Path = FOLDER, target: str = ALL) -> bool:
    """Whether some step up to `target` has not run yet.

    A pre step that this program does not know was run by a newer one, and harms nobody. Raises Unavailable after an
    unknown post step: what this program needs may be gone.
    """
    heads = _heads(connection)
    if target == PRE and heads == {_newest_pre(folder)}:
        return False  # every day but one; loading Alembic and every step takes longer than to open the books
    from alembic.script import ScriptDirectory  # noqa: PLC0415  # only there where there is something to migrate

    scripts = ScriptDirectory.from_config(_config(folder))
    known = {step.revision: step for step in scripts.walk_revisions()}
    newer = [head for head in heads if head not in known]
    if any(head.endswith("_post") for head in newer):
        raise Unavailable(
            "The books were made by a newer version of this program.", "Install the newest version."
        )
    if newer:
        return False
    done = {step.revision for head in heads for step in scripts.walk_revisions("base", head)}
    return any(step.revision not in done for step in scripts.walk_revisions("base", target))


def _apply(engine: Engine, folder: Path, target: str) -> None:
    # Looking and migrating happen under one lock: two processes that open a new folder take turns.
    with engine.begin() as connection:
        if pending(connection, folder, target):
            from alembic import command  # noqa: PLC0415  # as above

            config = _config(folder)
            config.attributes["connection"] = connection
            command.upgrade(config, target)


def _heads(connection: Connection) -> set[str]:
    """The newest step of each branch that has run; empty for books that are new."""
    if not inspect(connection).has_table(_NOTED.name):
        return set()
    return set(connection.execute(select(_NOTED.c.version_num)).scalars())


def _newest_pre(folder: Path) -> str:
    """The newest pre step that there is, by the names of the files: steps are numbered in their order."""
    names = (path.name for path in (folder / "versions").glob("*_pre_*.py"))
    return max("_".join(name.split("_")[:2]) for name in names)


def _config(folder: Path) -> Config:
    from alembic.config import Config  # noqa: PLC0415  # as above

    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
