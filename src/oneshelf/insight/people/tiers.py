"""Tiers: named rules over the portrait, in one editable file. The first rule that holds is a person's tier.

One definition, two ways to ask: a person at a time as events arrive, and everybody at once by night. Both use the same rules and
the same cut-points, which each night computes and the books keep.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from fractions import Fraction
from functools import cached_property, lru_cache
from math import ceil
from pathlib import Path
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import msgspec

from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.insight.people.conditions import (
    Condition,
    Cutpoints,
    Record,
    compiled,
    explained,
    fields_of,
    parse,
    tops_of,
    where,
)

DEFAULT_FILE: Final = Path(__file__).with_name("tiers.toml")

#: More tiers than a person can tell apart.
TIERS_MAX: Final = 24

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")

#: Fields that a tier's own rule cannot stand on.
_OF_TIERS: Final = ("tier", "tier_reason", "tier_since")


class TierRule(msgspec.Struct, frozen=True, kw_only=True):
    """One tier. `response` is what entering it should trigger; people who leave a `watched` one are listed."""

    name: str
    title: str
    rule: Condition
    response: str = ""
    title_zh: str = ""
    response_zh: str = ""
    watched: bool = False


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    title: str
    rule: str
    response: str = ""
    title_zh: str = ""
    response_zh: str = ""
    watched: bool = False


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    tier: tuple[_Entry, ...]


#: A person's tier and the reason, both None where no rule holds.
JudgeTier = Callable[[Record], tuple[str | None, str | None]]


class Tiers(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All tiers, in the order in which their rules are tried."""

    rules: tuple[TierRule, ...]

    @cached_property
    def by_name(self) -> dict[str, TierRule]:
        """Every tier by its name."""
        return {rule.name: rule for rule in self.rules}

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields that the rules name."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in fields_of(rule.rule)))

    @cached_property
    def tops(self) -> frozenset[tuple[str, float]]:
        """The cut-points that the rules need, as (field, share)."""
        return frozenset().union(*(tops_of(rule.rule) for rule in self.rules))


def read_tiers(text: str) -> Tiers:
    """Read a tiers file. Raises InvalidInput with every problem; `at` of each is the tier's place in the file, from 1."""
    try:
        entries = msgspec.convert(tomllib.loads(text), _File).tier
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InvalidInput(
            f"The tiers file cannot be read: {error}.", "Take the shipped tiers.toml for an example."
        ) from None
    problems: list[Problem] = []
    rules: list[TierRule] = []
    for at, entry in enumerate(entries, 1):
        try:
            rules.append(_rule(entry, [rule.name for rule in rules]))
        except InvalidInput as error:
            problems += [
                Problem(at=at, field=f"tier {at} ({entry.name[:40]}), {problem.field}", value=problem.value,
                        cause=f"{error.cause}", remedy=problem.remedy)
                for problem in error.problems
            ]  # fmt: skip
    if not 0 < len(entries) <= TIERS_MAX:
        raise InvalidInput.of("tier", len(entries), "is no number of tiers.", f"Give 1 to {TIERS_MAX}.")
    if problems:
        raise InvalidInput(
            "The tiers file has rules that cannot be used.", "Correct them.", problems=problems
        )
    return Tiers(rules=tuple(rules))


def _rule(entry: _Entry, taken: list[str]) -> TierRule:
    if not _NAME.fullmatch(entry.name):
        raise InvalidInput.of("name", entry.name, "is no name.", "Use small letters, digits and underscores.")
    if entry.name in taken:
        raise InvalidInput.of("name", entry.name, "is there already.", "Choose another name.")
    for field in ("title", "title_zh", "response", "response_zh"):
        value = getattr(entry, field)
        if len(value) > 300 or not value.isprintable() or (field == "title" and not value):
            raise InvalidInput.of(field, value, "is not one line of text.", "Write up to 300 characters.")
    rule = parse(entry.rule)
    if own := set(fields_of(rule)) & set(_OF_TIERS):
        raise InvalidInput.of("rule", brief(own), "asks for the tier itself.", "Name other fields.")
    return TierRule(
        name=entry.name,
        title=entry.title,
        rule=rule,
        response=entry.response,
        title_zh=entry.title_zh,
        response_zh=entry.response_zh,
        watched=entry.watched,
    )


@lru_cache(maxsize=1)
def default_tiers() -> Tiers:
    """The tiers that OneShelf comes with."""
    return read_tiers(DEFAULT_FILE.read_text(encoding="utf-8"))


def judge_of(tiers: Tiers, cutpoints: Cutpoints, time_zone: str = "UTC") -> JudgeTier:
    """The rules as a function of one person's fields, to be called many times."""
    compiled_rules = [(rule, compiled(rule.rule, cutpoints, time_zone)) for rule in tiers.rules]

    def judge(record: Record) -> tuple[str | None, str | None]:
        for rule, holds in compiled_rules:
            if holds(record) is True:
                return rule.name, explained(rule.rule, record, cutpoints=cutpoints, time_zone=time_zone)
        return None, None

    return judge


def judge(
    record: Record, tiers: Tiers | None = None, *, cutpoints: Cutpoints | None = None, time_zone: str = "UTC"
) -> tuple[str | None, str | None]:
    """A person's tier, and why: the rule with the person's own figures in one line. Both None where no rule holds."""
    return judge_of(tiers or default_tiers(), cutpoints or {}, time_zone)(record)


def tier_of(tiers: Tiers, table: ir.Table, cutpoints: Cutpoints, time_zone: str = "UTC") -> ir.StringValue:
    """The tier of everybody in a table with the portrait's columns; null where no rule holds."""
    tier: Any = ibis.null("string")
    for rule in reversed(tiers.rules):
        holds = where(rule.rule, table, cutpoints=cutpoints, time_zone=time_zone).fill_null(False)
        tier = ibis.ifelse(holds, rule.name, tier)
    return tier


def buyers_with(table: ir.Table, fields: Mapping[str, Any] | frozenset[str] | set[str]) -> ir.Table:
    """How many people who ever ordered have a known value, one column a field: what cut-points are counted over."""
    bought = table.frequency > 0
    return table.aggregate(**{name: (bought & table[name].notnull()).sum() for name in sorted(fields)})


def rank_of(share: float, people: int) -> int:
    """Which of `people`, the greatest first and counted from 1, marks the top `share`: a part of a person is a whole one."""
    return max(1, ceil(Fraction(repr(share)) * people))


def values_at(table: ir.Table, wanted: Mapping[str, Collection[int]]) -> ir.Table:
    """The values of the people of some ranks among those who ever ordered, the greatest first: field, rank, value.

    `wanted` holds the ranks of each field, one at least; each field is put in order once, however many ranks are asked for.
    """
    parts = []
    for field, ranks in sorted(wanted.items()):
        known = table.filter((table.frequency > 0) & table[field].notnull()).select(value=table[field])
        ranked = known.mutate(turn=ibis.row_number().over(ibis.window(order_by=known.value.desc())))
        kept = ranked.filter(ranked.turn.isin([rank - 1 for rank in sorted(ranks)]))
        parts.append(
            kept.select(
                field=ibis.literal(field),
                rank=(kept.turn + 1).cast("int64"),
                value=kept.value.cast("float64"),
            )
        )
    return ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
