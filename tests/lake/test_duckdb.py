import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Event as Signal
from threading import Thread

import ibis
import pyarrow as pa
import pytest

from oneshelf.errors import SettingsError, Unavailable
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake import engine as engine_module
from oneshelf.lake import tables as tables_module
from oneshelf.lake.duckdb_engine import DuckDBEngine
from oneshelf.lake.engine import Engine
from oneshelf.lake.engines import open_engine
from oneshelf.lake.schema import arrow_schema
from oneshelf.lake.tables import Lake
from oneshelf.testing.shop import FIRST_DAY, Shop

Batches = Callable[..., Iterator[list[Recorded]]]
DayOf = Callable[[Event], date]


def count(engine: Engine, kind: str, days: tuple[date, date] | None = None) -> int:
    events = engine.events(kind, days=days)
    (row,) = engine.run(events.agg(n=events.count())).to_pylist()
    return int(row["n"])


def test_a_kind_that_never_happened_is_an_empty_table_with_its_columns(engine: Engine) -> None:
    rows = engine.run(engine.events("order.completed"))
    assert rows.num_rows == 0
    assert rows.schema.equals(arrow_schema("order.completed"))


def test_rows_come_back_under_the_types_of_the_schema(shop_lake: Lake) -> None:
    engine = open_engine(shop_lake, "duckdb")
    for kind in ("order.completed", "stock.counted", "person.identified"):
        assert engine.run(engine.events(kind).limit(3)).schema.equals(arrow_schema(kind))
    engine.close()


def test_days_are_read_from_their_own_files_only(shop_lake: Lake, shop: Shop, day_of: DayOf) -> None:
    engine = open_engine(shop_lake, "duckdb")
    first, last = FIRST_DAY.replace(day=5), FIRST_DAY.replace(day=9)
    orders = [day_of(event) for event in shop.events if event.kind == "order.completed"]
    assert count(engine, "order.completed", (first, last)) == sum(first <= day <= last for day in orders)
    assert count(engine, "order.completed", (date(2001, 1, 1), date(2001, 1, 2))) == 0
    snapshot = shop_lake.snapshot("events", "order_completed", (first, last))
    assert snapshot is not None
    assert {Path(file).parent.name for file in snapshot.files} == {
        f"day=2026-03-0{number}" for number in range(5, 10)
    }
    engine.close()


def test_what_was_appended_after_the_engine_was_opened_is_seen(
    lake: Lake, engine: Engine, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    for batch in batches([event for event in shop.events if event.kind == "order.completed"][:40], size=10):
        lake.append(batch, day_of, until=batch[-1].offset)
        assert count(engine, "order.completed") == 10 * batch[-1].offset


def test_files_from_before_a_field_give_null_at_any_depth(
    lake: Lake, engine: Engine, shop: Shop, day_of: DayOf, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [event for event in shop.events if event.kind == "order.completed"][:20]
    older, newer = list(batches(orders, size=10))
    without = without_newest_fields(arrow_schema("order.completed"))
    with monkeypatch.context() as patch:
        write = tables_module.rows_of
        patch.setattr(tables_module, "arrow_schema", lambda kind: without)
        patch.setattr(tables_module, "rows_of", lambda *given: engine_free_cast(write(*given), without))
        lake.append(older, day_of, until=1)
    shown = engine.events("order.completed").order_by("offset", "index")
    rows = engine.run(shown).to_pylist()
    assert [row["order_id"] for row in rows] == [None] * 10, "only old files: the column is made up of nulls"
    assert all(line["coupon_minor"] is None for row in rows for line in row["lines"])
    lake.append(newer, day_of, until=2)
    lake.append([], day_of, until=3)
    rows = engine.run(engine.events("order.completed").order_by("offset", "index")).to_pylist()
    assert [row["order_id"] for row in rows] == [None] * 10 + [event.body.order_id for event in orders[10:]]
    assert {line["coupon_minor"] for row in rows[10:] for line in row["lines"]} == {0}
    before = engine.run(engine.events("order.completed").order_by("offset", "index"))
    lake.compact()
    assert engine.run(engine.events("order.completed").order_by("offset", "index")).equals(before)


def without_newest_fields(schema: pa.Schema) -> pa.Schema:
    """As if `order_id` and each line's `coupon_minor` had not been invented."""
    lines = schema.field("lines").type
    fewer = pa.struct([field for field in lines.value_type if field.name != "coupon_minor"])
    fields = [
        pa.field("lines", pa.list_(pa.field("element", fewer))) if f.name == "lines" else f for f in schema
    ]
    return pa.schema([field for field in fields if field.name != "order_id"])


def engine_free_cast(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                **row,
                "lines": [{k: v for k, v in line.items() if k != "coupon_minor"} for line in row["lines"]],
            }
            for row in rows.drop_columns(["order_id"]).to_pylist()
        ],
        schema,
    )


