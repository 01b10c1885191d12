"""Schema changes in two kinds of steps, so that old code runs on the new schema while processes are replaced.

A *pre* step (`NNNN_pre_*.py`, revision `NNNN_pre`, branch `pre`) only adds what new code needs; it runs whenever the books
are opened. A *post* step (`NNNN_post_*.py`, revision `NNNN_post`, branch `post`) removes what only old code needed; it runs
on demand, when no old process is left.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from oneshelf.errors import Unavailable

FOLDER: Final = Path(__file__).parent / "migrations"

#: What alembic calls the newest step of the one branch, and of both.
PRE: Final = "pre@head"
ALL: Final = "heads"


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
    scripts = ScriptDirectory.from_config(_config(folder))
    known = {step.revision: step for step in scripts.walk_revisions()}
    heads = MigrationContext.configure(connection).get_current_heads()
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
            config = _config(folder)
            config.attributes["connection"] = connection
            command.upgrade(config, target)


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
