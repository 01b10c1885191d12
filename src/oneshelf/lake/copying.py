"""Copying a table, whole and at one version, while others write to it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

from oneshelf.errors import Unavailable
from oneshelf.lake.delta import LOG, Table
from oneshelf.lake.files import make_folder, sync_file, sync_folder

#: How often a copy begins again because the log was tidied while it was read.
ATTEMPTS_MAX = 3


def copy_table(source: Path, target: Path) -> int:
    """Copy one table as of now, durably; returns its version. Raises Unavailable when it changes too fast to be copied."""
    for _ in range(ATTEMPTS_MAX):
        try:
            return _copy(Table(source), target)
        except FileNotFoundError:
            shutil.rmtree(target, ignore_errors=True)
    raise Unavailable(
        f"The lake table {source.name} was cleaned {ATTEMPTS_MAX} times while it was copied.",
        "Copy again when compaction rests.",
    )


def _copy(table: Table, target: Path) -> int:
    version = table.version
    for uri in table.uris():
        path = Path(unquote(urlparse(uri).path)) if uri.startswith("file:") else Path(uri)
        _copy_file(path, target / path.relative_to(table.path))
    for entry in sorted((table.path / LOG).iterdir()):
        if _belongs(entry, version):
            _copy_file(entry, target / LOG / entry.name)
    return version


def _belongs(entry: Path, version: int) -> bool:
    """Whether an entry of the log says something about this version or an earlier one."""
    if entry.name == "_last_checkpoint":
        return int(json.loads(entry.read_bytes())["version"]) <= version
    number = entry.name.split(".")[0]
    return number.isdigit() and int(number) <= version and entry.suffix in (".json", ".parquet", ".crc")


def _copy_file(source: Path, target: Path) -> None:
    make_folder(target.parent)
    shutil.copyfile(source, target)
    sync_file(target)
    sync_folder(target.parent)
