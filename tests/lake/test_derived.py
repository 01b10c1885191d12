from datetime import date, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.errors import Conflict, InvalidInput
from oneshelf.lake.delta import Table
from oneshelf.lake.engine import Engine
from oneshelf.lake.engines import open_engine
from oneshelf.lake.tables import Lake

FIRST = date(2026, 3, 2)
DAYS = [FIRST + timedelta(days=number) for number in range(5)]
SCHEMA = pa.schema([("series", pa.string()), ("quantity", pa.int64()), ("day", pa.date32())])


def rows(*values: tuple[str, int, date]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, value, strict=True)) for value in values], SCHEMA)


def stored(lake: Lake) -> set[tuple[str, int, date]]:
    engine = open_engine(lake, "duckdb")
    found = engine.run(engine.derived("daily_sales", SCHEMA)).to_pylist()
    engine.close()
    assert len({tuple(row.values()) for row in found}) == len(found)
    return {tuple(row.values()) for row in found}


def test_exactly_the_given_days_are_replaced_in_one_commit(lake: Lake) -> None:
    lake.replace_days("daily_sales", rows(("a", 1, DAYS[0]), ("a", 2, DAYS[1]), ("b", 3, DAYS[1])), DAYS[:2])
    version = lake.tables()[0].version
    lake.replace_days("daily_sales", rows(("a", 9, DAYS[1]), ("a", 4, DAYS[2])), DAYS[1:4])
    assert stored(lake) == {("a", 1, DAYS[0]), ("a", 9, DAYS[1]), ("a", 4, DAYS[2])}
    assert lake.tables()[0].version == version + 1


def test_a_day_without_rows_becomes_empty(lake: Lake) -> None:
    lake.replace_days("daily_sales", rows(("a", 1, DAYS[0]), ("a", 2, DAYS[1])), DAYS[:2])
    lake.replace_days("daily_sales", SCHEMA.empty_table(), [DAYS[0]])
    assert stored(lake) == {("a", 2, DAYS[1])}
    lake.replace_days("daily_sales", SCHEMA.empty_table(), DAYS)
    assert stored(lake) == set()


def test_a_row_of_another_day_is_refused_and_nothing_changes(lake: Lake) -> None:
    lake.replace_days("daily_sales", rows(("a", 1, DAYS[0])), [DAYS[0]])
    with pytest.raises(InvalidInput, match="2026-03-03"):
        lake.replace_days("daily_sales", rows(("a", 2, DAYS[0]), ("a", 2, DAYS[1])), [DAYS[0]])
    with pytest.raises(InvalidInput, match="day"):
        lake.replace_days("daily_sales", rows(("a", 2, DAYS[0])).drop_columns(["day"]), [DAYS[0]])
    assert stored(lake) == {("a", 1, DAYS[0])}


def test_two_replacements_of_an_empty_day_never_both_pass(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.replace_days("daily_sales", rows(("a", 1, DAYS[0])), [DAYS[0]])
    other = Lake(lake.root)
    other.replace_days("daily_sales", rows(("a", 1, DAYS[0])), [DAYS[0]])
    lake.replace_days("daily_sales", rows(("a", 2, DAYS[1])), [DAYS[1]])
    monkeypatch.setattr(Table, "refresh", lambda table: table)
    with pytest.raises(Conflict, match="daily_sales"):
        other.replace_days("daily_sales", rows(("a", 3, DAYS[1])), [DAYS[1]])
    assert stored(lake) == {("a", 1, DAYS[0]), ("a", 2, DAYS[1])}


def test_a_new_column_is_null_in_older_days(lake: Lake, engine: Engine) -> None:
    lake.replace_days("daily_sales", rows(("a", 1, DAYS[0])), [DAYS[0]])
    wider = SCHEMA.append(pa.field("amount_minor", pa.int64()))
    newer = rows(("a", 2, DAYS[1])).append_column("amount_minor", pa.array([300]))
    lake.replace_days("daily_sales", newer, [DAYS[1]])
    found = engine.run(engine.derived("daily_sales", wider).order_by("day")).to_pylist()
    assert [row["amount_minor"] for row in found] == [None, 300]
    assert engine.run(engine.derived("daily_sales", SCHEMA)).schema.names == SCHEMA.names


steps = st.lists(
    st.tuples(st.sets(st.sampled_from(DAYS), min_size=1), st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 9)), max_size=3, unique_by=lambda row: row[0])),
    min_size=1,
    max_size=4,
)  # fmt: skip


@settings(max_examples=8, deadline=None)
@given(steps)
def test_any_replacements_leave_what_a_dictionary_of_days_would(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[set[date], list[tuple[str, int]]]]
) -> None:
    lake = Lake(tmp_path_factory.mktemp("days"))
    model: dict[date, set[tuple[str, int, date]]] = {}
    for days, values in steps:
        new = {day: {(series, quantity, day) for series, quantity in values} for day in days}
        model |= new
        lake.replace_days(
            "daily_sales", rows(*(row for day in sorted(days) for row in sorted(new[day]))), days
        )
    assert stored(lake) == {row for day in model.values() for row in day}
