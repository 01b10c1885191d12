"""Loading again doubles nothing, and a file is judged whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from oneshelf.app.shelf import Shelf
from oneshelf.errors import InvalidInput, NotFound
from oneshelf.events.envelope import OWN_SOURCE

MAPPING = """
source = "till-7"
time_zone = "Asia/Shanghai"
currency = "CNY"
time = { column = "at", format = "iso" }
order = { column = "receipt" }
person = { column = "card" }
quantity = { column = "pieces" }
unit_price = { column = "price" }
place = { constant = "store-1" }
channel = { constant = "store" }

[product]
id = { column = "sku" }
name = { column = "name" }

[[rules]]
kind = "order.completed"
"""

HEADER = "at,receipt,card,sku,name,pieces,price\n"
GOOD = "2026-04-01 10:00,r1,c1,s1,Tea,2,3.50\n2026-04-01 10:00,r1,c1,s2,Milk,1,9.90\n2026-04-02 11:00,r2,,s1,Tea,1,3.50\n"
BAD = "2026-04-03 12:00,r3,c2,s1,Tea,two,3.50\n"


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "till.toml"
    path.write_text(MAPPING)
    return path


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "receipts.csv"
    path.write_text(HEADER + text)
    return path


def test_a_file_becomes_receipts_and_loading_it_again_doubles_nothing(
    empty: Shelf, tmp_path: Path, mapping: Path
) -> None:
    path = _file(tmp_path, GOOD)
    assert empty.load(path, mapping=mapping).kinds == {"order.completed": 2}
    empty.catch_up()
    empty.load(path, mapping=mapping)
    empty.catch_up()
    (summary,) = (each for each in empty.sources.summary() if each.source != OWN_SOURCE)
    assert (summary.events, summary.repeats) == (2, 0)
    portrait = empty.people.portrait("c1")
    assert (portrait.frequency, portrait.monetary_minor, portrait.currency) == (1, 1690, "CNY")
    assert [p.name for p in empty.goods.catalogue.listing("tea").items] == ["Tea"]


def test_a_dry_run_shows_every_error_and_writes_nothing(empty: Shelf, tmp_path: Path, mapping: Path) -> None:
    report = empty.load(_file(tmp_path, GOOD + BAD + BAD), mapping=mapping, dry_run=True)
    assert report.events == 2
    assert [(p.at, p.field, p.value) for p in report.problems] == [
        (5, "quantity", "'two'"),
        (6, "quantity", "'two'"),
    ]
    assert empty.core.journal.head() == 0
    assert empty.goods.catalogue.listing("tea").items == ()


def test_refuse_all_loads_nothing_when_one_row_is_bad(empty: Shelf, tmp_path: Path, mapping: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        empty.load(_file(tmp_path, GOOD + BAD), mapping=mapping)
    assert [problem.at for problem in caught.value.problems] == [5]
    assert empty.core.journal.head() == 0


def test_refuse_bad_loads_the_rest_and_keeps_the_bad_rows_where_they_can_be_mended(
    empty: Shelf, tmp_path: Path, mapping: Path
) -> None:
    report = empty.load(_file(tmp_path, GOOD + BAD), mapping=mapping, policy="refuse_bad")
    assert report.events == 2
    assert report.problems_total == 1
    assert report.reject_file is not None
    rejected = Path(report.reject_file)
    assert rejected.read_text() == HEADER + BAD
    assert [(r.source, r.at, r.field) for r in empty.sources.rejects().items] == [("till-7", 5, "quantity")]
    rejected.write_text(HEADER + BAD.replace("two", "2"))
    empty.load(rejected, mapping=mapping)
    empty.catch_up()
    assert empty.people.portrait("c2").frequency == 1


def test_a_file_without_a_mapping_and_an_unknown_source_say_what_to_do(empty: Shelf, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--map"):
        empty.load(_file(tmp_path, GOOD))
    with pytest.raises(NotFound, match="completejourney"):
        empty.load("completejorney")
