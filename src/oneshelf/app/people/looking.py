"""People: find them, look at one. Every look at a person's data stands in the access log."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.app.people import audience_files
from oneshelf.app.people.expecting import Expecting
from oneshelf.app.people.nightly import nightly
from oneshelf.app.people.timeline import Happening, timeline
from oneshelf.books import identity, nights, people, tiers
from oneshelf.books.database import Connection
from oneshelf.errors import NotAllowed, NotFound
from oneshelf.insight.people import state as states
from oneshelf.insight.people.drawing import portrait_of
from oneshelf.insight.people.fields import Field, field_named
from oneshelf.insight.people.flat import flat, is_simulated
from oneshelf.insight.people.portrait import Everybody, Modelled, Portrait, Tiered
from oneshelf.insight.people.state import PersonState
from oneshelf.trust.access import OPERATOR, Action, Actor
from oneshelf.words.people import ANONYMOUS, fitting, identifier_of


class PersonSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a list of people. `simulated`: simulated events entered."""

    person_id: str
    orders: int
    monetary_minor: int
    currency: str
    last_seen_at: datetime
    simulated: bool


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """One field of one person's portrait, explained."""

    person_id: str
    field: Field
    value: Any  # text, number, flag or moment, as the field says; None where it is unknown
    #: of an amount
    currency: str | None
    #: for when the value is: now for a live field, the night of the run for others
    as_of: datetime
    #: whether simulated events entered
    simulated: bool
    #: the newest events that entered, newest first
    events: tuple[Happening, ...]


