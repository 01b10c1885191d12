import os
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.errors import Conflict, InvalidInput
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.delta import JOURNAL, Table
from oneshelf.lake.engine import Engine
from oneshelf.lake.tables import Lake
from oneshelf.testing.shop import Shop

Batches = Callable[..., Iterator[list[Recorded]]]
DayOf = Callable[[Event], date]


def stored(lake: Lake) -> Counter[str]:
    """How often each event lies in the lake, read without an engine of ours."""
    found: Counter[str] = Counter()
    for info in lake.tables():
        table = Table(lake.root / info.group / info.name)
        found.update(table._delta.to_pyarrow_table(columns=["event_id"])["event_id"].to_pylist())
    return found


def test_what_is_appended_can_be_counted_and_lies_in_its_business_day(
    lake: Lake, engine: Engine, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    touched = set()
    for batch in batches(shop.events):
        touched |= lake.append(batch, day_of, until=batch[-1].offset)
    orders = engine.events("order.completed")
    lines = orders.select("day", "place_id", line=orders.lines).unnest("line")
    sales = lines.group_by("day", "place_id", product_id=lines.line.product_id).agg(
        quantity=lines.line.quantity.sum(), amount_minor=lines.line.amount_minor.sum(), orders=lines.count()
    )
    found = {
        (row.pop("day"), row.pop("place_id"), row.pop("product_id")): row
        for row in engine.run(sales).to_pylist()
    }
    assert found == {key: msgspec.structs.asdict(sold) for key, sold in shop.truth.sales.items()}
    assert {info.name: info.rows for info in lake.tables()} == {
        kind.replace(".", "_"): count for kind, count in shop.truth.by_kind.items()
    }
    assert touched == {(event.kind.replace(".", "_"), day_of(event)) for event in shop.events}


def test_appending_again_from_an_older_cursor_adds_nothing(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    parts = list(batches(shop.events[:600]))
    for batch in parts:
        lake.append(batch, day_of, until=batch[-1].offset)
    everything = [recorded for batch in parts for recorded in batch]
    assert lake.append(everything, day_of, until=everything[-1].offset) == set()
    assert Lake(lake.root).append(everything, day_of, until=everything[-1].offset) == set()
    assert stored(lake) == Counter(event.id for event in shop.events[:600])


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.tuples(st.integers(0, 9), st.integers(1, 10)), min_size=1, max_size=6))
def test_however_the_journal_is_cut_and_replayed_every_event_is_there_once(
    tmp_path_factory: pytest.TempPathFactory,
    shop: Shop,
    day_of: DayOf,
    batches: Batches,
    cuts: list[tuple[int, int]],
) -> None:
    journal = list(batches(shop.events[:100], size=10))
    root = tmp_path_factory.mktemp("cuts")
    cursor = 0
    for back, forward in [*cuts, (0, len(journal))]:
        start, until = max(0, cursor - back), min(len(journal), cursor + forward)
        events = [recorded for batch in journal[start:until] for recorded in batch]
        Lake(root).append(events, day_of, until=until)
        cursor = until
    assert stored(Lake(root)) == Counter(event.id for event in shop.events[:100])


def test_a_table_without_new_rows_gets_no_commit(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    only_orders = [event for event in shop.events if event.kind == "order.completed"]
    first, second = list(batches(only_orders[:100], size=50))
    lake.append(first, day_of, until=1)
    version = lake.tables()[0].version
    lake.append([], day_of, until=5)
    lake.append(first, day_of, until=5)
    assert lake.tables()[0].version == version
    moved = [msgspec.structs.replace(each, offset=6) for each in second]
    assert lake.append(moved, day_of, until=6)


def test_events_beyond_until_are_refused(lake: Lake, shop: Shop, day_of: DayOf, batches: Batches) -> None:
    batch = next(batches(shop.events[:10], first_offset=9))
    with pytest.raises(InvalidInput, match="until"):
        lake.append(batch, day_of, until=8)
    assert lake.tables() == []


def test_of_two_handles_at_the_same_version_the_second_is_refused(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = list(
        batches([e for e in shop.events if e.kind == "order.completed"][:60], size=20)
    )
    lake.append(first, day_of, until=1)
    other = Lake(lake.root)
    other.append(first, day_of, until=1)
    lake.append(second, day_of, until=2)
    # As if the other process had read the version just before that commit.
    with monkeypatch.context() as patch:
        patch.setattr(Table, "refresh", lambda table: table)
        with pytest.raises(Conflict, match="order_completed"):
            other.append(second, day_of, until=2)
    assert other.append([*second, *third], day_of, until=3)
    ids = [recorded.event.id for recorded in [*first, *second, *third]]
    assert stored(lake) == Counter(ids)
    named = {uri.rsplit("/", 1)[1] for uri in Table(lake.root / "events" / "order_completed").uris()}
    assert {path.name for path in lake.root.rglob("*.parquet")} == named, (
        "the refused writer left files behind"
    )


def test_data_is_on_the_disk_before_the_log_names_it_and_the_log_before_append_returns(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order of flushes is what survives a power cut; here every flush notes which log entries existed by then."""
    flushed: dict[str, set[str]] = {}
    fsync = os.fsync

    def noting(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        flushed.setdefault(str(path), {entry.name for entry in lake.root.rglob("_delta_log/*.json")})
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    batch = next(batches([e for e in shop.events if e.kind == "order.completed"][:50], size=50))
    lake.append(batch, day_of, until=1)
    data = list(lake.root.rglob("*.parquet"))
    assert data
    for path in data:
        assert "00000000000000000001.json" not in flushed[str(path)]
        assert str(path.parent) in flushed
    log = lake.root / "events" / "order_completed" / "_delta_log"
    for path in [
        log / "00000000000000000000.json",
        log / "00000000000000000001.json",
        log,
        log.parent,
        lake.root / "events",
    ]:
        assert str(path) in flushed


def test_a_log_entry_that_a_dead_process_left_unflushed_is_flushed_by_the_replay(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = next(batches([e for e in shop.events if e.kind == "order.completed"][:50], size=50))
    with monkeypatch.context() as patch:
        patch.setattr(Table, "sync_log", lambda table: None)
        lake.append(batch, day_of, until=1)
    flushed = set()
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (flushed.add(os.readlink(f"/proc/self/fd/{fd}")), fsync(fd)))
    assert Lake(lake.root).append(batch, day_of, until=1) == set()
    assert any(path.endswith("00000000000000000001.json") for path in flushed)


def test_a_checkpoint_keeps_the_offset_and_is_flushed(
    lake: Lake, shop: Shop, day_of: DayOf, batches: Batches
) -> None:
    orders = [event for event in shop.events if event.kind == "order.completed"]
    for batch in batches(orders[:102], size=1):
        lake.append(batch, day_of, until=batch[-1].offset)
    path = lake.root / "events" / "order_completed"
    assert (path / "_delta_log" / "_last_checkpoint").exists()
    assert Table(path).done(JOURNAL) == 102
    assert lake.append(next(batches(orders[:102], size=102)), day_of, until=102) == set()
