"""How records are compared: the fields and their levels, which records meet at all, and where the estimation of weights starts. All data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Verdict = Literal["same", "similar", "different", "unknown"]
Test = Literal["exact", "swapped", "jaro_winkler", "damerau_levenshtein"]


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """One level of a comparison: a pair falls into the first whose test it passes. `m` and `u` are what is assumed untrained."""

    verdict: Verdict
    test: Test
    m: float
    u: float
    #: at least this similar (0 to 1), or at most so many edits apart
    bound: float = 0.0
    #: the field that may hold this one's value
    other: str | None = None
    #: whether a rare value counts for more than a common one
    by_frequency: bool = False


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """How one field of two records is compared. What passes no level is different; what is missing on one side, unknown."""

    field: str
    levels: tuple[Level, ...]
    #: of pairs that pass no level
    m: float
    u: float


def _same(m: float, u: float, *, by_frequency: bool = False) -> Level:
    return Level(verdict="same", test="exact", m=m, u=u, by_frequency=by_frequency)


def _alike(bound: float, m: float, u: float) -> Level:
    return Level(verdict="similar", test="jaro_winkler", bound=bound, m=m, u=u)


def _edits(bound: int, m: float, u: float) -> Level:
    return Level(verdict="similar", test="damerau_levenshtein", bound=bound, m=m, u=u)


def _swapped(other: str, m: float, u: float) -> Level:
    return Level(verdict="similar", test="swapped", other=other, m=m, u=u)


COMPARISONS: Final[tuple[Comparison, ...]] = (
    Comparison(
        field="given_name",
        levels=(
            _same(0.75, 0.008, by_frequency=True),
            _swapped("surname", 0.03, 0.0001),
            _alike(0.92, 0.08, 0.002),
            _alike(0.8, 0.08, 0.02),
        ),
        m=0.06,
        u=0.97,
    ),
    Comparison(
        field="surname",
        levels=(
            _same(0.75, 0.008, by_frequency=True),
            _swapped("given_name", 0.03, 0.0001),
            _alike(0.92, 0.08, 0.002),
            _alike(0.8, 0.08, 0.02),
        ),
        m=0.06,
        u=0.97,
    ),
    Comparison(
        field="birth_date",
        levels=(_same(0.85, 0.0001), _edits(1, 0.1, 0.001), _edits(2, 0.03, 0.01)),
        m=0.02,
        u=0.989,
    ),
    Comparison(
        field="street",
        levels=(_same(0.6, 0.0005, by_frequency=True), _alike(0.92, 0.15, 0.0005), _alike(0.8, 0.1, 0.01)),
        m=0.15,
        u=0.989,
    ),
    Comparison(
        field="street_2",
        levels=(_same(0.7, 0.002, by_frequency=True), _alike(0.88, 0.1, 0.002)),
        m=0.2,
        u=0.996,
    ),
    Comparison(
        field="postcode",
        levels=(_same(0.85, 0.002, by_frequency=True), _edits(1, 0.08, 0.01)),
        m=0.07,
        u=0.988,
    ),
    Comparison(
        field="city",
        levels=(_same(0.8, 0.01, by_frequency=True), _alike(0.88, 0.1, 0.01)),
        m=0.1,
        u=0.98,
    ),
    Comparison(field="phone", levels=(_same(0.7, 0.0001, by_frequency=True),), m=0.3, u=0.9999),
    Comparison(field="email", levels=(_same(0.7, 0.0001, by_frequency=True),), m=0.3, u=0.9999),
    Comparison(
        field="national_id",
        levels=(_same(0.9, 0.000001), _edits(1, 0.07, 0.00001), _edits(2, 0.02, 0.0005)),
        m=0.01,
        u=0.9995,
    ),
)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Records equal in all `fields` are compared; `birth_date:4` is its first four characters.

    Where more than `most` records are equal, the value is too common to say anything (a test account, a default, one postcode for a
    town), and the block is left out for them. That bounds the pairs by records x most / 2, whatever the data.
    """

    fields: tuple[str, ...]
    most: int


#: Only records that meet in one of these are compared at all. No single error hides a pair from all of them.
#: A value that is rare in these records is a block by itself, so that few records are compared widely and many narrowly.
BLOCKS: Final = (
    Block(fields=("national_id",), most=50),
    Block(fields=("phone",), most=50),
    Block(fields=("email",), most=50),
    Block(fields=("given_name", "surname"), most=200),
    Block(fields=("given_name", "birth_date"), most=200),
    Block(fields=("surname", "birth_date"), most=200),
    Block(fields=("surname", "postcode"), most=100),
    Block(fields=("street", "postcode"), most=100),
    Block(fields=("birth_date",), most=50),
    Block(fields=("given_name:3", "surname:3"), most=50),
    Block(fields=("surname:3", "birth_date:4"), most=50),
    Block(fields=("given_name:3", "birth_date:4"), most=50),
    Block(fields=("surname:3", "postcode"), most=50),
    Block(fields=("given_name:3", "postcode"), most=50),
    Block(fields=("street:7", "postcode"), most=50),
    Block(fields=("street:7", "birth_date:4"), most=50),
    *(
        Block(fields=(field,), most=20)
        for field in ("given_name", "surname", "street", "street_2", "postcode", "city")
    ),
)

#: Pairs that are very probably one person's; their number says how common such pairs are.
CERTAIN: Final = (
    Block(fields=("given_name", "surname", "birth_date"), most=50),
    Block(fields=("given_name", "birth_date", "postcode"), most=50),
    Block(fields=("given_name", "surname", "street"), most=50),
)

#: The share of true pairs that the certain blocks are taken to find.
CERTAIN_RECALL: Final = 0.7

#: What EM learns from: among records equal in these fields many are one person's, and their other fields show how people differ from themselves.
TRAINING: Final[tuple[tuple[str, ...], ...]] = (("birth_date",), ("given_name", "surname"))


#: How the people of one household agree in a person's own fields, by the levels of its comparison: few have one name (a father and his
#: son), few one birth date (twins), none one national id.
HOUSEHOLD: Final[Mapping[str, tuple[float, ...]]] = {
    "given_name": (0.005, 0.0005, 0.005, 0.03, 0.9595),
    "birth_date": (0.01, 0.005, 0.02, 0.965),
    "national_id": (1e-6, 1e-5, 1e-3, 0.998989),
}

#: Records that are equal in these live together.
TOGETHER: Final = Block(fields=("surname", "street"), most=50)

COMPARED: Final = {each.field: each for each in COMPARISONS}
