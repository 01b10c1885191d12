import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from oneshelf.errors import InvalidInput
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.delta import JOURNAL, Table
from oneshelf.lake.engines import open_engine
from oneshelf.lake.tables import Lake
from oneshelf.testing.shop import Shop

Batches = Callable[..., Iterator[list[Recorded]]]


def test_a_copy_answers_as_its_original_and_takes_up_where_it_was(
    shop_lake: Lake, tmp_path: Path, shop: Shop, day_of: Callable[[Event], date], batches: Batches
) -> None:
    shop_lake.copy_to(tmp_path / "copy")
    copy = Lake(tmp_path / "copy")
    assert copy.tables() == shop_lake.tables()
    for engine in (open_engine(copy, "duckdb"), open_engine(shop_lake, "duckdb")):
        orders = engine.events("order.completed")
        assert engine.run(orders.agg(n=orders.event_id.nunique())).to_pylist() == [{"n": shop.truth.orders}]
        engine.close()
    everything = next(batches(shop.events, size=len(shop.events)))
    assert copy.append(everything, day_of, until=1) == set()


def test_a_copy_made_while_others_write_is_one_version_of_each_table(
    lake: Lake, tmp_path: Path, shop: Shop, day_of: Callable[[Event], date], batches: Batches
) -> None:
    events = [event for event in shop.events if event.kind == "order.completed"][:160]
    lake.load_reference("products", pa.table({"id": ["p"]}), sha256="a" * 64)
    journal = list(batches(events, size=2))
    for batch in journal[:10]:
        lake.append(batch, day_of, until=batch[-1].offset)

    def write() -> None:
        for batch in journal[10:]:
            lake.append(batch, day_of, until=batch[-1].offset)
            if batch[-1].offset % 40 == 0:
                lake.compact()

    writer = threading.Thread(target=write)
    writer.start()
    number = 0
    while writer.is_alive() or number == 0:
        target = tmp_path / f"copy-{number}"
        lake.copy_to(target)
        table = Table(target / "events" / "order_completed")
        ids = Counter(table._delta.to_pyarrow_table(columns=["event_id"])["event_id"].to_pylist())
        assert ids == Counter(event.id for event in events[: 2 * table.done(JOURNAL)])
        number += 1
    writer.join()


def test_a_copy_over_something_else_is_refused(shop_lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(InvalidInput, match="target"):
        shop_lake.copy_to(tmp_path)
