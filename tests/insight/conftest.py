"""Events as the lake's tables, on a DuckDB of its own."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import ibis
import pyarrow as pa
import pytest

from oneshelf.events.catalogue import KINDS
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.schema import arrow_schema, rows_of
from oneshelf.words.goods import Product

Tables = dict[str, ibis.Table]


@pytest.fixture
def connection() -> ibis.BaseBackend:
    return ibis.duckdb.connect()


@pytest.fixture
def tables_of() -> Callable[[Sequence[Event]], Tables]:
    """Every kind's table of the given events, their days in UTC."""

    def tables(events: Sequence[Event]) -> Tables:
        made = {}
        for kind in KINDS:
            recorded = [
                Recorded(
                    offset=1 + at // 7,
                    index=at % 7,
                    recorded_at=datetime(2030, 1, 1, tzinfo=UTC),
                    event=event,
                )
                for at, event in enumerate(events)
                if event.kind == kind
            ]
            days = [each.event.happened_at.astimezone(UTC).date() for each in recorded]
            rows = rows_of(kind, recorded, days) if recorded else arrow_schema(kind).empty_table()
            made[kind] = ibis.memtable(rows)
        return made

    return tables


@pytest.fixture
def links_of() -> Callable[[dict[str, str]], ibis.Table]:
    def links(pairs: dict[str, str]) -> ibis.Table:
        schema = pa.schema([("identifier", pa.string()), ("person_id", pa.string())])
        rows = [{"identifier": i, "person_id": p} for i, p in pairs.items()]
        return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))

    return links


@pytest.fixture
def catalogue_of() -> Callable[[Sequence[Product]], ibis.Table]:
    def catalogue(products: Sequence[Product]) -> ibis.Table:
        names = ("id", "name", "department", "category", "type", "brand")
        schema = pa.schema([(name, pa.string()) for name in names])
        rows = [{name: getattr(product, name) for name in names} for product in products]
        return ibis.memtable(pa.Table.from_pylist(rows, schema=schema))

    return catalogue
