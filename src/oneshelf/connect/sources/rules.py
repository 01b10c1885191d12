"""Rules, compiled: which of them fits a row says what happened in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from oneshelf.connect.sources.cells import Flaw
from oneshelf.connect.sources.mapping import Rule, When

Values = Sequence[str | None]
Test = Callable[[Values], bool]


class Ruling(msgspec.Struct, frozen=True):
    """What a row is: its kind, and the name of a `custom.tracked` event."""

    kind: str
    name: str


def compiled(
    rules: Sequence[Rule], index: Mapping[str, int], number: Callable[[str], Decimal]
) -> Callable[[Values], Ruling]:
    """Make the function that finds the first rule that fits; it raises Flaw when none does or a number cannot be compared."""
    tests = [
        (
            Ruling(rule.kind, rule.name or ""),
            [test for when in rule.when for test in _tests(when, index[when.column], number)],
        )
        for rule in rules
    ]

    def first(values: Values) -> Ruling:
        for ruling, conditions in tests:
            if all(fits(values) for fits in conditions):
                return ruling
        raise Flaw(
            "fit nothing in this row.",
            'Add a rule without `when` for all other rows; kind = "ignore" leaves them out.',
        )

    return first


def _tests(when: When, place: int, number: Callable[[str], Decimal]) -> list[Test]:
    def text(values: Values) -> str:
        return (values[place] or "").strip()

    tests: list[Test] = []
    if when.equals is not None:
        tests.append(lambda values, wanted=when.equals: text(values) == wanted)  # type: ignore[misc]
    if when.one_of is not None:
        tests.append(lambda values, wanted=frozenset(when.one_of): text(values) in wanted)  # type: ignore[misc]
    if when.starts_with is not None:
        tests.append(lambda values, wanted=when.starts_with: text(values).startswith(wanted))  # type: ignore[misc]
    if when.below is not None:
        tests.append(lambda values, limit=Decimal(str(when.below)): number(text(values)) < limit)  # type: ignore[misc]
    if when.above is not None:
        tests.append(lambda values, limit=Decimal(str(when.above)): number(text(values)) > limit)  # type: ignore[misc]
    if when.empty is not None:
        tests.append(lambda values, wanted=when.empty: (not text(values)) == wanted)  # type: ignore[misc]
    return tests
