from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest

from oneshelf.errors import Conflict, InvalidInput, NotFound, Unavailable
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake import files
from oneshelf.lake.delta import Table
from oneshelf.lake.engine import Engine
from oneshelf.lake.tables import Lake, Reference
from oneshelf.testing.shop import Shop

PRODUCTS = pa.table({"id": ["p-1", "p-2"], "name": ["茶", "milk"]})
SHA, OTHER = "a" * 64, "b" * 64


def test_a_load_is_a_version_and_the_same_file_again_is_none(lake: Lake, engine: Engine) -> None:
    assert lake.reference_version("products") is None
    assert lake.load_reference("products", PRODUCTS, sha256=SHA) == 1
    assert lake.load_reference("products", PRODUCTS, sha256=SHA) == 1
    assert Lake(lake.root).load_reference("products", PRODUCTS, sha256=SHA) == 1
    assert lake.reference_version("products") == Reference(version=1, sha256=SHA)
    assert engine.run(engine.reference("products")).equals(PRODUCTS)
    assert lake.tables()[0].rows == 2


def test_a_new_version_replaces_rows_and_columns_whole(lake: Lake, engine: Engine) -> None:
    lake.load_reference("products", PRODUCTS, sha256=SHA)
    newer = pa.table({"id": ["p-3"], "price_minor": pa.array([250], pa.int64()), "since": [date(2026, 3, 2)]})
    assert lake.load_reference("products", newer, sha256=OTHER) == 2
    assert engine.run(engine.reference("products")).equals(newer)
    assert lake.load_reference("products", PRODUCTS, sha256=SHA) == 3, "going back is a version, too"
    assert lake.reference_version("products") == Reference(version=3, sha256=SHA)


def test_the_hash_is_in_the_log_and_survives_its_cleaning(lake: Lake) -> None:
    lake.load_reference("products", PRODUCTS, sha256=SHA)
    (commit,) = Table(lake.root / "reference" / "products")._delta.history(1)
    assert (commit["sha256"], commit["rows"]) == (SHA, 2)
    lake.compact(retention_hours=0)
    assert Lake(lake.root).reference_version("products") == Reference(version=1, sha256=SHA)


def test_a_stream_is_written_as_it_comes_in_files_of_bounded_length(
    lake: Lake, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "FILE_ROWS_MAX", 2_500)
    schema = pa.schema([("n", pa.int64())])

    def stream() -> Iterator[pa.RecordBatch]:
        for start in range(0, 10_000, 1_000):
            yield pa.record_batch([pa.array(range(start, start + 1_000))], schema)

    lake.load_reference("numbers", pa.RecordBatchReader.from_batches(schema, stream()), sha256=SHA)
    (info,) = lake.tables()
    assert (info.rows, info.files) == (10_000, 4)
    numbers = engine.reference("numbers")
    assert engine.run(numbers.agg(n=numbers.n.nunique(), s=numbers.n.sum())).to_pylist() == [
        {"n": 10_000, "s": 49_995_000}
    ]


def test_no_rows_are_a_version_with_columns(lake: Lake, engine: Engine) -> None:
    lake.load_reference("products", PRODUCTS.slice(0, 0), sha256=SHA)
    assert lake.reference_version("products") == Reference(version=1, sha256=SHA)
    assert engine.run(engine.reference("products")).schema.names == ["id", "name"]


def test_a_stream_that_breaks_changes_nothing_and_leaves_nothing(lake: Lake, engine: Engine) -> None:
    lake.load_reference("products", PRODUCTS, sha256=SHA)

    def broken() -> Iterator[pa.RecordBatch]:
        yield from PRODUCTS.to_batches()
        raise OSError("the file ends here")

    with pytest.raises(OSError, match="ends here"):
        lake.load_reference(
            "products", pa.RecordBatchReader.from_batches(PRODUCTS.schema, broken()), sha256=OTHER
        )
    assert lake.reference_version("products") == Reference(version=1, sha256=SHA)
    assert len(list(lake.root.rglob("*.parquet"))) == 1


def test_of_two_loads_at_once_one_is_refused(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lake.load_reference("products", PRODUCTS, sha256=SHA)
    other = Lake(lake.root)

    def loaded_meanwhile() -> Iterator[pa.RecordBatch]:
        other.load_reference("products", PRODUCTS, sha256="c" * 64)
        yield from PRODUCTS.to_batches()

    reader = pa.RecordBatchReader.from_batches(PRODUCTS.schema, loaded_meanwhile())
    with pytest.raises(Conflict, match="products"):
        lake.load_reference("products", reader, sha256=OTHER)
    assert lake.reference_version("products") == Reference(version=2, sha256="c" * 64)


def test_a_table_that_was_never_loaded_is_told_or_empty_as_the_caller_wants(
    lake: Lake, engine: Engine
) -> None:
    with pytest.raises(NotFound, match="products"):
        engine.reference("products")
    empty = engine.run(engine.reference("products", PRODUCTS.schema))
    assert (empty.num_rows, empty.schema.names) == (0, ["id", "name"])


@pytest.mark.parametrize("name", ["", "../books", "Products", "a/b"])
def test_a_name_that_is_no_table_name_is_refused(lake: Lake, name: str) -> None:
    with pytest.raises(InvalidInput, match="table"):
        lake.load_reference(name, PRODUCTS, sha256=SHA)


def test_a_hash_that_is_none_is_refused(lake: Lake) -> None:
    with pytest.raises(InvalidInput, match="sha256"):
        lake.load_reference("products", PRODUCTS, sha256="../" + "a" * 61)


def test_a_damaged_log_is_told(lake: Lake, tmp_path: Path) -> None:
    lake.load_reference("products", PRODUCTS, sha256=SHA)
    for entry in (lake.root / "reference" / "products" / "_delta_log").glob("*.json"):
        entry.write_text("{not json")
    with pytest.raises(Unavailable, match="products"):
        Lake(lake.root).tables()


def test_events_are_appended_while_a_long_load_goes_on(
    lake: Lake, shop: Shop, day_of: Callable[[Event], date], batches: Callable[..., Iterator[list[Recorded]]]
) -> None:
    batch = next(batches(shop.events, size=20))

    def appended_meanwhile() -> Iterator[pa.RecordBatch]:
        beside = Thread(target=lambda: lake.append(batch, day_of, until=1), daemon=True)
        beside.start()
        beside.join(30)
        assert not beside.is_alive(), "the append waits for the load"
        yield from PRODUCTS.to_batches()

    reader = pa.RecordBatchReader.from_batches(PRODUCTS.schema, appended_meanwhile())
    assert lake.load_reference("products", reader, sha256=SHA) == 1
    assert sum(info.rows for info in lake.tables() if info.group == "events") == 20
