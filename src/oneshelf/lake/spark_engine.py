"""Spark: the engine for a lake that is larger than one machine. The same expressions, the same rows."""

from __future__ import annotations

import logging
import socket
from urllib.parse import urlsplit

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
import sqlglot
import sqlglot.expressions as sge

from oneshelf.errors import Unavailable
from oneshelf.lake.engine import LakeEngine
from oneshelf.lake.tables import Lake, Snapshot

try:
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]
    from pyspark.errors import PySparkException
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.connect.session import SparkSession as ConnectSession
    from pyspark.sql.pandas.types import from_arrow_schema
except ImportError as error:
    raise Unavailable(
        "Spark is not installed.", 'Run `pip install "oneshelf[spark]"`, or set engine = "duckdb".'
    ) from error

#: Of every session that we start.
_SESSION = {
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    # A year is 365 folders of one file; listing them is quicker than a job of 365 tasks that lists them.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "10000",
}

#: Of a Spark inside this process: nothing listens beyond this machine, and a shuffle suits two cores rather than two hundred.
_LOCAL = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
    "spark.ui.enabled": "false",
}

#: Where Spark listens when the URL does not say.
DEFAULT_PORTS = {"sc": 15002, "spark": 7077}

#: How long to wait for a host before another is tried.
REACH_SECONDS = 5.0

_START = "Start it, or set engine to another: duckdb needs none."


# PySpark logs the text of a query that fails, and with it the values in it.
logging.getLogger("SQLQueryContextLogger").disabled = True


class SparkEngine(LakeEngine):
    """Runs analysis on Spark: in this process (`local[2]`), on a cluster (`spark://`) or over Spark Connect (`sc://`).

    The cluster must see the lake's folder under the same path. A classic session is one a process: closing the engine ends it.
    """

    name = "spark"

    def __init__(self, lake: Lake, url: str) -> None:
        super().__init__(lake)
        self._session = _session(url)
        self._connection = ibis.pyspark.connect(self._session)

    def close(self) -> None:
        """End the session."""
        with self._lock:
            self._session.stop()

    def _scan(self, name: str, snapshot: Snapshot) -> ir.Table:
        # With the schema given, a file that is older than a field reads as null there, at any depth.
        files = self._session.read.schema(from_arrow_schema(snapshot.schema)).option(
            "basePath", snapshot.root
        )
        files.parquet(*snapshot.files).createOrReplaceTempView(name)
        return self._connection.table(name)

    def _forget(self, scan: ir.Table) -> None:
        self._session.catalog.dropTempView(scan.get_name())

    def _run(self, expression: ir.Expr) -> pa.Table:
        table = expression.as_table()
        held = list(table.op().find(ops.InMemoryTable))
        try:
            for rows in held:
                self._hold(rows)
            return self._collect(table)
        except (PySparkException, Py4JError) as error:
            # The message may quote values, so only its kind is told; the original follows as the cause.
            raise Unavailable(
                f"Spark could not run the analysis ({type(error).__name__}).",
                "See that the cluster is up and sees the lake's folder, and run it again.",
            ) from error
        finally:
            for rows in held:
                self._session.catalog.dropTempView(rows.name)

    def _hold(self, rows: ops.InMemoryTable) -> None:
        """Register rows in memory, by Arrow: the way through pandas that Ibis takes loses nulls of integers and nested types."""
        data = rows.data.to_pyarrow(rows.schema)
        frame = self._session.createDataFrame(data, schema=from_arrow_schema(data.schema))
        frame.createOrReplaceTempView(rows.name)

    def _collect(self, table: ir.Table) -> pa.Table:
        compiled = self._connection.compiler.to_sqlglot(table).transform(_as_double)
        query = compiled.sql(dialect=self._connection.dialect, unsupported_level=sqlglot.ErrorLevel.RAISE)
        frame: DataFrame = self._session.sql(query)
        return frame.toArrow().cast(table.schema().to_pyarrow())


def _as_double(node: sge.Expression) -> sge.Expression:
    """Say that 120.0 is a double. To Spark a plain 120.0 is a DECIMAL(4, 1), and 1/120.0 is 0.008333, with nothing after it."""
    if isinstance(node, sge.Literal) and not node.is_string and not node.is_int:
        return sge.cast(node, "double")
    return node


def _session(url: str) -> SparkSession | ConnectSession:
    remote = url.startswith("sc://")
    if not url.startswith("local"):
        _reach(url)
    # The Connect class itself, because the common builder would bind this process to Connect for good; and its `create`,
    # because each engine has a Connect session of its own. A classic session can exist once a process only.
    builder = (
        ConnectSession.Builder().remote(url)
        if remote
        else SparkSession.Builder().master(url).appName("oneshelf")
    )
    for key, value in (_SESSION | (_LOCAL if url.startswith("local") else {})).items():
        builder = builder.config(key, value)
    try:
        return builder.create() if remote else builder.getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise Unavailable(f"There is no Spark at {url}.", _START) from error


def _reach(url: str) -> None:
    """Raise Unavailable when nobody listens there; Spark itself would only say so after minutes."""
    addresses = url.split("://", 1)[1].split(",")
    for address in addresses:
        host = urlsplit(f"//{address}")
        try:
            socket.create_connection(
                (host.hostname, host.port or DEFAULT_PORTS[urlsplit(url).scheme]), timeout=REACH_SECONDS
            ).close()
            return
        except OSError:
            continue
    raise Unavailable(f"Nobody answers at {url}.", _START)
