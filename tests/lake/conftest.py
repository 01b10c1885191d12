"""A lake with the small shop in it, and the helpers that the lake's tests share."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.engine import Engine
from oneshelf.lake.engines import open_engine
from oneshelf.lake.tables import Lake
from oneshelf.testing.shop import Shop, small_shop
from oneshelf.words.time import business_day

RECORDED_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def in_batches(events: Sequence[Event], size: int = 200, first_offset: int = 1) -> Iterator[list[Recorded]]:
    """The events as the journal holds them: batches of one offset each."""
    for number, start in enumerate(range(0, len(events), size)):
        yield [
            Recorded(offset=first_offset + number, index=index, recorded_at=RECORDED_AT, event=event)
            for index, event in enumerate(events[start : start + size])
        ]


def utc_day(event: Event) -> date:
    return event.happened_at.astimezone(UTC).date()


@pytest.fixture(scope="session")
def shop() -> Shop:
    return small_shop()


@pytest.fixture(scope="session")
def day_of(shop: Shop) -> Callable[[Event], date]:
    zones = {place.id: place.time_zone for place in shop.places}
    return lambda event: business_day(event.happened_at, zones[event.place_id])


def fill(lake: Lake, shop: Shop, day_of: Callable[[Event], date], *, size: int = 2_000) -> None:
    for batch in in_batches(shop.events, size):
        lake.append(batch, day_of, until=batch[-1].offset)


@pytest.fixture(scope="session")
def shop_lake(tmp_path_factory: pytest.TempPathFactory, shop: Shop, day_of: Callable[[Event], date]) -> Lake:
    """The whole small shop in a lake; nobody writes to it afterwards."""
    lake = Lake(tmp_path_factory.mktemp("shop") / "lake")
    fill(lake, shop, day_of)
    return lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


@pytest.fixture
def engine(lake: Lake) -> Iterable[Engine]:
    """DuckDB over the test's own lake."""
    engine = open_engine(lake, "duckdb")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def batches() -> Callable[..., Iterator[list[Recorded]]]:
    return in_batches
