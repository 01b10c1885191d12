"""Places from a file, their floors, and their figures in one list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from oneshelf.app.shelf import Shelf
from oneshelf.books import places
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.testing.shelves import put_catalogue
from oneshelf.testing.shop import Shop
from oneshelf.trust.access import Actor

FLOOR = {
    "width_metres": 20,
    "depth_metres": 10,
    "zones": [
        {
            "name": "Tea",
            "x_metres": 0,
            "y_metres": 0,
            "width_metres": 5,
            "depth_metres": 4,
            "categories": ["tea"],
        },
        {"name": "Till", "x_metres": 15, "y_metres": 8, "width_metres": 5, "depth_metres": 2},
    ],
}


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_places_come_from_csv_and_keep_what_the_file_leaves_out(shelf: Shelf, tmp_path: Path) -> None:
    file = write(
        tmp_path, "places.csv", "id,latitude,longitude,name\nstore-1,31.24,121.49,\nstore-9,52.52,13.40,Neu\n"
    )
    assert shelf.places.import_file(file, dry_run=True).new == 1
    assert "store-9" not in {one.place.id for one in shelf.places.listing().places}
    report = shelf.places.import_file(file)
    assert (report.new, report.changed, report.same) == (1, 1, 0)
    store, _ = shelf.places.place("store-1")
    assert (store.name, store.time_zone, store.latitude) == ("Bund", "Asia/Shanghai", 31.24)
    assert shelf.places.place("store-9")[0].time_zone == "Asia/Shanghai"
    assert shelf.places.import_file(file).same == 2


def test_loading_places_again_without_coordinates_keeps_them(
    shelf: Shelf, shop: Shop, tmp_path: Path
) -> None:
    shelf.places.import_file(
        write(tmp_path, "p.json", '[{"id": "store-1", "latitude": 31.2, "longitude": 121.5}]')
    )
    put_catalogue(shelf, shop)
    assert shelf.places.place("store-1")[0].longitude == 121.5


def test_every_line_that_cannot_be_used_is_told_and_nothing_is_changed(shelf: Shelf, tmp_path: Path) -> None:
    rows = "id,time_zone,latitude,longitude,colour\na,Mars/One,,,red\nb,,99,1,\n,,1,1,\nc,,1,,\nc,,1,1,\nd,,x,1,\n"
    with pytest.raises(InvalidInput) as refused:
        shelf.places.import_file(write(tmp_path, "places.csv", rows))
    told = {(problem.at, problem.field) for problem in refused.value.problems}
    assert {
        (2, "time_zone"),
        (2, "colour"),
        (3, "latitude"),
        (4, "id"),
        (5, "longitude"),
        (7, "latitude"),
    } <= told
    assert {one.place.id for one in shelf.places.listing().places} == {"store-1", "store-2", "store-3", "web"}


@pytest.mark.parametrize(("name", "text"), [("p.json", "{"), ("p.json", "[1]"), ("p.csv", 'id\n"a')])
def test_a_file_that_is_not_what_it_says_is_refused(
    shelf: Shelf, tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(InvalidInput, match="file"):
        shelf.places.import_file(write(tmp_path, name, text))


def test_a_file_that_is_not_there_is_not_found(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        shelf.places.import_file(tmp_path / "none.csv")


def test_a_store_gets_a_floor_and_a_better_one(shelf: Shelf, tmp_path: Path) -> None:
    file = write(tmp_path, "floor.json", json.dumps(FLOOR))
    shelf.places.set_floor("store-1", file, dry_run=True)
    assert shelf.places.place("store-1")[1] is None
    shelf.places.set_floor("store-1", file)
    assert shelf.places.place("store-1")[1].zones[0].categories == ("tea",)
    shelf.places.set_floor("store-1", write(tmp_path, "b.json", json.dumps(FLOOR | {"width_metres": 30})))
    assert shelf.places.place("store-1")[1].width_metres == 30
    with shelf.core.database.read() as connection:
        assert places.with_floor(connection) == {"store-1"}


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"width_metres": 1}, "file"),
        (FLOOR | {"zones": []}, "zones"),
        (FLOOR | {"width_metres": "wide"}, "width_metres"),
    ],
)
def test_a_floor_that_cannot_be_used_names_the_field(shelf: Shelf, tmp_path: Path, plan, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        shelf.places.set_floor("store-1", write(tmp_path, "floor.json", json.dumps(plan)))
    assert refused.value.problems[0].field == field


def test_a_floor_of_no_place_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        shelf.places.set_floor("nowhere", write(tmp_path, "floor.json", json.dumps(FLOOR)))


def test_the_list_of_places_has_the_figures_of_the_measures(shelf: Shelf) -> None:
    found = shelf.places.listing()
    table = shelf.measures.ask("net_sales_minor", ("place",), since=found.since, until=found.until)
    assert [one.place.id for one in found.places] == ["store-1", "store-2", "store-3", "web"]
    assert [one.figures["net_sales_minor"] for one in found.places] == [cell.value for cell in table.cells]
    assert found.places[0].simulated == ("visits",)


def test_staff_of_a_store_see_their_store(shelf: Shelf) -> None:
    sam = Actor(name="sam", role="store", places=("store-1",))
    assert [one.place.id for one in shelf.places.listing(actor=sam).places] == ["store-1"]
    with pytest.raises(NotAllowed):
        shelf.places.place("store-2", actor=sam)


def test_an_empty_shelf_has_no_places(empty: Shelf) -> None:
    assert empty.places.listing().places == ()
