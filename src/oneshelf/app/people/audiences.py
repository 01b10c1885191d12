"""Audiences: saved conditions over the portrait, their size, their overlaps, who is in them, and their export.

Whoever may not see people, or sees only those of some places, gets the protected size (`insight.disclosure`) of saved audiences and
nothing else: with conditions of their own, one set of people could be worded in many ways.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime
from itertools import combinations
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa

from oneshelf.app.core import Core, utc_now
from oneshelf.app.goods.measures import SALT
from oneshelf.app.people import audience_files
from oneshelf.app.people.nightly import Nightly, nightly
from oneshelf.app.people.tiering import compute_cutpoints
from oneshelf.books import audiences as books
from oneshelf.books.audiences import AudienceRow
from oneshelf.errors import InvalidInput, NotAllowed, NotFound
from oneshelf.insight.disclosure import count_band, protected_count
from oneshelf.insight.people.conditions import (
    Condition,
    Cutpoints,
    fields_of,
    parse,
    tops_of,
    where,
    written,
)
from oneshelf.insight.people.fields import FIELDS
from oneshelf.trust.access import OPERATOR, Actor

NAME_LENGTH_MAX: Final = 100
SAMPLE_MAX: Final = 200
OVERLAP_MAX: Final = 8

Format = Literal["csv", "parquet"]


class AudienceSize(msgspec.Struct, frozen=True, kw_only=True):
    """How many people a condition holds for, of everybody, as of the night `as_of`.

    `give_or_take`: the figure is protected by noise, and the true one lies within in nine cases of ten. `people` is None where there
    are too few to tell.
    """

    condition: str
    people: int | None
    everybody: int | None
    as_of: date
    give_or_take: float | None = None
    #: the condition holds for people into whose portrait simulated events entered
    simulated: bool = False


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """How many people two audiences share; on the diagonal, how many each has. None: too few to tell."""

    names: tuple[str, ...]
    people: tuple[tuple[int | None, ...], ...]
    as_of: date
    give_or_take: float | None = None


class AudienceSample(msgspec.Struct, frozen=True, kw_only=True):
    """Some people of an audience, drawn by a seed, with the fields that its condition names."""

    condition: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    as_of: date


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """An audience as a file."""

    name: str
    media_type: str
    people: int
    as_of: date
    data: bytes


#: What follows an audience's name in addresses, where a name may hold a slash itself.
_TAKEN = ("/versions", "/size", "/export")


class Audiences:
    """Use cases about audiences."""

    def __init__(self, core: Core) -> None:
        self._core = core
        #: by (version of the table, field, share): a night has one set of cut-points
        self._cutpoints: dict[tuple[int, str, float], float] = {}

    def ready(self) -> date:
        """The night that audiences count. Raises NotFound before the first."""
        return nightly(self._core).day

    def size(self, condition: str, *, actor: Actor = OPERATOR) -> AudienceSize:
        """How many people a condition holds for. Raises InvalidInput that names the place in the text, NotFound before the first night."""
        asked = parse(condition)
        if guarded(actor):
            raise NotAllowed(
                "Conditions of your own need a role that may see people.", "Ask for a saved audience's size."
            )
        return self._size(asked, actor)

    def size_of(self, name: str, version: int | None = None, *, actor: Actor = OPERATOR) -> AudienceSize:
        """How many people a saved audience has, protected for whoever may not see people. Raises NotFound."""
        return self._size(parse(self.get(name, version, actor=actor).condition), actor)

    def save(
        self, name: str, condition: str, *, actor: Actor = OPERATOR, now: datetime | None = None
    ) -> AudienceRow:
        """Keep a condition under a name: version 1, or the next one where the text says something else than the newest.

        Raises InvalidInput for a name or a condition that cannot be used.
        """
        actor.require("audiences.save")
        if guarded(actor):
            raise NotAllowed("Audiences are of the whole shop.", "Ask somebody who may see everybody.")
        if not name.strip(" .") or len(name) > NAME_LENGTH_MAX or not name.isprintable():
            raise InvalidInput.of(
                "name", name, "is no name.", f"Use 1 to {NAME_LENGTH_MAX} printable characters."
            )
        if name.strip().endswith(_TAKEN):
            raise InvalidInput.of("name", name, "ends as an address of ours does.", "Choose another ending.")
        text, at = written(parse(condition)), now or utc_now()
        parse(text)  # what is kept must be readable: written out it may nest deeper than it was typed
        return self._core.database.writer.write(
            lambda connection: books.save(connection, name.strip(), text, actor.name, at)
        )

    def list(self, *, actor: Actor = OPERATOR) -> tuple[AudienceRow, ...]:
        """Every audience in its newest version."""
        del actor  # names and conditions are for everybody on the staff
        with self._core.database.read() as connection:
            return tuple(books.listing(connection))

    def get(self, name: str, version: int | None = None, *, actor: Actor = OPERATOR) -> AudienceRow:
        """One audience, in its newest version or the one asked for. Raises NotFound."""
        del actor
        with self._core.database.read() as connection:
            found = books.get(connection, name, version)
        if found is None:
            raise NotFound(
                "There is no audience of this name and version.", "List them: `oneshelf audiences`."
            )
        return found

    def versions(self, name: str, *, actor: Actor = OPERATOR) -> tuple[AudienceRow, ...]:
        """Every version of an audience, the newest first. Raises NotFound."""
        self.get(name, actor=actor)
        with self._core.database.read() as connection:
            return tuple(books.versions(connection, name))

    def overlap(self, *names: str, actor: Actor = OPERATOR) -> Overlap:
        """How many people each two of some saved audiences share. Raises NotFound, InvalidInput for fewer than 2 or more than 8."""
        if not 2 <= len(set(names)) == len(names) <= OVERLAP_MAX:
            raise InvalidInput.of(
                "names", names, "cannot be compared.", f"Name 2 to {OVERLAP_MAX} different audiences."
            )
        conditions = [parse(self.get(name, actor=actor).condition) for name in names]
        with self._core.analysis:
            night = nightly(self._core, _read(*conditions))
            held = [self._where(one, night) for one in conditions]
            cells = {(at, at): held[at] for at in range(len(names))}
            cells |= {(i, j): held[i] & held[j] for i, j in combinations(range(len(names)), 2)}
            counted = self._counted(night, cells, conditions, actor)
        rows = tuple(
            tuple(counted[min(i, j), max(i, j)] for j in range(len(names))) for i in range(len(names))
        )
        band = count_band() if guarded(actor) else None
        return Overlap(names=names, people=rows, as_of=night.day, give_or_take=band)

    def sample(
        self,
        condition: str,
        *,
        limit: int = 20,
        seed: int = 1,
        purpose: str = "analysis",
        actor: Actor = OPERATOR,
    ) -> AudienceSample:
        """Some of the people for whom a condition holds; the look is logged. Raises NotAllowed when the role does not cover people."""
        asked = parse(condition)
        self._look(actor, purpose)
        if not 1 <= limit <= SAMPLE_MAX:
            raise InvalidInput.of("limit", limit, "is no size of a sample.", f"Ask for 1 to {SAMPLE_MAX}.")
        with self._core.analysis:
            night = nightly(self._core)
            held = night.table.filter(self._where(asked, night))
            ids = self._core.engine.run(held.select("person_id").order_by("person_id"))[
                "person_id"
            ].to_pylist()
            drawn = random.Random(seed).sample(ids, min(limit, len(ids)))  # noqa: S311  # a sample, no secret
            columns = shown(asked, night)
            some = held.filter(held.person_id.isin(drawn)).select(*columns)
            found = self._core.engine.run(some.order_by("person_id")) if drawn else None
        rows = (
            () if found is None else tuple(tuple(row[name] for name in columns) for row in found.to_pylist())
        )
        return AudienceSample(condition=written(asked), columns=tuple(columns), rows=rows, as_of=night.day)

    def export(
        self,
        name: str,
        target: Path | str | None = None,
        *,
        format: Format = "csv",
        purpose: str,
        version: int | None = None,
        actor: Actor = OPERATOR,
    ) -> Exported:
        """Everybody in a saved audience as CSV or Parquet, with the fields that the condition names; the look is logged.

        `purpose` says what the list is for; it stands in the access log. With `target`, a file that must not be there yet is written.
        Raises NotFound, NotAllowed, InvalidInput without a purpose.
        """
        if not purpose.strip() or len(purpose) > NAME_LENGTH_MAX or not purpose.isprintable():
            raise InvalidInput.of(
                "purpose", purpose, "does not say what the list is for.", "Give it in a few words."
            )
        if guarded(actor):
            self._look(actor, purpose.strip())
        saved = self.get(name, version, actor=actor)
        asked = parse(saved.condition)
        self._look(actor, f"{purpose.strip()}; export of audience {saved.name}, version {saved.version}")
        with self._core.analysis:
            night = nightly(self._core)
            held = night.table.filter(self._where(asked, night)).select(*shown(asked, night))
            rows = self._core.engine.run(held.order_by("person_id"))
        data, media_type = audience_files.packed(rows, format)
        made = Exported(
            name=f"audience-{saved.version}-{night.day}.{format}",
            media_type=media_type,
            people=rows.num_rows,
            as_of=night.day,
            data=data,
        )
        if target is not None:
            audience_files.write_new(Path(target), data)
        return made

    def _look(self, actor: Actor, purpose: str) -> None:
        self._core.look(actor, "people.read", purpose=purpose)
        if actor.places:
            raise NotAllowed("Audiences are of the whole shop.", "Ask somebody who may see everybody.")

    def _size(self, asked: Condition, actor: Actor) -> AudienceSize:
        with self._core.analysis:
            night = nightly(self._core, _read(asked))
            held = self._where(asked, night)
            if guarded(actor):
                people = self._protected(night, held, f"audience {written(asked)}")
                everybody = self._protected(night, None, "audience everybody")
                return AudienceSize(
                    condition=written(asked), people=people, everybody=everybody, as_of=night.day,
                    give_or_take=count_band(),
                )  # fmt: skip
            flags = night.table.simulated.fill_null(False) if "simulated" in night.table.columns else None
            figures = {"people": held.sum(), "everybody": night.table.count()}
            if flags is not None:
                figures["simulated"] = (held & flags).any()
            (row,) = self._core.engine.run(night.table.aggregate(**figures)).to_pylist()
        return AudienceSize(
            condition=written(asked),
            people=int(row["people"] or 0),
            everybody=row["everybody"],
            as_of=night.day,
            simulated=bool(row.get("simulated")),
        )

    def _counted(
        self, night: Nightly, cells: dict[tuple[int, int], Any], conditions: Sequence[Condition], actor: Actor
    ) -> dict[tuple[int, int], int | None]:
        if guarded(actor):
            texts = [written(one) for one in conditions]
            return {
                (i, j): self._protected(
                    night, held, " overlap ".join(sorted({f"audience {texts[i]}", f"audience {texts[j]}"}))
                )
                for (i, j), held in cells.items()
            }
        sums = {f"cell_{i}_{j}": held.sum() for (i, j), held in cells.items()}
        (row,) = self._core.engine.run(night.table.aggregate(**sums)).to_pylist()
        return {(i, j): int(row[f"cell_{i}_{j}"] or 0) for i, j in cells}

    def _protected(self, night: Nightly, held: Any, question: str) -> int | None:
        table = night.table if held is None else night.table.filter(held)
        ids: pa.ChunkedArray = self._core.engine.run(table.select("person_id"))["person_id"]
        return protected_count(ids.to_pylist(), salt=self._core.secret(SALT), question=question)

    def _where(self, asked: Condition, night: Nightly) -> Any:
        return where(
            asked,
            night.table,
            cutpoints=self._cutpoints_of(asked, night),
            time_zone=self._core.settings.time_zone,
        )

    def _cutpoints_of(self, asked: Condition, night: Nightly) -> Cutpoints:
        wanted = tops_of(asked)
        missing = {key for key in wanted if (night.version, *key) not in self._cutpoints}
        if missing:
            self._cutpoints = {key: cut for key, cut in self._cutpoints.items() if key[0] == night.version}
            found = compute_cutpoints(self._core, night.table, missing)
            self._cutpoints |= {(night.version, *key): cut for key, cut in found.items()}
        return {key: cut for key in wanted if (cut := self._cutpoints.get((night.version, *key))) is not None}


def _read(*conditions: Condition) -> set[str]:
    """The columns that counting needs."""
    return {"frequency", "simulated", *(name for one in conditions for name in fields_of(one))}


def guarded(actor: Actor) -> bool:
    """Whether an actor gets protected figures only: they may not see people, or only those of some places."""
    return not actor.may("people.read") or bool(actor.places)


def shown(condition: Condition, night: Nightly) -> list[str]:
    """What a list of an audience's people shows: no more than who, their tier, and what the condition names."""
    columns = dict.fromkeys(("person_id", *fields_of(condition), "tier"))
    return [name for name in columns if name in night.table.columns and name in FIELDS]
