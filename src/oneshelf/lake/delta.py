"""One Delta table: its handle, its commits, and the flushing of its log."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import CommitFailedError, DeltaError
from deltalake.transaction import AddAction, RemoveAction

from oneshelf.errors import Conflict, Unavailable
from oneshelf.lake.files import discard, make_folder, sync_file, sync_folder
from oneshelf.lake.schema import DAY

#: The application whose Delta transaction version is the journal offset up to which a table is complete.
JOURNAL = "journal"

#: The application that every commit which replaces files counts up. Two replacements of a day that was empty have no file in
#: common, so Delta alone would let both pass and double the day; with a version of their own, one is refused. Of a reference
#: table, whose only commits are loads, the count is the version that people see.
REWRITE = "rewrite"

#: A checkpoint of the log every so many commits; delta-rs writes it, and we flush it.
CHECKPOINT_COMMITS = 100

LOG = "_delta_log"

_CONFIGURATION = {
    "delta.checkpointInterval": str(CHECKPOINT_COMMITS),
    "delta.logRetentionDuration": "interval 7 days",
}


class Table:
    """A handle on one Delta table. It sees the version of its last `refresh`; commits go through what it has seen."""

    def __init__(self, path: Path) -> None:
        """Open an existing table. Raises Unavailable when its log cannot be read."""
        self.path = path
        try:
            self._delta = DeltaTable(str(path))
        except DeltaError as error:
            raise Unavailable(
                f"The lake table {path.name} cannot be read: its log is damaged.",
                "Restore it from a backup.",
            ) from error
        self._synced: int | None = None

    @classmethod
    def exists(cls, path: Path) -> bool:
        """Whether a table was ever made here."""
        return (path / LOG).is_dir() and DeltaTable.is_deltatable(str(path))

    @classmethod
    def create(cls, path: Path, schema: pa.Schema) -> Table:
        """Open the table, making it first where there is none; with a `day` column it is partitioned by day."""
        if not cls.exists(path):
            make_folder(path / LOG)
            DeltaTable.create(
                str(path),
                schema,
                mode="ignore",
                partition_by=[DAY] if DAY in schema.names else None,
                configuration=_CONFIGURATION,
            )
        return cls(path)

    @property
    def version(self) -> int:
        """The Delta version that this handle sees."""
        return int(self._delta.version())

    @property
    def schema(self) -> pa.Schema:
        """The columns that the table has now; older files may lack some."""
        return pa.schema(self._delta.schema().to_arrow())

    def refresh(self) -> Table:
        """See what others have committed since."""
        self._delta.update_incremental()
        return self

    def done(self, application: str) -> int:
        """The newest transaction version that this application has committed here, 0 when none."""
        return int(self._delta.transaction_version(application) or 0)

    def uris(self, days: tuple[date, date] | None = None) -> list[str]:
        """The data files, of all days or of the days from the first to the last, both included."""
        if days is None:
            return sorted(self._delta.file_uris())
        first, last = (day.isoformat() for day in days)
        return sorted(self._delta.file_uris(file_pruning_predicate=[(DAY, ">=", first), (DAY, "<=", last)]))

    def files(self) -> list[dict[str, Any]]:
        """Every data file as `path`, `size_bytes`, `num_records`, `partition` (its day in ISO form, or None)."""
        actions = pa.table(self._delta.get_add_actions(flatten=True))
        day = f"partition.{DAY}"
        names = ["path", "size_bytes", "num_records"] + ([day] if day in actions.column_names else [])
        rows = actions.select(names).to_pylist()
        for row in rows:
            found = row.pop(day, None)
            row["partition"] = found.isoformat() if found else None
        return sorted(rows, key=lambda row: str(row["path"]))

    def evolve(self, wanted: pa.Schema) -> None:
        """Add the columns, and the fields of nested columns, that the table lacks; it never loses any.

        Raises Conflict when another handle was first.
        """
        if _lacks(pa.struct(list(self.schema)), pa.struct(list(wanted))):
            try:
                write_deltalake(self._delta, wanted.empty_table(), mode="append", schema_mode="merge")
            except CommitFailedError as error:
                raise self._conflict() from error
            self.refresh()

    def append(self, added: Sequence[AddAction], schema: pa.Schema, *, until: int) -> None:
        """Commit files as the journal's rows up to `until`. Raises Conflict when another handle was first."""
        self._commit(added, "append", schema, {JOURNAL: until})

    def rewrite(
        self,
        added: Sequence[AddAction],
        removed: Iterable[dict[str, Any]],
        schema: pa.Schema,
        *,
        changes: bool,
    ) -> None:
        """Commit files in the place of others. `changes` says whether the rows differ or only lie elsewhere."""
        now = time.time_ns() // 1_000_000
        for action in added:
            action.data_change = changes
        removals = [
            RemoveAction(
                file["path"],
                changes,
                now,
                file["size_bytes"],
                {DAY: file["partition"]} if file["partition"] else {},
            )
            for file in removed
        ]
        self._commit([*added, *removals], "append", schema, {REWRITE: self.done(REWRITE) + 1})

    def overwrite(self, added: Sequence[AddAction], schema: pa.Schema, *, notes: dict[str, Any]) -> int:
        """Commit files as all that the table holds, under a schema of their own. Returns the new count of rewrites."""
        count = self.done(REWRITE) + 1
        self._commit(added, "overwrite", schema, {REWRITE: count}, notes)
        return count

    def _commit(
        self,
        actions: Sequence[AddAction | RemoveAction],
        mode: str,
        schema: pa.Schema,
        versions: dict[str, int],
        notes: dict[str, Any] | None = None,
    ) -> None:
        properties = CommitProperties(
            custom_metadata=notes,
            app_transactions=[Transaction(name, version) for name, version in versions.items()],
        )
        partition_by = [DAY] if DAY in schema.names else []
        try:
            self._delta.create_write_transaction(
                list(actions), mode, schema, partition_by, commit_properties=properties
            )
        except CommitFailedError as error:
            discard(self.path, [action for action in actions if isinstance(action, AddAction)])
            raise self._conflict() from error
        self.refresh()
        self.sync_log()

    def _conflict(self) -> Conflict:
        return Conflict(
            f"Somebody else wrote to the lake table {self.path.name} first.",
            "Read its version again and retry.",
        )

    def sync_log(self) -> None:
        """Flush every log entry up to the version seen, whoever wrote it: an entry is worth nothing without those before it."""
        log = self.path / LOG
        if self._synced is None:
            # A process before us may have died between its commit and its flush.
            entries = [path for path in log.iterdir() if path.is_file()]
        else:
            entries = []
            for version in range(self._synced + 1, self.version + 1):
                entries.append(log / f"{version:020}.json")
                if version % CHECKPOINT_COMMITS == 0:
                    entries += [log / f"{version:020}.checkpoint.parquet", log / "_last_checkpoint"]
        for entry in entries:
            sync_file(entry)
        sync_folder(log)
        self._synced = self.version

    def vacuum(self, retention_hours: int) -> list[str]:
        """Delete files that no version of the last hours names, and leftovers of writers that died. Returns their paths."""
        return list(
            self._delta.vacuum(
                retention_hours=retention_hours, dry_run=False, enforce_retention_duration=False, full=True
            )
        )


def _lacks(have: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a wanted type has a field, at any depth, that is not there yet."""
    if pa.types.is_struct(wanted):
        return any(
            have.get_field_index(field.name) < 0 or _lacks(have.field(field.name).type, field.type)
            for field in wanted
        )
    if pa.types.is_list(wanted):
        return _lacks(have.value_type, wanted.value_type)
    return False
