"""Conditions: the text, its one written form, its errors, and equal answers from Python and from the engine."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import ibis
import msgspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oneshelf.errors import InvalidInput
from oneshelf.insight.people.conditions import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Everybody,
    Known,
    Not,
    Top,
    Within,
    checked,
    compiled,
    explained,
    fields_of,
    from_json,
    matches,
    parse,
    tops_of,
    where,
    written,
)
from oneshelf.insight.people.conditions.checking import DEPTH_MAX, LENGTH_MAX

EXAMPLE = 'recency_days <= 30 and monetary_minor >= 10000 and favourite_category in ("SNACKS", "BEER") and not coupon_share > 0.5'

COLUMNS = pa.schema(
    [
        ("person_id", pa.string()),
        ("recency_days", pa.int64()),
        ("monetary_minor", pa.int64()),
        ("coupon_share", pa.float64()),
        ("favourite_category", pa.string()),
        ("last_order_at", pa.timestamp("us", "UTC")),
        ("simulated", pa.bool_()),
    ]
)
CUTPOINTS = {("monetary_minor", 0.25): 3.0}
ZONE = "America/New_York"
TEXTS = ("SNACKS", "BEER", "O'Neil's \"best\"", "back\\slash", "奶", "%_", "")
MIDNIGHT = datetime(2017, 11, 30, 5, tzinfo=UTC)  # of the 30th in New York

wholes = st.integers(0, 5)
numbers = st.one_of(wholes, st.sampled_from([0.5, 1.5, 2.25]))
shares = st.sampled_from([0, 0.25, 0.5, 1])
moments = st.sampled_from(
    ["2017-11-29", "2017-11-30", "2017-12-01", "2017-11-30T00:00:00-05:00", "2017-11-30T05:00:01+00:00"]
)
ordering = st.sampled_from(["<", "<=", ">", ">="])
equality = st.sampled_from(["=", "!="])


def _tests() -> st.SearchStrategy[Condition]:
    number_field = st.sampled_from(["recency_days", "monetary_minor"])

    def between(field: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Condition]:
        return st.tuples(values, values).map(lambda ends: Between(field=field, low=min(ends), high=max(ends)))

    return st.one_of(
        st.builds(Compare, field=number_field, op=st.one_of(ordering, equality), value=numbers),
        st.builds(Compare, field=st.just("coupon_share"), op=st.one_of(ordering, equality), value=shares),
        st.builds(Compare, field=st.just("favourite_category"), op=equality, value=st.sampled_from(TEXTS)),
        st.builds(Compare, field=st.just("last_order_at"), op=ordering, value=moments),
        st.builds(Compare, field=st.just("simulated"), op=equality, value=st.booleans()),
        st.builds(
            Compare,
            field=st.just("monetary_minor"),
            op=ordering,
            value=st.builds(Top, share=st.sampled_from([0.25, 0.75])),
        ),
        st.builds(
            Within,
            field=st.just("favourite_category"),
            values=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3).map(tuple),
        ),
        st.builds(Within, field=number_field, values=st.lists(numbers, min_size=1, max_size=3).map(tuple)),
        between("recency_days", wholes),
        between("coupon_share", shares),
        st.just(Between(field="last_order_at", low="2017-11-29", high="2017-11-30")),
        st.builds(Known, field=st.sampled_from(COLUMNS.names), known=st.booleans()),
        # a column that is not there yet is unknown
        st.builds(Compare, field=st.just("p_active"), op=ordering, value=shares),
        st.just(Everybody()),
    )


conditions = st.recursive(
    _tests(),
    lambda part: st.one_of(
        st.builds(All, parts=st.lists(part, min_size=1, max_size=3).map(tuple)),
        st.builds(AnyOf, parts=st.lists(part, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, part=part),
    ),
    max_leaves=8,
).map(checked)

people = st.lists(
    st.fixed_dictionaries(
        {
            "recency_days": st.none() | wholes,
            "monetary_minor": st.none() | wholes,
            "coupon_share": st.none() | st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0]),
            "favourite_category": st.none() | st.sampled_from(TEXTS),
            "last_order_at": st.none()
            | st.sampled_from([-86_400, -1, 0, 1, 86_399, 86_400]).map(
                lambda s: MIDNIGHT + timedelta(seconds=s)
            ),
            "simulated": st.none() | st.booleans(),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(condition=conditions, rows=people)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_engine_and_python_hold_a_condition_for_the_same_people(
    connection: ibis.BaseBackend, condition: Condition, rows: list[dict[str, Any]]
) -> None:
    rows = [{"person_id": f"p{at}"} | row for at, row in enumerate(rows)]
    table = ibis.memtable(pa.Table.from_pylist(rows, schema=COLUMNS))
    truth = where(condition, table, cutpoints=CUTPOINTS, time_zone=ZONE)
    found = connection.to_pyarrow(table.select("person_id", truth=truth)).to_pylist()
    judge = compiled(condition, CUTPOINTS, ZONE)
    assert {row["person_id"]: row["truth"] for row in found} == {row["person_id"]: judge(row) for row in rows}


@given(condition=conditions)
def test_writing_and_reading_a_condition_changes_nothing(condition: Condition) -> None:
    text = written(condition)
    assert parse(text) == condition
    assert written(parse(text)) == text
    assert from_json(msgspec.json.encode(condition)) == condition


@given(condition=conditions, rows=people)
def test_a_condition_is_explained_exactly_where_it_holds(
    condition: Condition, rows: list[dict[str, Any]]
) -> None:
    for row in rows:
        reason = explained(condition, row, cutpoints=CUTPOINTS, time_zone=ZONE)
        assert bool(reason) == matches(condition, row, cutpoints=CUTPOINTS, time_zone=ZONE)
        assert "\n" not in reason


@given(text=st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        condition = parse(text)
    except InvalidInput as error:
        refused = error
    else:
        assert parse(written(condition)) == condition
        return
    assert refused.problems
    assert refused.remedy


def test_the_example_of_the_guide_is_read() -> None:
    condition = parse(EXAMPLE)
    assert written(condition) == EXAMPLE
    assert fields_of(condition) == ("recency_days", "monetary_minor", "favourite_category", "coupon_share")
    person = {"recency_days": 3, "monetary_minor": 10_000, "favourite_category": "BEER", "coupon_share": 0.5}
    assert matches(condition, person)
    assert not matches(condition, person | {"favourite_category": "MEAT"})


def test_what_is_unknown_holds_neither_a_comparison_nor_its_opposite() -> None:
    nobody: dict[str, Any] = {"coupon_share": None}
    assert not matches(parse("coupon_share > 0.5"), nobody)
    assert not matches(parse("not coupon_share > 0.5"), nobody)
    assert matches(parse("not coupon_share > 0.5 or coupon_share is unknown"), nobody)
    assert not matches(parse('favourite_category not in ("BEER")'), nobody)


def test_a_day_is_the_whole_day_of_the_shop() -> None:
    evening = {"last_order_at": datetime(2017, 12, 1, 4, 59, tzinfo=UTC)}  # 23:59 of the 30th in New York
    assert matches(parse('last_order_at <= "2017-11-30"'), evening, time_zone=ZONE)
    assert not matches(parse('last_order_at > "2017-11-30"'), evening, time_zone=ZONE)
    assert matches(parse('last_order_at between "2017-11-30" and "2017-11-30"'), evening, time_zone=ZONE)


def test_and_binds_before_or_and_not_before_both() -> None:
    assert written(parse("refunds = 0 or refunds = 1 and not frequency = 2")) == (
        "refunds = 0 or (refunds = 1 and not frequency = 2)"
    )
    assert written(parse("NOT (refunds = 0 OR refunds == 1) AND frequency <> 2.0")) == (
        "not (refunds = 0 or refunds = 1) and frequency != 2"
    )


def test_the_top_of_a_field_is_unknown_until_its_cut_point_is() -> None:
    condition = parse("monetary_minor >= top(0.05)")
    assert tops_of(condition) == {("monetary_minor", 0.05)}
    rich = {"monetary_minor": 500}
    assert not matches(condition, rich)
    assert not matches(parse("not monetary_minor >= top(0.05)"), rich)
    cut = {("monetary_minor", 0.05): 400}
    assert matches(condition, rich, cutpoints=cut)
    assert explained(condition, rich, cutpoints=cut) == "monetary_minor 500 >= 400 (top 0.05)"


@pytest.mark.parametrize(
    ("text", "at", "field", "cause"),
    [
        ("recencydays <= 3", 1, "field", "not a field"),
        ("refunds = 0 and recencydays <= 3", 17, "field", "not a field"),
        ("recency_days <=", 16, "condition", "not expected"),
        ("recency_days <= many", 17, "condition", "not expected"),
        ("recency_days 3", 14, "condition", "not expected"),
        ("recency_days <= 3 3", 19, "condition", "not expected"),
        ("(recency_days <= 3", 19, "condition", "not expected"),
        ("", 1, "condition", "not expected"),
        ('tier = "core', 8, "condition", "not closed"),
        ("recency_days <= 3; drop table person", 18, "condition", "not understood"),
        ("coupon_share > 50", 1, "coupon_share", "from 0 to 1"),
        ("refunds >= -1", 1, "refunds", "not below 0"),
        ("recency_days <= 1e300", 1, "recency_days", "not a number"),
        ('recency_days <= "3"', 1, "recency_days", "not a number"),
        ("recency_days = true", 1, "recency_days", "not a number"),
        ("tier = 3", 1, "tier", "printable text"),
        ('tier < "core"', 1, "tier", "does not go with a text"),
        ('favourite_daypart = "noon"', 1, "favourite_daypart", "never occurs"),
        ("simulated = 1", 1, "simulated", "not true or false"),
        ('last_order_at >= "yesterday"', 1, "last_order_at", "not a day"),
        ('last_order_at >= "2017-11-30T10:00:00"', 1, "last_order_at", "not a day"),
        ('last_order_at >= "1066-10-14"', 1, "last_order_at", "no year"),
        ('last_order_at = "2017-11-30"', 1, "last_order_at", "does not go with a moment"),
        ("recency_days between 60 and 30", 1, "recency_days", "wrong way round"),
        ("recency_days >= top(5)", 1, "top", "not a share"),
        ("recency_days = top(0.05)", 1, "recency_days", "goes with numbers"),
        ("last_order_at >= top(0.05)", 1, "last_order_at", "goes with numbers"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, at: int, field: str, cause: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(text)
    (problem,) = refused.value.problems
    assert (problem.at, problem.field) == (at, field)
    assert cause in problem.cause
    assert problem.remedy


@pytest.mark.parametrize(
    "make",
    [
        lambda: "(" * (DEPTH_MAX + 1) + "refunds = 0" + ")" * (DEPTH_MAX + 1),
        lambda: "not " * (DEPTH_MAX + 1) + "refunds = 0",
        lambda: " and ".join(["refunds = 0"] * LENGTH_MAX),
        lambda: "refunds in (" + ", ".join(map(str, range(501))) + ")",
    ],
)
def test_conditions_are_bounded(make: Callable[[], str]) -> None:
    with pytest.raises(InvalidInput):
        parse(make())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"is": "run", "parts": []}',
        b'{"is": "all", "parts": []}',
        b'{"is": "compare", "field": "eval", "op": "=", "value": 1}',
        b'{"is": "not", "part": ' * 60 + b'{"is": "everybody"}' + b"}" * 60,
        b'{"is": "not", "part": ' * 30 + b'{"is": "everybody"}' + b"}" * 30,
    ],
)
def test_a_builder_cannot_send_what_text_cannot_say(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        from_json(data)
