"""Choosing the engine by its URL."""

from __future__ import annotations

from oneshelf.errors import SettingsError
from oneshelf.lake.duckdb_engine import DuckDBEngine
from oneshelf.lake.engine import Engine
from oneshelf.lake.tables import Lake


def open_engine(lake: Lake, url: str) -> Engine:
    """Open the engine that `Settings.engine` names: `duckdb`, `local[2]`, `spark://host:port` or `sc://host:port`.

    Raises SettingsError for anything else, Unavailable when Spark is not installed or not there.
    """
    if url == "duckdb":
        return DuckDBEngine(lake)
    if url.startswith(("local", "spark://", "sc://")):
        from oneshelf.lake.spark_engine import SparkEngine  # noqa: PLC0415  # Spark may not be installed

        return SparkEngine(lake, url)
    raise SettingsError(
        f"engine = {url!r} is not an engine.", "Use duckdb, local[2], spark://host:7077 or sc://host:15002."
    )
