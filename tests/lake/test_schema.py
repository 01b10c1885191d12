from datetime import date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oneshelf.errors import InvalidInput
from oneshelf.events.catalogue import KINDS, Body, Line, OrderCompleted, PersonIdentified, ReferenceLoaded
from oneshelf.events.envelope import Event, Recorded
from oneshelf.lake.schema import arrow_schema, columns_of, rows_of
from oneshelf.words.people import Who

SHANGHAI = timezone(timedelta(hours=8))
NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=SHANGHAI)


def recorded(body: Any, **fields: Any) -> Recorded:
    event = Event(id="e-1", source="till", happened_at=NOON, body=body, **fields)
    return Recorded(offset=7, index=3, recorded_at=NOON + timedelta(seconds=1), event=event)


def test_every_kind_of_the_catalogue_has_a_schema_with_the_envelope_first_and_the_day_last() -> None:
    for kind in KINDS:
        names = arrow_schema(kind).names
        assert names[:13] == [
            "event_id", "source", "happened_at", "recorded_at", "offset", "index",
            "user_id", "anonymous_id", "identifiers", "person_id", "place_id", "channel", "simulated",
        ]  # fmt: skip
        assert names[-1] == "day"
        assert len(set(names)) == len(names)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match=r"order\.completed"):
        arrow_schema("order.imagined")


def test_an_order_becomes_one_row_with_its_lines_inside() -> None:
    order = OrderCompleted(
        order_id="o-1", currency="CNY", lines=(Line(product_id="p", quantity=2, amount_minor=300),)
    )
    table = rows_of("order.completed", [recorded(order, who=Who(anonymous_id="slip-1"))], [date(2026, 3, 2)])
    assert table.schema.equals(arrow_schema("order.completed"))
    (row,) = table.to_pylist()
    assert row["happened_at"] == NOON
    assert table.schema.field("happened_at").type == pa.timestamp("us", "UTC")
    assert (row["user_id"], row["anonymous_id"], row["person_id"]) == (
        None,
        "slip-1",
        Who(anonymous_id="slip-1").person_id,
    )
    assert (row["offset"], row["index"], row["day"]) == (7, 3, date(2026, 3, 2))
    assert row["lines"] == [
        {
            "product_id": "p",
            "quantity": 2,
            "unit": "each",
            "amount_minor": 300,
            "discount_minor": 0,
            "coupon_minor": 0,
            "cost_minor": None,
        }
    ]


def test_what_has_no_fixed_form_is_kept_as_json() -> None:
    traits = {"城市": "上海", "tags": [1, None, {"a": 0.5}]}
    table = rows_of("person.identified", [recorded(PersonIdentified(traits=traits))], [date(2026, 3, 2)])
    assert msgspec.json.decode(table["traits"][0].as_py()) == traits


def test_fields_of_other_kinds_of_values_have_their_own_types() -> None:
    schema = arrow_schema("reference.loaded")
    assert schema.field("rows").type == pa.int64()
    assert rows_of(
        "reference.loaded",
        [recorded(ReferenceLoaded(table="t", version=1, rows=2, file="f", sha256="0" * 64))],
        [date(2026, 3, 2)],
    )["rows"].to_pylist() == [2]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    at: datetime | None = None


class Everything(Body, tag="thing.happened"):
    text: Annotated[str, msgspec.Meta(min_length=1)]
    count: int | None
    share: float
    sure: bool
    on: date | None
    size: Literal["s", "m"]
    part: Part | None
    parts: tuple[Part, ...] | None
    names: list[str]
    extra: dict[str, Any] | None


parts = st.builds(
    Part,
    name=st.text(),
    at=st.none() | st.datetimes(timezones=st.just(SHANGHAI)).filter(lambda at: 1900 < at.year < 2200),
)
things = st.builds(
    Everything,
    text=st.text(min_size=1),
    count=st.none() | st.integers(-(2**63), 2**63 - 1),
    share=st.floats(allow_nan=False),
    sure=st.booleans(),
    on=st.none() | st.dates(),
    size=st.sampled_from(("s", "m")),
    part=st.none() | parts,
    parts=st.none() | st.lists(parts, max_size=3).map(tuple),
    names=st.lists(st.text(), max_size=3),
    extra=st.none() | st.dictionaries(st.text(), st.integers(-(2**53), 2**53), max_size=2),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(things, max_size=5))
def test_any_body_comes_back_from_its_columns_as_it_went_in(bodies: list[Everything]) -> None:
    columns = columns_of(Everything)
    arrays = {
        column.name: column.build([getattr(body, column.name) for body in bodies]) for column in columns
    }
    assert all(arrays[column.name].type == column.type for column in columns)
    for index, body in enumerate(bodies):
        row = {name: array[index].as_py() for name, array in arrays.items()}
        row["extra"] = None if row["extra"] is None else msgspec.json.decode(row["extra"])
        expected = {field: getattr(body, field) for field in body.__struct_fields__}
        expected["part"] = None if body.part is None else msgspec.structs.asdict(body.part)
        expected["parts"] = (
            None if body.parts is None else [msgspec.structs.asdict(part) for part in body.parts]
        )
        assert row == expected


class Shadow(Body, tag="shadow.cast"):
    source: str


class Odd(Body, tag="odd.met"):
    either: int | str


@pytest.mark.parametrize(("body", "names"), [(Shadow, "source"), (Odd, "Odd.either")])
def test_a_field_that_cannot_be_a_column_is_refused_by_its_name(body: type[Body], names: str) -> None:
    with pytest.raises(InvalidInput, match=names):
        columns_of(body)
