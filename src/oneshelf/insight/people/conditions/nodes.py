"""A condition as a value: frozen, tagged structs that travel as JSON between Python, the API and the console's builder."""

from __future__ import annotations

from typing import Literal

import msgspec

Scalar = bool | int | float | str
Operator = Literal["=", "!=", "<", "<=", ">", ">="]


class Node(msgspec.Struct, frozen=True, kw_only=True, tag_field="is"):
    """What every part of a condition is."""


class Top(Node, frozen=True, tag="top"):
    """The cut-point of a field above which the top `share` (0 to 1) of everybody who ever ordered lies."""

    share: float


class Compare(Node, frozen=True, tag="compare"):
    """`recency_days <= 30`. A moment is compared with ISO text: a day, or a moment with its offset."""

    field: str
    op: Operator
    value: Scalar | Top


class Within(Node, frozen=True, tag="in"):
    """`favourite_category in ("SNACKS", "BEER")`."""

    field: str
    values: tuple[Scalar, ...]


class Between(Node, frozen=True, tag="between"):
    """`recency_days between 30 and 60`, both ends included."""

    field: str
    low: Scalar
    high: Scalar


class Known(Node, frozen=True, tag="known"):
    """`price_index is known`, or `is unknown`."""

    field: str
    known: bool = True


class Everybody(Node, frozen=True, tag="everybody"):
    """`everybody`: holds for all."""


class All(Node, frozen=True, tag="all"):
    """Every part holds: `a and b`."""

    parts: tuple[Condition, ...]


class AnyOf(Node, frozen=True, tag="any"):
    """Some part holds: `a or b`."""

    parts: tuple[Condition, ...]


class Not(Node, frozen=True, tag="not"):
    """The part is known not to hold: `not a`."""

    part: Condition


Test = Compare | Within | Between | Known
Condition = Compare | Within | Between | Known | Everybody | All | AnyOf | Not
