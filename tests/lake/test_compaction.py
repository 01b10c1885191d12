import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import msgspec
import pyarrow as pa
import pytest

from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake import compaction
from oneshelf.lake.compaction import compact_table, conform
from oneshelf.lake.delta import JOURNAL, Table
from oneshelf.lake.engine import Engine
from oneshelf.lake.tables import Lake
from oneshelf.testing.shop import Shop

Batches = Callable[..., Iterator[list[Recorded]]]
DayOf = Callable[[Event], date]


def orders(shop: Shop, count: int) -> list[Event]:
    return [event for event in shop.events if event.kind == "order.completed"][:count]


def ids(lake: Lake) -> Counter[str]:
    table = Table(lake.root / "events" / "order_completed")
    return Counter(table._delta.to_pyarrow_table(columns=["event_id"])["event_id"].to_pylist())


def fill(lake: Lake, events: list[Event], day_of: DayOf, batches: Batches) -> None:
    for batch in batches(events, size=10):
        lake.append(batch, day_of, until=batch[-1].offset)


def test_the_small_files_of_a_day_become_one_and_the_offset_stays(
    lake: Lake, engine: Engine, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    fill(lake, orders(shop, 100), day_of, batches)
    before = engine.run(engine.events("order.completed").order_by("event_id"))
    days = {day_of(event) for event in orders(shop, 100)}
    files = lake.tables()[0].files
    (done,) = lake.compact()
    assert (done.table, done.deleted) == ("order_completed", 0)
    assert lake.tables()[0].files == len(days) == files - done.merged + done.made
    assert engine.run(engine.events("order.completed").order_by("event_id")).equals(before)
    assert Table(lake.root / "events" / "order_completed").done(JOURNAL) == 10
    assert lake.append(next(batches(orders(shop, 100), size=100)), day_of, until=10) == set()
    assert lake.compact() == [], "what is compact already is left alone"


def test_replaced_files_stay_for_readers_until_the_retention_is_over(
    lake: Lake, engine: Engine, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    fill(lake, orders(shop, 40), day_of, batches)
    held = engine.events("order.completed")
    lake.compact()
    assert engine.run(held.count()).to_pylist() == [{"CountStar()": 40}]
    leftover = lake.root / "events" / "order_completed" / "day=2026-03-02" / "of-a-dead-writer.parquet"
    leftover.write_bytes(b"half")
    (done,) = lake.compact(retention_hours=0)
    assert done.deleted > 1
    assert not leftover.exists()
    named = {uri.rsplit("/", 1)[1] for uri in Table(lake.root / "events" / "order_completed").uris()}
    assert {path.name for path in (lake.root / "events").rglob("day=*/*.parquet")} == named
    assert ids(lake) == Counter(event.id for event in orders(shop, 40))


def test_compaction_beside_appends_loses_and_doubles_nothing(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    events = orders(shop, 300)
    merged = []
    done = threading.Event()

    def compact_all_the_time() -> None:
        while not done.is_set():
            merged.extend(Lake(lake.root).compact())

    beside = threading.Thread(target=compact_all_the_time)
    beside.start()
    try:
        fill(lake, events, day_of, batches)
    finally:
        done.set()
        beside.join()
    assert merged, "they never met"
    assert ids(lake) == Counter(event.id for event in events)
    assert Table(lake.root / "events" / "order_completed").done(JOURNAL) == 30


def test_an_append_passes_over_a_compaction_that_it_has_not_seen(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = orders(shop, 60)
    fill(lake, events[:50], day_of, batches)
    Lake(lake.root).compact()
    last = next(batches(events[50:], first_offset=6))
    monkeypatch.setattr(
        Lake, "_writer", lambda lake, group, name, schema: lake._writers[lake._path(group, name)]
    )
    lake.append(last, day_of, until=6)
    assert ids(lake) == Counter(event.id for event in events)


def test_of_two_compactions_at_once_one_gives_way(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = orders(shop, 40)
    fill(lake, events, day_of, batches)
    path = lake.root / "events" / "order_completed"
    write = compaction.write_file
    inner = []

    def written_beside_another(*args: object, **named: object) -> object:
        if not inner:
            inner.append(None)
            monkeypatch.setattr(compaction, "write_file", write)
            inner.append(compact_table(path, merge=True))
        return write(*args, **named)

    monkeypatch.setattr(compaction, "write_file", written_beside_another)
    assert compact_table(path, merge=True) is None
    assert inner[1] is not None
    assert ids(lake) == Counter(event.id for event in events)


def test_files_from_before_a_field_are_merged_with_nulls() -> None:
    old = pa.table({"id": ["a"], "lines": pa.array([[{"p": "x"}]])})
    part = pa.struct([("p", pa.string()), ("q", pa.int64())])
    columns = pa.schema(
        [("id", pa.string()), ("note", pa.string()), ("lines", pa.list_(pa.field("element", part)))]
    )
    assert conform(old, columns).to_pylist() == [{"id": "a", "note": None, "lines": [{"p": "x", "q": None}]}]
    without = pa.table({"id": ["b"], "lines": pa.array([None], old["lines"].type)})
    sliced = pa.concat_tables([old, old, without]).combine_chunks().slice(1)
    assert conform(sliced, columns)["lines"].to_pylist() == [[{"p": "x", "q": None}], None]


def test_days_far_apart_stay_apart(lake: Lake, shop: Shop, batches: Batches) -> None:
    """Compaction merges within a day only, whatever order events came in."""
    events = [
        msgspec.structs.replace(
            event, id=f"x-{index}", happened_at=event.happened_at + timedelta(days=index % 2 * 30)
        )
        for index, event in enumerate(orders(shop, 20))
    ]
    day = lambda event: event.happened_at.date()  # noqa: E731
    for batch in batches(events, size=5):
        lake.append(batch, day, until=batch[-1].offset)
    lake.compact()
    by_day = Counter(file["partition"] for file in Table(lake.root / "events" / "order_completed").files())
    assert by_day == Counter({day(event).isoformat() for event in events})
