"""Backup and restore of a data folder, while it is being written to.

The lake is copied before the books. So the copy of the lake may be behind the copy of the books, never ahead: after a restore the
lake's cursor is set back to where it certainly was, and what the lake already has is dropped by its own transaction versions.
"""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import msgspec

from oneshelf.app.arriving.projections import LAKE
from oneshelf.app.core import Core, utc_now
from oneshelf.app.goods.daily import ENTER_SALES
from oneshelf.app.settings import SETTINGS_FILE, Settings, read_settings
from oneshelf.books import backup as books
from oneshelf.books import cursors, days
from oneshelf.books.database import Connection, Database
from oneshelf.books.journal import Journal
from oneshelf.errors import Conflict, InvalidInput, SettingsError, Unavailable
from oneshelf.lake.schema import table_name
from oneshelf.lake.tables import Lake

MANIFEST = "backup.json"
BOOKS = "books.db"
LAKE_FOLDER = "lake"
#: What left through the file channel, and rows of files that were refused: neither is anywhere else.
KEPT_FOLDERS = ("outgoing", "rejects")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy holds: the journal up to `journal_head`, and a lake that has everything up to `lake_position`."""

    made_at: datetime
    journal_head: int
    lake_position: int


def backup(core: Core, target: Path) -> Manifest:
    """Copy books, lake and settings file into the new folder `target`.

    Raises Conflict when the folder exists, Unavailable when the books are in PostgreSQL, which has tools of its own.
    """
    if core.database.dialect != "sqlite":
        raise Unavailable(
            "The books are in PostgreSQL, outside the data folder.",
            "Copy the lake's folder first and then the database with pg_dump, as the operator's guide says.",
        )
    _make(target)
    with core.database.read() as connection:
        lake_position = cursors.position(connection, LAKE)
    core.lake.copy_to(target / LAKE_FOLDER)
    books.backup_books(core.database, target / BOOKS)
    for name in KEPT_FOLDERS:
        if (folder := core.settings.data / name).exists():
            shutil.copytree(folder, target / name)
    if (settings := core.settings.data / SETTINGS_FILE).exists():
        shutil.copy2(settings, target / SETTINGS_FILE)
    manifest = Manifest(made_at=utc_now(), journal_head=_head(target / BOOKS), lake_position=lake_position)
    # written last: a folder without it is a backup that did not finish
    (target / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    return manifest


def restore(copy: Path, settings: Settings) -> Manifest:
    """Put a copy back as the data folder of `settings`, which must not hold anything yet."""
    manifest = _manifest(copy)
    if settings.database is not None or read_settings(data=copy).database is not None:
        raise SettingsError(
            "The setting `database` names other books than those of the copy.",
            "Unset it (in the environment and in the copy's oneshelf.toml), restore, and move the books afterwards.",
        )
    if settings.data.exists() and any(settings.data.iterdir()):
        raise Conflict(
            f"The data folder {settings.data} is not empty.",
            "Name another with --data, or move the old one away.",
        )
    settings.data.mkdir(parents=True, exist_ok=True)
    shutil.copytree(copy, settings.data, dirs_exist_ok=True, ignore=shutil.ignore_patterns(MANIFEST))
    database = Database.open(f"sqlite:///{settings.data / BOOKS}")
    try:
        lake = Lake(settings.lake)
        database.writer.write(lambda connection: _set_back(connection, lake, manifest))
    finally:
        database.close()
    return manifest


def _set_back(connection: Connection, lake: Lake, manifest: Manifest) -> None:
    """Let the lake go on from where its copy certainly was, and have every derived day recomputed."""
    now_at = cursors.position(connection, LAKE)
    if manifest.lake_position < now_at:
        cursors.advance(connection, LAKE, expected=now_at, to=manifest.lake_position)
    days.touch(
        connection,
        [(table_name(kind), day, manifest.journal_head) for kind in ENTER_SALES for day in lake.days(kind)],
    )


def _make(target: Path) -> None:
    try:
        target.mkdir(parents=True)
    except FileExistsError:
        raise Conflict(f"The folder {target} exists already.", "Name one that does not.") from None


def _manifest(copy: Path) -> Manifest:
    try:
        return msgspec.json.decode((copy / MANIFEST).read_bytes(), type=Manifest)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError):
        raise InvalidInput.of(
            "copy",
            str(copy),
            "is not a finished backup.",
            f"Name a folder with a {MANIFEST}, made by `oneshelf backup`.",
        ) from None


def _head(path: Path) -> int:
    database = Database.open(f"sqlite:///{path}", migrate=False)
    try:
        return Journal(database).head()
    finally:
        database.close()
