"""The shelf: the one object through which Python, the command line, the API and the console use OneShelf."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from oneshelf.app.arriving import loading, simulating
from oneshelf.app.arriving.filing import load_file
from oneshelf.app.arriving.loading import LoadReport, Policy, Progress
from oneshelf.app.arriving.projections import Lakeward, Live, run_to_the_end
from oneshelf.app.arriving.sources import Sources
from oneshelf.app.core import Core, utc_now
from oneshelf.app.goods import daily
from oneshelf.app.goods.measures import Measures
from oneshelf.app.goods.places import Places
from oneshelf.app.goods.planning import Goods
from oneshelf.app.goods.stock.stock import Stock
from oneshelf.app.goods.trends.looking import Trends
from oneshelf.app.keeping import backup
from oneshelf.app.keeping.staff import Staff
from oneshelf.app.keeping.system import System
from oneshelf.app.offers.campaigns import Offers
from oneshelf.app.offers.wheel import Wheels
from oneshelf.app.people.audiences import Audiences
from oneshelf.app.people.identity import Identity
from oneshelf.app.people.looking import People
from oneshelf.app.people.matching import Matching
from oneshelf.app.people.tiers import TierViews
from oneshelf.app.recommend.recommendations import Recommendations
from oneshelf.app.settings import Settings
from oneshelf.books.journal import Batch
from oneshelf.connect.registry import open_source
from oneshelf.errors import InvalidInput, Problem


class Shelf:
    """A data folder (or a database and an engine) that is open. Use it in a `with` block, or close it."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.people = People(core)
        self.live = Live(core)
        self.goods = Goods(core, Stock(core, self.live.step))
        self.trends = Trends(core, self.goods)
        self.offers = Offers(core, self.people)
        self.recommendations = Recommendations(core)
        self.audiences = Audiences(core)
        self.tiers = TierViews(core)
        self.measures = Measures(core)
        self.places = Places(core, self.measures)
        self.sources = Sources(core)
        self.staff = Staff(core)
        self.system = System(core)
        self.wheel = Wheels(core, self.goods, self.offers)
        self.identity = Identity(core, self.people, self.live.step)
        self.matching = Matching(core, self.people, self.identity)
        self.lakeward = Lakeward(core.database, core.journal, core.lake, core.settings.time_zone)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.core.settings

    def load(
        self,
        source: str | Path,
        *,
        mapping: Path | str | None = None,
        policy: Policy = "refuse_all",
        until: date | None = None,
        dry_run: bool = False,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> LoadReport:
        """Load an installed source by name, or a file by path with a mapping. Running it again doubles nothing.

        Raises InvalidInput with every problem at once when the policy refuses the input.
        """
        at = now or utc_now()
        path = Path(source)
        if mapping is not None or path.suffix or path.exists():
            if until is not None:
                raise InvalidInput.of(
                    "until", until.isoformat(), "cannot cut a file.", "Load the whole file, or cut it before."
                )
            return load_file(
                self.core,
                path,
                None if mapping is None else Path(mapping),
                policy=policy,
                now=at,
                dry_run=dry_run,
                progress=progress,
            )
        opened = open_source(str(source))
        return loading.load(self.core, opened, now=at, until=until, dry_run=dry_run, progress=progress)

    def simulate(
        self,
        *,
        seed: int = 1,
        scale: float = 1.0,
        dry_run: bool = False,
        now: datetime | None = None,
        progress: Progress | None = None,
    ) -> LoadReport:
        """Simulate what the receipts lack (web sessions, searches, visits, stock, reviews), each event marked as simulated."""
        self.catch_up()  # purchases are read from the lake
        source = simulating.simulator(self.core, seed=seed, scale=scale)
        return loading.load(
            self.core,
            source,
            key=f"{source.name}-{seed}",
            now=now or utc_now(),
            dry_run=dry_run,
            progress=progress,
        )

    def catch_up(self) -> int:
        """Run the projections until they are at the head of the journal; return how many batches this run took.

        A worker that runs the same projections beside it does its share.
        """
        batches = run_to_the_end(self.live.step)
        run_to_the_end(self.lakeward.step)
        run_to_the_end(lambda: daily.refresh(self.core))
        return batches

    def track(self, source: str, codec: str, data: bytes, count: int, now: datetime) -> asyncio.Future[int]:
        """The hot path of HTTP tracking: append a batch as received; the future answers when it is durable."""
        return self.core.journal.append_async(Batch(codec, source, count, data, now))

    def reject(
        self, source: str, codec: str, refused: Sequence[tuple[Problem, bytes]], now: datetime
    ) -> None:
        """Keep what the border refused, with the reason."""
        self.sources.keep_refused(source, codec, refused, now=now)

    def backup(self, target: Path | str) -> backup.Manifest:
        """Copy the books and the lake into a new folder, while they are being written to."""
        return backup.backup(self.core, Path(target))

    def finish_migration(self) -> None:
        """Run the schema's post steps, once no process runs the version before."""
        self.core.database.finish_migration()

    def close(self) -> None:
        """Write what waits, and let go of everything."""
        self.core.engine.close()
        self.core.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
