"""The lake's tables on disk: events appended exactly once, reference data in versions, derived days replaced whole."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import RLock
from typing import Literal, get_args

import pyarrow as pa
import pyarrow.compute as pc

from oneshelf.errors import Conflict, InvalidInput
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.compaction import RETENTION_HOURS, Compacted, compact_table
from oneshelf.lake.copying import copy_table
from oneshelf.lake.delta import JOURNAL, REWRITE, Table
from oneshelf.lake.files import write_by_day, write_stream
from oneshelf.lake.schema import DAY, arrow_schema, rows_of, table_name

#: What a table is for; each group is a folder of the lake.
Group = Literal["events", "reference", "derived"]
GROUPS: tuple[Group, ...] = get_args(Group)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableInfo:
    """One table as the system page shows it."""

    group: Group
    name: str
    rows: int
    files: int
    bytes: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What a reader needs: the files of one version, and the columns that they have between them."""

    #: the table's own folder, below which the files and the folders of their days lie
    root: str
    version: int
    files: tuple[str, ...]
    schema: pa.Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The newest version of a reference table, counted from 1, and the SHA-256 of the file that it came from."""

    version: int
    sha256: str


class Lake:
    """A folder of Delta tables.

    Writing is serialised within this object, group by group, so that a long load of reference data does not hold events up;
    other processes are refused by Delta itself.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).absolute()
        self._writing: dict[Group, RLock] = {group: RLock() for group in GROUPS}
        self._reading = RLock()
        self._writers: dict[Path, Table] = {}
        self._readers: dict[Path, Table] = {}

    def append(
        self, events: Sequence[Recorded], day_of: Callable[[Event], date], *, until: int
    ) -> set[tuple[str, date]]:
        """Append the journal's events up to offset `until`, each once however often it is asked.

        Every event up to `until` that an earlier call did not bring must be among them. When it returns, the rows survive a
        power cut. Returns the (table, day) pairs that gained rows. Raises Conflict when another writer was first.
        """
        by_kind: defaultdict[str, list[Recorded]] = defaultdict(list)
        for recorded in events:
            by_kind[recorded.event.kind].append(recorded)
        if events and (newest := max(recorded.offset for recorded in events)) > until:
            raise InvalidInput.of(
                "until", until, "is before the newest event given.", f"Pass {newest} or more."
            )
        with self._writing["events"]:
            return {
                (table_name(kind), day)
                for kind, recorded in by_kind.items()
                for day in self._append_kind(kind, recorded, day_of, until)
            }

    def _append_kind(
        self, kind: str, recorded: Sequence[Recorded], day_of: Callable[[Event], date], until: int
    ) -> set[date]:
        schema = arrow_schema(kind)
        table = self._writer("events", table_name(kind), schema)
        done = table.done(JOURNAL)
        fresh = [each for each in recorded if each.offset > done]
        if not fresh:
            # The rows may have been committed by a process that died before it flushed the log.
            table.sync_log()
            return set()
        days = [day_of(each.event) for each in fresh]
        table.evolve(schema)
        table.append(write_by_day(table.path, rows_of(kind, fresh, days)), schema, until=until)
        return set(days)

    def load_reference(self, name: str, rows: pa.Table | pa.RecordBatchReader, *, sha256: str) -> int:
        """Replace a reference table by a new version, streaming. Returns its version, counted from 1.

        The same SHA-256 as the newest version changes nothing and returns that version. Readers see the old rows until
        the new ones are complete. Raises Conflict when another load of the same table was first.
        """
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise InvalidInput.of(
                "sha256", sha256, "is not a SHA-256.", "Give 64 hexadecimal digits in lower case."
            )
        with self._writing["reference"]:
            newest = self.reference_version(name)
            if newest is not None and newest.sha256 == sha256:
                return newest.version
            reader = rows.to_reader() if isinstance(rows, pa.Table) else rows
            table = self._writer("reference", name, reader.schema)
            # The folder's name keeps the hash with the content, however long the log's own memory is.
            added, total = write_stream(table.path, sha256, reader)
            return table.overwrite(added, reader.schema, notes={"sha256": sha256, "rows": total})

    def reference_version(self, name: str) -> Reference | None:
        """The newest version of a reference table, or None when it was never loaded."""
        with self._reading:
            table = self._reader("reference", name)
            if table is None or table.done(REWRITE) == 0:
                return None
            return Reference(version=table.done(REWRITE), sha256=str(table.files()[0]["path"]).split("/")[0])

    def rewrites(self, table: str) -> int:
        """How often a derived table was rewritten so far: what `replace_days` can be told to expect."""
        path = self._path("derived", table)
        return Table(path).done(REWRITE) if Table.exists(path) else 0

    def days(self, kind: str) -> set[date]:
        """The days on which the lake has events of a kind."""
        path = self._path("events", table_name(kind))
        if not Table.exists(path):
            return set()
        return {date.fromisoformat(file["partition"]) for file in Table(path).files()}

    def replace_days(
        self, table: str, rows: pa.Table, days: Collection[date], *, expected: int | None = None
    ) -> None:
        """Put rows in the place of exactly these days of a derived table, in one commit; a day without rows becomes empty.

        `rows` has a date column `day`. `expected` is what `rewrites` said before the rows were computed. Raises InvalidInput
        when a row's day is not among `days`, Conflict when another writer was first.
        """
        found = set(pc.unique(rows[DAY]).to_pylist()) if DAY in rows.column_names else {None}
        if stray := found - set(days):
            raise InvalidInput.of(
                DAY,
                sorted(map(str, stray)),
                "is not among the days to replace.",
                "Give rows of these days only.",
            )
        with self._writing["derived"]:
            target = self._writer("derived", table, rows.schema)
            if expected is not None and target.done(REWRITE) != expected:
                raise Conflict(
                    f"Somebody else recomputed days of {table} meanwhile.", "Compute the rows again."
                )
            target.evolve(rows.schema)
            wanted = {day.isoformat() for day in days}
            old = [file for file in target.files() if file["partition"] in wanted]
            if old or rows.num_rows:
                target.rewrite(write_by_day(target.path, rows), old, rows.schema, changes=True)

    def compact(self, *, retention_hours: int = RETENTION_HOURS) -> list[Compacted]:
        """Merge the small files of each day of events, then delete files that were replaced longer ago than the retention.

        Appends may go on meanwhile. A table that somebody else rewrites at the same moment is left for the next time.
        """
        return [
            done
            for group, name in self._all()
            if (
                done := compact_table(
                    self._path(group, name), merge=group == "events", retention_hours=retention_hours
                )
            )
        ]

    def tables(self) -> list[TableInfo]:
        """Every table with its size, events first."""
        with self._reading:
            return [
                _info(group, name, table)
                for group, name in self._all()
                if (table := self._reader(group, name)) is not None
            ]

    def snapshot(self, group: Group, name: str, days: tuple[date, date] | None = None) -> Snapshot | None:
        """The newest files of a table, of all days or from the first to the last given, or None when there is no table."""
        with self._reading:
            table = self._reader(group, name)
            if table is None:
                return None
            return Snapshot(
                root=str(table.path),
                version=table.version,
                files=tuple(table.uris(days)),
                schema=table.schema,
            )

    def copy_to(self, target: Path) -> None:
        """Copy every table, each at one version, while others write. The target must be empty or absent.

        Tables are copied one after the other, so a later one may hold newer events; what they hold beyond the cursor that
        is restored with them is recognised when it is replayed.
        """
        if target.exists() and any(target.iterdir()):
            raise InvalidInput.of("target", str(target), "is not an empty folder.", "Choose another.")
        for group, name in self._all():
            copy_table(self._path(group, name), target / group / name)

    def _all(self) -> list[tuple[Group, str]]:
        return [
            (group, path.name)
            for group in GROUPS
            if (self.root / group).is_dir()
            for path in sorted((self.root / group).iterdir())
            if Table.exists(path)
        ]

    def _path(self, group: Group, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise InvalidInput.of(
                "table", name, "is not a table name.", "Use small letters, digits and underscores."
            )
        return self.root / group / name

    def _writer(self, group: Group, name: str, schema: pa.Schema) -> Table:
        """The one handle that writes this table; made with these columns when it is new."""
        path = self._path(group, name)
        if path in self._writers:
            return self._writers[path].refresh()
        return self._writers.setdefault(path, Table.create(path, schema))

    def _reader(self, group: Group, name: str) -> Table | None:
        """A handle of its own for reading, so that a long load does not keep readers waiting."""
        path = self._path(group, name)
        if path in self._readers:
            return self._readers[path].refresh()
        if not Table.exists(path):
            return None
        return self._readers.setdefault(path, Table(path))


def _info(group: Group, name: str, table: Table) -> TableInfo:
    files = table.files()
    return TableInfo(
        group=group,
        name=name,
        rows=sum(file["num_records"] for file in files),
        files=len(files),
        bytes=sum(file["size_bytes"] for file in files),
        version=table.version,
    )
