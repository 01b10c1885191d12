"""Membership: the people of one saved audience, for figures that tell them from the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

import msgspec

from oneshelf.app.core import Core
from oneshelf.app.people.nightly import nightly
from oneshelf.app.people.tiering import compute_cutpoints
from oneshelf.books import audiences as books
from oneshelf.errors import InvalidInput, NotFound
from oneshelf.insight.cube import IN, REST
from oneshelf.insight.people.conditions import parse, tops_of, where

#: The dimension, and the values that it can be filtered by.
AUDIENCE: Final = "audience"
SIDES: Final = (IN, REST)

_Kept = TypeVar("_Kept")


class AudienceAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The audience that a question is about, in its newest version, and the night whose portraits decide who is in it."""

    name: str
    version: int
    condition: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """An audience with its people: an Ibis table of one column, person_id."""

    asked: AudienceAsked
    people: Any


def members_of(core: Core, name: str) -> Members:
    """Who is in a saved audience by the newest nightly portraits. Raises NotFound for no such audience, and before the first night.

    To be called while holding the core's `analysis`, as what comes back is not yet run.
    """
    with core.database.read() as connection:
        found = books.get(connection, name)
        known = [] if found else [row.name for row in books.listing(connection)]
    if found is None:
        raise NotFound(f"There is no audience {name!r}.", _saved(known))
    asked = parse(found.condition)
    night = nightly(core)
    cutpoints = compute_cutpoints(core, night.table, tops_of(asked))
    held = where(asked, night.table, cutpoints=cutpoints, time_zone=core.settings.time_zone)
    told = AudienceAsked(name=name, version=found.version, condition=found.condition, as_of=night.day)
    return Members(asked=told, people=night.table.filter(held).select("person_id"))


def sided(
    audience: str | None, by: Sequence[str], kept: Mapping[str, tuple[_Kept, ...]]
) -> tuple[str | None, dict[str, tuple[_Kept | str, ...]]]:
    """The name of the audience that a question is about, and its filters with the audience as `in` or `rest`.

    A filter by an audience's name keeps its people; with the audience named apart the filter is `in` or `rest`. Raises InvalidInput.
    """
    filters: dict[str, tuple[_Kept | str, ...]] = dict(kept)
    given = kept.get(AUDIENCE)
    if audience is None and given is not None:
        if len(given) != 1:
            raise InvalidInput.of("where.audience", len(given), "are several audiences.", "Name one.")
        audience, filters[AUDIENCE] = str(given[0]), (IN,)
    elif given is not None and not set(given) <= set(SIDES):
        raise InvalidInput.of(
            "where.audience",
            given[0],
            "is no side of an audience.",
            f"Use {IN} or {REST} when it is named apart.",
        )
    asks = AUDIENCE in by or AUDIENCE in filters
    if asks and not audience:
        raise InvalidInput.of(
            "audience",
            "",
            "is not named.",
            "Say whose people are told from the rest: a saved audience's name.",
        )
    return (audience if asks else None), filters


def _saved(names: Sequence[str]) -> str:
    return f"Saved: {', '.join(names[:20])}." if names else "Save one first: `oneshelf audiences save`."