def test_rows_in_memory_join_with_the_lake(shop_lake: Lake, shop: Shop) -> None:
    engine = open_engine(shop_lake, "duckdb")
    orders = engine.events("order.completed")
    some = engine.memory(pa.table({"person_id": ["person-1", "person-2"]}))
    found = engine.run(
        orders.join(some, "person_id").group_by("person_id").agg(n=lambda t: t.count())
    ).to_pylist()
    assert {row["person_id"]: row["n"] for row in found} == {
        person: shop.truth.people[person].orders for person in ("person-1", "person-2")
    }
    engine.close()


def test_many_threads_may_ask_at_once(shop_lake: Lake, shop: Shop) -> None:
    engine = open_engine(shop_lake, "duckdb")
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(lambda _: count(engine, "order.completed"), range(24)))
    assert counts == [shop.truth.orders] * 24
    engine.close()


def test_old_scans_are_forgotten(
    lake: Lake, engine: Engine, shop: Shop, day_of: DayOf, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "SCANS_MAX", 2)
    for batch in batches([event for event in shop.events if event.kind == "order.completed"][:40], size=10):
        lake.append(batch, day_of, until=batch[-1].offset)
        assert count(engine, "order.completed") == 10 * batch[-1].offset
    assert isinstance(engine, DuckDBEngine)
    views = engine._connection.con.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall()
    assert len(views) == 2


def test_a_query_that_fails_is_told_without_its_data(engine: Engine) -> None:
    names = engine.memory(pa.table({"name": ["Ms Secret"]}))
    with pytest.raises(Unavailable, match="DuckDB could not run") as caught:
        engine.run(names.select(n=names.name.cast("int64")))
    assert "Secret" not in str(caught.value)


def test_larger_than_memory_spills_to_a_folder_that_closing_removes(lake: Lake) -> None:
    engine = DuckDBEngine(lake, memory_bytes_max=64 * 2**20)
    numbers = ibis.range(0, 3_000_000).unnest().name("n").as_table()
    # three million rows of a number, its hash and its text are twice the limit
    ranked = numbers.mutate(
        turn=ibis.row_number().over(ibis.window(order_by=numbers.n.hash())), text=numbers.n.cast("string")
    )
    folder, spilled, done = Path(engine._spill.name), [0], Signal()

    def watch() -> None:
        while not done.wait(0.01):
            spilled.append(len(list(folder.iterdir())))

    watcher = Thread(target=watch)
    watcher.start()
    found = engine.run(ranked.agg(turns=ranked.turn.max(), last=ranked.text.max())).to_pylist()
    done.set()
    watcher.join()
    assert found == [{"turns": 2_999_999, "last": "999999"}]
    assert max(spilled) > 0
    engine.close()
    assert not folder.exists()


@pytest.mark.parametrize("url", ["", "sqlite", "postgresql://host"])
def test_another_engine_is_refused_with_the_known_ones(lake: Lake, url: str) -> None:
    with pytest.raises(SettingsError, match="duckdb"):
        open_engine(lake, url)


def test_spark_that_is_not_installed_is_told_with_the_command_that_installs_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] in ("pyspark", "py4j")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "oneshelf.lake.spark_engine", raising=False)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    monkeypatch.setitem(sys.modules, "py4j", None)
    with pytest.raises(Unavailable, match=r"oneshelf\[spark\]"):
        open_engine(lake, "local[2]")
