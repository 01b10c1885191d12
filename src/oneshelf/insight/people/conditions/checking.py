"""Checking: may a condition say this? Names, types and ranges against the vocabulary, values in their one written form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Final

from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.insight.people.conditions.nodes import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Everybody,
    Known,
    Not,
    Scalar,
    Test,
    Top,
    Within,
)
from oneshelf.insight.people.conditions.vocabulary import VOCABULARY, AskedField
from oneshelf.words.time import EARLIEST, LATEST_DAY

Fields = Mapping[str, AskedField]

#: Longer conditions are better said as two audiences.
LENGTH_MAX: Final = 4_000
DEPTH_MAX: Final = 20
VALUES_MAX: Final = 500

#: Whole numbers up to here are the same on every engine, as floating-point numbers too.
_NUMBER_MAX: Final = 2**53
_YEARS: Final = (EARLIEST.year, LATEST_DAY.year)
_ORDERING: Final = ("<", "<=", ">", ">=")


def refused(field: str, value: object, cause: str, remedy: str, *, at: int = 0) -> InvalidInput:
    """The error for one place of a condition; `at` is the character's position, counted from 1, 0 when it did not come as text."""
    where = f"Character {at}: " if at else ""
    problem = Problem(at=at, field=field, value=brief(value), cause=cause, remedy=remedy)
    return InvalidInput(f"{where}{field} = {brief(value)}: {cause}", remedy, problems=[problem])


def checked(condition: Condition, fields: Fields = VOCABULARY) -> Condition:
    """The condition in its one form: nested `and`s and `or`s made flat, values as they are written.

    Raises InvalidInput for a name that is not in `fields`, a value of the wrong type or out of range, and for too much of it.
    """
    _check_depth(condition)
    made = _checked(condition, fields)
    if (length := len(written(made))) > LENGTH_MAX:
        raise refused("condition", f"{length} characters", "is too long.", f"Use at most {LENGTH_MAX}.")
    return made


def _check_depth(condition: Condition) -> None:
    level, depth = [condition], 0
    while level:
        depth += 1
        if depth > 2 * DEPTH_MAX + 2:  # a bracket of the text may be an `or` of `and`s
            raise too_deep()
        level = [part for one in level for part in _parts(one)]


def too_deep(at: int = 0) -> InvalidInput:
    """The error for a condition that is nested too deeply."""
    return refused(
        "condition",
        "(((",
        f"is nested more than {DEPTH_MAX} deep.",
        "Take brackets away, or make two audiences.",
        at=at,
    )


def _parts(condition: Condition) -> tuple[Condition, ...]:
    match condition:
        case All(parts=parts) | AnyOf(parts=parts):
            return parts
        case Not(part=part):
            return (part,)
        case _:
            return ()


def tests_of(condition: Condition) -> Iterator[Test]:
    """Every comparison within a condition, in the order of writing."""
    match condition:
        case Compare() | Within() | Between() | Known():
            yield condition
        case _:
            for part in _parts(condition):
                yield from tests_of(part)


def fields_of(condition: Condition) -> tuple[str, ...]:
    """The fields that a condition names, each once, in the order of writing."""
    return tuple(dict.fromkeys(test.field for test in tests_of(condition)))


def tops_of(condition: Condition) -> set[tuple[str, float]]:
    """The cut-points that a condition needs, as (field, share)."""
    return {
        (test.field, test.value.share)
        for test in tests_of(condition)
        if isinstance(test, Compare) and isinstance(test.value, Top)
    }


def _checked(condition: Condition, fields: Fields) -> Condition:
    match condition:
        case All(parts=parts):
            return joined(All, tuple(_checked(part, fields) for part in parts))
        case AnyOf(parts=parts):
            return joined(AnyOf, tuple(_checked(part, fields) for part in parts))
        case Not(part=part):
            return Not(part=_checked(part, fields))
        case Everybody():
            return condition
        case _:
            return checked_test(condition, fields)


def joined(kind: type[All] | type[AnyOf], parts: tuple[Condition, ...]) -> Condition:
    """Parts joined by `and` or `or`, flat. Raises InvalidInput without a part."""
    flat: list[Condition] = []
    for part in parts:
        flat += part.parts if isinstance(part, kind) else (part,)
    if not flat:
        raise refused("condition", "()", "joins nothing.", "Give at least one comparison, or say everybody.")
    return flat[0] if len(flat) == 1 else kind(parts=tuple(flat))


def checked_test(test: Test, fields: Fields = VOCABULARY, *, at: int = 0) -> Test:
    """One comparison with its values in their one form, or InvalidInput that names the place."""
    field = known_field(test.field, fields, at=at)
    match test:
        case Known():
            return test
        case Within(values=values):
            if field.type == "moment":
                raise _not_equal(field, "in", at)
            if not 0 < len(values) <= VALUES_MAX:
                raise refused(
                    field.name, f"{len(values)} values", "cannot be asked.", f"Give 1 to {VALUES_MAX}.", at=at
                )
            once = dict.fromkeys(_value(field, value, at) for value in values)
            return Within(field=field.name, values=tuple(once))
        case Between(low=low, high=high):
            _require_order(field, "between", at)
            low, high = _value(field, low, at), _value(field, high, at)
            if (_moment(low) > _moment(high)) if field.type == "moment" else (low > high):  # type: ignore[operator]
                raise refused(
                    field.name,
                    f"{low} and {high}",
                    "is the wrong way round.",
                    "Give the lower end first.",
                    at=at,
                )
            return Between(field=field.name, low=low, high=high)
        case Compare(op=op, value=value):
            if op in _ORDERING:
                _require_order(field, op, at)
            elif field.type == "moment":
                raise _not_equal(field, op, at)
            made = _top(field, op, value, at) if isinstance(value, Top) else _value(field, value, at)
            return Compare(field=field.name, op=op, value=made)


