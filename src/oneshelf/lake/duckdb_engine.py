"""DuckDB in this process: the default engine."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from oneshelf.errors import Unavailable
from oneshelf.lake.engine import LakeEngine
from oneshelf.lake.tables import Lake, Snapshot


class DuckDBEngine(LakeEngine):
    """Runs analysis in an in-memory DuckDB over the lake's files. Larger than half the machine's memory spills to disk."""

    name = "duckdb"

    def __init__(self, lake: Lake, *, memory_bytes_max: int | None = None) -> None:
        super().__init__(lake)
        self._spill = TemporaryDirectory(prefix="oneshelf-duckdb-")
        limit = memory_bytes_max or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
        self._connection = ibis.duckdb.connect(
            memory_limit=f"{limit // 2**20}MiB",
            temp_directory=self._spill.name,
            # Data files never change under their name, so their footers need reading once.
            parquet_metadata_cache=True,
            # Nothing is fetched from the network behind the user's back.
            autoinstall_known_extensions=False,
        )

    def close(self) -> None:
        """Close the database and delete what it spilled."""
        with self._lock:
            self._connection.disconnect()
            self._spill.cleanup()

    def _scan(self, name: str, snapshot: Snapshot) -> ir.Table:
        # By name, because files written before a kind got a new field lack its column.
        return self._connection.read_parquet(
            list(snapshot.files), table_name=name, hive_partitioning=True, union_by_name=True
        )

    def _forget(self, scan: ir.Table) -> None:
        # By hand, because the statement that Ibis 12 makes with recent sqlglot lacks the name. The name is our own.
        self._connection.raw_sql(f'DROP VIEW "{scan.get_name()}"')

    def _run(self, expression: ir.Expr) -> pa.Table:
        try:
            return self._connection.to_pyarrow(expression.as_table())
        except duckdb.Error as error:
            # The message may quote values, so only its kind is told; the original follows as the cause.
            raise Unavailable(
                f"DuckDB could not run the analysis ({type(error).__name__}).",
                "Run it again; if it stays, see the log for the query.",
            ) from error
