"""The night's run: the same numbers for the analyst, the till and the app."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from oneshelf.app.people import portraits
from oneshelf.app.people.nightly import nights
from oneshelf.app.running.jobs import run_job
from oneshelf.app.shelf import Shelf
from oneshelf.books import nights as books
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.insight.people.fields import FIELDS
from oneshelf.insight.people.flat import flat
from oneshelf.testing.shop import NOW, Shop
from oneshelf.trust.access import Actor

#: Figures of sums of floats, or of everybody as of the night.
MODELLED = [name for name, field in FIELDS.items() if field.when == "modelled"]


def test_what_the_analyst_reads_is_what_the_app_shows(shelf: Shelf, shop: Shop) -> None:
    assert run_job(shelf, "portraits").detail.startswith("40 people")
    table = shelf.people.portraits()
    assert table.num_rows == 40
    assert table.column_names == [*FIELDS, "modelled_at", "day"]
    for row in table.to_pylist():
        shown = flat(shelf.people.portrait(row["person_id"]))
        for name in FIELDS:
            wanted = pytest.approx(row[name]) if isinstance(row[name], float) else row[name]
            assert shown[name] == wanted, (row["person_id"], name)
    bought = [row for row in table.to_pylist() if row["frequency"]]
    assert all(row["expected_orders_90_days"] is not None and row["price_index"] for row in bought)
    assert len({row["tier"] for row in bought}) > 1


def test_a_portrait_tells_the_date_of_what_only_the_night_knows(shelf: Shelf) -> None:
    before = shelf.people.portrait("person-1")
    assert before.modelled is None
    assert all(category.index is None for category in before.favourite_categories)
    portraits.run(shelf.core, NOW)
    portrait = shelf.people.portrait("person-1")
    assert portrait.modelled is not None
    assert portrait.modelled.modelled_at == NOW
    assert all(category.index for category in portrait.favourite_categories)


def test_running_a_night_again_changes_nothing_and_the_next_one_is_kept_beside_it(shelf: Shelf) -> None:
    portraits.run(shelf.core, NOW)
    first = shelf.people.portraits()
    portraits.run(shelf.core, NOW)
    assert shelf.people.portraits().equals(first)
    following = NOW + timedelta(days=1)
    night = portraits.run(shelf.core, following)
    assert nights(shelf.core) == {night.day - timedelta(days=1), night.day}
    assert set(shelf.people.portraits()["day"].to_pylist()) == {night.day}
    portraits.run(shelf.core, following + timedelta(days=portraits.NIGHTS_KEPT))
    assert nights(shelf.core) == {night.day + timedelta(days=portraits.NIGHTS_KEPT)}
    portraits.run(shelf.core, NOW)
    assert nights(shelf.core) == {first["day"][0].as_py()}, "the night of a clock that ran ahead is gone"


def test_people_whom_the_night_does_not_find_any_more_lose_their_modelled_figures(shelf: Shelf) -> None:
    stray = {"person_id": "gone", "modelled_at": NOW - timedelta(days=1), "simulated": False}
    nothing = dict.fromkeys(name for name in books.ModelledRow.__struct_fields__ if name not in stray)
    shelf.core.database.writer.write(lambda connection: books.put_modelled(connection, [nothing | stray]))
    portraits.run(shelf.core, NOW)
    with shelf.core.database.read() as connection:
        assert books.modelled_of(connection, ["gone", "person-1"]).keys() == {"person-1"}
        assert books.newest(connection) == NOW


def test_the_portraits_of_a_shop_without_events_are_none(empty: Shelf) -> None:
    with pytest.raises(NotFound, match="oneshelf run portraits"):
        empty.people.portraits()
    assert portraits.run(empty.core, NOW).people == 0


def test_portraits_are_written_to_a_new_file(shelf: Shelf, tmp_path: Path) -> None:
    portraits.run(shelf.core, NOW)
    target = tmp_path / "everybody.parquet"
    table = shelf.people.portraits(target=target)
    assert pq.read_table(target).num_rows == table.num_rows
    with pytest.raises(InvalidInput, match="already"):
        shelf.people.portraits(target=target)


def test_everybodys_portraits_are_for_those_who_may_see_everybody(shelf: Shelf) -> None:
    portraits.run(shelf.core, NOW)
    with pytest.raises(NotAllowed):
        shelf.people.portraits(actor=Actor(name="p", role="planner"))
    with pytest.raises(NotAllowed):
        shelf.people.portraits(actor=Actor(name="s", role="store", places=("store-1",)))