def known_field(name: str, fields: Fields = VOCABULARY, *, at: int = 0) -> AskedField:
    """The field of this name. Raises InvalidInput that names the nearest ones."""
    if name in fields:
        return fields[name]
    near = get_close_matches(name, fields, 3)
    remedy = f"Perhaps {' or '.join(near)}." if near else "See the list of fields of the portrait."
    raise refused("field", name, "is not a field of the portrait.", remedy, at=at)


def _require_order(field: AskedField, op: str, at: int) -> None:
    if field.type in ("text", "flag"):
        raise refused(field.name, op, "does not go with a text or a yes and no.", "Use =, != or in.", at=at)


def _not_equal(field: AskedField, op: str, at: int) -> InvalidInput:
    return refused(field.name, op, "does not go with a moment.", "Use <, <=, >, >= or between.", at=at)


def _top(field: AskedField, op: str, top: Top, at: int) -> Top:
    if field.type not in ("integer", "number") or op not in _ORDERING:
        raise refused(
            field.name,
            "top",
            "goes with numbers and <, <=, >, >= only.",
            "Compare with a plain value.",
            at=at,
        )
    if not 0 < top.share < 1:
        raise refused(
            "top", top.share, "is not a share.", "Give one between 0 and 1, such as top(0.05).", at=at
        )
    return Top(share=float(top.share))


def _value(field: AskedField, value: Scalar, at: int) -> Scalar:
    match field.type:
        case "integer" | "number":
            return _number(field, value, at)
        case "flag":
            if isinstance(value, bool):
                return value
            raise refused(field.name, value, "is not true or false.", "Write true or false.", at=at)
        case "text":
            return _text(field, value, at)
        case "moment":
            return _iso(field, value, at)


def _number(field: AskedField, value: Scalar, at: int) -> Scalar:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _NUMBER_MAX:
        raise refused(
            field.name, value, "is not a number that can be compared.", "Write one such as 30.", at=at
        )
    low, high = field.low, field.high
    if (low is not None and value < low) or (high is not None and value > high):
        span = f"from {low:g} to {high:g}" if high is not None else f"not below {low:g}"
        raise refused(
            field.name, value, f"cannot be: the values lie {span}.", "Give a value that occurs.", at=at
        )
    return int(value) if value == int(value) else float(value)


def _text(field: AskedField, value: Scalar, at: int) -> str:
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise refused(
            field.name,
            value,
            "is not a printable text of at most 200 characters.",
            'Write it as "text".',
            at=at,
        )
    if field.choices and value not in field.choices:
        raise refused(field.name, value, "never occurs.", f"Values: {', '.join(field.choices)}.", at=at)
    return value


def _iso(field: AskedField, value: Scalar, at: int) -> str:
    try:
        if not isinstance(value, str):
            raise ValueError
        if len(value) == len("2017-11-30"):
            day = date.fromisoformat(value)
            year, text = day.year, day.isoformat()
        else:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                raise ValueError
            year, text = moment.year, moment.isoformat()
    except ValueError:
        raise refused(
            field.name,
            value,
            "is not a day or a moment with an offset.",
            'Write "2017-11-30" or "2017-11-30T18:00:00+01:00".',
            at=at,
        ) from None
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise refused(field.name, value, "is no year of ours.", f"From {_YEARS[0]} to {_YEARS[1]}.", at=at)
    return text


def _moment(text: Scalar) -> datetime:
    moment = datetime.fromisoformat(str(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def written(condition: Condition) -> str:
    """The condition as text, in its one form: parsing it gives the same condition, and writing that the same text."""
    match condition:
        case All(parts=parts):
            text = " and ".join(_inside(part, AnyOf) for part in parts)
        case AnyOf(parts=parts):
            text = " or ".join(_inside(part, All) for part in parts)
        case Not(part=Within(field=field, values=values)):
            text = f"{field} not in ({', '.join(map(written_value, values))})"
        case Not(part=part):
            text = f"not {_inside(part, AnyOf, All)}"
        case Everybody():
            text = "everybody"
        case Known(field=field, known=known):
            text = f"{field} is {'known' if known else 'unknown'}"
        case Within(field=field, values=values):
            text = f"{field} in ({', '.join(map(written_value, values))})"
        case Between(field=field, low=low, high=high):
            text = f"{field} between {written_value(low)} and {written_value(high)}"
        case Compare(field=field, op=op, value=value):
            text = f"{field} {op} {written_value(value)}"
    return text


def _inside(part: Condition, *bracketed: type) -> str:
    return f"({written(part)})" if isinstance(part, bracketed) else written(part)


def written_value(value: Scalar | Top) -> str:
    """A value as it is written in a condition."""
    match value:
        case Top(share=share):
            return f"top({share!r})"
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case _:
            return repr(value)
