"""What every use case stands on: the books, the lake, an engine and the settings in force."""

from __future__ import annotations

import threading
from collections.abc import Collection
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from secrets import token_bytes

from oneshelf.app.catalogue import Catalogue
from oneshelf.app.settings import Settings
from oneshelf.books import access_log, secrets
from oneshelf.books.database import Database
from oneshelf.books.journal import Journal
from oneshelf.errors import NotAllowed
from oneshelf.lake.engine import Engine
from oneshelf.lake.tables import Lake
from oneshelf.trust.access import Action, Actor
from oneshelf.words.goods import Product
from oneshelf.words.time import business_day


@dataclass(kw_only=True)
class Core:
    """The rooms below, wired by `build`, and what all use cases share."""

    settings: Settings
    database: Database
    journal: Journal
    lake: Lake
    engine: Engine
    catalogue: Catalogue = field(default_factory=Catalogue)
    #: one analysis at a time: an engine's session belongs to one thread at a time
    analysis: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        """The moment for which questions about the shop are answered: the clock of the settings, or else the real one."""
        return self.settings.clock or utc_now()

    def today(self) -> date:
        """The shop's own business day of `now`."""
        return business_day(self.now(), self.settings.time_zone)

    def products(self, ids: set[str]) -> dict[str, Product]:
        """The catalogue's entries for some ids; unknown ids are left out."""
        with self.database.read() as connection:
            return self.catalogue.products(connection, ids)

    def secret(self, name: str) -> bytes:
        """A random value of 32 bytes that the books keep under this name, made when it is first asked for."""
        with self.database.read() as connection:
            kept = secrets.get(connection, name)
        if kept is not None:
            return kept
        fresh, now = token_bytes(32), utc_now()
        return self.database.writer.write(lambda connection: secrets.keep(connection, name, fresh, now))

    def look(
        self,
        actor: Actor,
        action: Action,
        *,
        purpose: str,
        person_id: str | None = None,
        place_id: str | None = None,
        person_places: Collection[str] | None = None,
    ) -> None:
        """Note that somebody looks at personal data, or was refused; the note is on disk when this returns.

        Raises NotAllowed when the role does not cover it, or when neither the place nor the person is the actor's to see: staff
        of some places see those who buy there (`person_places`).
        """
        self.looking(
            actor,
            action,
            purpose=purpose,
            person_id=person_id,
            place_id=place_id,
            person_places=person_places,
        ).result()

    def looking(
        self,
        actor: Actor,
        action: Action,
        *,
        purpose: str,
        person_id: str | None = None,
        place_id: str | None = None,
        person_places: Collection[str] | None = None,
    ) -> Future[None]:
        """`look` for those who go on meanwhile: they wait for the future before they show anything."""

        def note(*, allowed: bool) -> Future[None]:
            row = access_log.AccessRow(
                at=utc_now(),
                actor=actor.name,
                role=actor.role,
                purpose=purpose,
                action=action,
                person_id=person_id,
                place_id=place_id,
                allowed=allowed,
            )
            return self.database.looks.submit(lambda connection: access_log.add(connection, row))

        try:
            actor.require(action, place_id)
            if person_places is not None and actor.places and not set(actor.places) & set(person_places):
                raise NotAllowed(
                    "This person does not buy at a place of yours.", "Ask somebody of the person's own store."
                )
        except NotAllowed:
            note(allowed=False).result()
            raise
        return note(allowed=True)


def utc_now() -> datetime:
    """The real time: of what is recorded, signed in and sent. Everything below is handed its "now"."""
    return datetime.now(UTC)