class People(Expecting):
    """Use cases about people."""

    def search(
        self, text: str = "", *, actor: Actor = OPERATOR, limit: int = 50, after: str | None = None
    ) -> Page[PersonSummary]:
        """List people whose id begins with `text`, those who spent most first. Staff of some places see those who buy there."""
        self._core.look(actor, "people.read", purpose="search")
        position = read_cursor(after, tuple[int, str])
        with self._core.database.read() as connection:
            rows = people.search(
                connection, text.strip(), limit=limit + 1, after=position, places=actor.places
            )
            total = None if text.strip() else people.count(connection, actor.places)
        items = tuple(
            PersonSummary(
                person_id=row.person_id,
                orders=row.orders,
                monetary_minor=row.spend_minor,
                currency=self._core.settings.currency,
                last_seen_at=row.last_seen_at,
                simulated=row.simulated,
            )
            for row in rows[:limit]
        )
        last = rows[limit - 1] if len(rows) > limit else None
        following = None if last is None else write_cursor((last.spend_minor, last.person_id))
        return Page(items=items, next=following, total=total)

    def portrait(
        self,
        person_id: str,
        *,
        actor: Actor = OPERATOR,
        purpose: str = "service",
        now: datetime | None = None,
    ) -> Portrait:
        """Draw the live portrait of one person. Raises NotFound, and NotAllowed when the role does not cover people."""
        with self._core.database.read() as connection:
            known_as, state, looked = self._looking_at(
                connection, person_id, actor, "people.read", purpose=purpose
            )
            products = self._core.catalogue.products(
                connection, {*state.products, *state.favourites, *state.views}
            )
            modelled = nights.modelled_of(connection, [known_as]).get(known_as)
            tier = tiers.tiers(connection, [known_as]).get(known_as)
            everybody = Everybody(
                categories=nights.shares(
                    connection, "category", {p.category for p in products.values() if p.category}
                ),
                brands=nights.shares(connection, "brand", {p.brand for p in products.values() if p.brand}),
            )
        portrait = portrait_of(
            known_as,
            state,
            now=now or self._core.now(),
            products=products,
            everybody=everybody,
            modelled=None if modelled is None else msgspec.convert(modelled, Modelled, from_attributes=True),
            tiered=None if tier is None else Tiered(tier=tier.tier, reason=tier.reason, since=tier.since),
        )
        looked.result()
        return portrait

    def portraits(
        self, *, target: Path | str | None = None, actor: Actor = OPERATOR, purpose: str = "analysis"
    ) -> pa.Table:
        """Everybody's portrait as of the newest night, one row a person; the columns are those of `insight.people.fields.FIELDS`.

        With `target` also written to a new file, .csv or .parquet. Raises NotFound before the first night, and NotAllowed for staff of some places or without the right to see people.
        """
        self._core.look(actor, "people.read", purpose=purpose)
        if actor.places:
            raise NotAllowed("The portraits are of the whole shop.", "Ask somebody who may see everybody.")
        with self._core.analysis:
            found = self._core.engine.run(nightly(self._core).table.order_by("person_id"))
        if target is not None:
            data, _ = audience_files.packed(found, Path(target).suffix.removeprefix("."))
            audience_files.write_new(Path(target), data)
        return found

    def timeline(
        self, person_id: str, *, actor: Actor = OPERATOR, purpose: str = "service", limit: int = 50
    ) -> tuple[Happening, ...]:
        """What happened with one person, newest first, from the lake (some seconds behind the journal)."""
        known_as, _ = self.look_at(person_id, actor, "people.read", purpose=purpose)
        return self._happened(known_as, limit)

    def why(
        self,
        person_id: str,
        field: str,
        *,
        actor: Actor = OPERATOR,
        purpose: str = "service",
        now: datetime | None = None,
        limit: int = 50,
    ) -> Explained:
        """One field of a portrait: how it is computed, and the newest events that entered it.

        Raises InvalidInput for a field that no portrait has, NotFound, NotAllowed.
        """
        known = field_named(field)
        portrait = self.portrait(person_id, actor=actor, purpose=purpose, now=now)
        modelled = portrait.modelled
        return Explained(
            person_id=portrait.person_id,
            field=known,
            value=flat(portrait)[field],
            currency=portrait.currency if known.unit == "minor" else None,
            as_of=modelled.modelled_at if known.when != "live" and modelled else portrait.as_of,
            simulated=is_simulated(portrait, known),
            events=self._happened(portrait.person_id, limit, known.enters) if known.enters else (),
        )

    def _happened(
        self, known_as: str, limit: int, kinds: Collection[str] | None = None
    ) -> tuple[Happening, ...]:
        with self._core.database.read() as connection:
            identifiers = sorted(identity.identifiers_of(connection, [known_as]).get(known_as, ()))
        # what was decided for them may be younger than what they did
        newest = self._core.now().date() + timedelta(days=1)
        return timeline(self._core, (known_as, *identifiers), newest=newest, limit=limit, kinds=kinds)

    def look_at(
        self, person_id: str, actor: Actor, action: Action, *, purpose: str, place_id: str | None = None
    ) -> tuple[str, PersonState]:
        """The person and their state, for an actor who may see them; the look is logged, the refused one too.

        Raises NotAllowed, and NotFound only to those whose role covers people.
        """
        with self._core.database.read() as connection:
            known_as, state, looked = self._looking_at(
                connection, person_id, actor, action, purpose=purpose, place_id=place_id
            )
        looked.result()
        return known_as, state

    def _looking_at(
        self,
        connection: Connection,
        person_id: str,
        actor: Actor,
        action: Action,
        *,
        purpose: str,
        place_id: str | None = None,
    ) -> tuple[str, PersonState, Future[None]]:
        """`look_at` for those who read on while the look is being logged."""
        if not actor.may(action):
            self._core.look(actor, action, purpose=purpose, person_id=person_id)
        try:
            known_as, state = _known(connection, person_id)
        except NotFound:
            self._core.look(actor, action, purpose=purpose, person_id=person_id)
            raise
        looked = self._core.looking(
            actor, action, purpose=purpose, person_id=known_as, place_id=place_id, person_places=state.places
        )
        return known_as, state, looked

    def state(self, person_id: str) -> tuple[str, PersonState]:
        """The person behind an id (a member's, or any identifier of theirs) and their state. Raises NotFound."""
        with self._core.database.read() as connection:
            return _known(connection, person_id)


def _known(connection: Connection, person_id: str) -> tuple[str, PersonState]:
    named = (fitting(person_id), identifier_of("anonymous", person_id.removeprefix(ANONYMOUS)))
    links = identity.resolve(connection, named)
    for candidate in dict.fromkeys(links.get(one, one) for one in named):
        if data := people.states(connection, [candidate]).get(candidate):
            return candidate, states.decode(data)
    raise NotFound(
        "Nobody here has this id.",
        "Search for the beginning of the id, or load the person's events first.",
    )
