"""The composition root: every implementation is chosen here, from the settings and from nothing else."""

from __future__ import annotations

from pathlib import Path

import oneshelf.events.segment  # noqa: F401  # importing it registers the codec of Segment's and RudderStack's SDKs
from oneshelf.app.core import Core
from oneshelf.app.settings import Settings, read_settings
from oneshelf.app.shelf import Shelf
from oneshelf.books.database import Database
from oneshelf.books.journal import Journal
from oneshelf.lake.engines import open_engine
from oneshelf.lake.tables import Lake


def open_shelf(where: Settings | Path | str | None = None) -> Shelf:
    """Open a shelf on a data folder (made when it is missing), or on settings that name a database and an engine."""
    settings = (
        where if isinstance(where, Settings) else read_settings(**({} if where is None else {"data": where}))
    )
    settings.data.mkdir(parents=True, exist_ok=True)
    database = Database.open(settings.database_url)
    try:
        lake = Lake(settings.lake)
        engine = open_engine(lake, settings.engine)
    except BaseException:
        database.close()
        raise
    return Shelf(
        Core(settings=settings, database=database, journal=Journal(database), lake=lake, engine=engine)
    )
