"""Reading the signals of the lake as panels and daily series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from oneshelf.app.core import Core
from oneshelf.app.goods import daily
from oneshelf.app.people.links import links_of
from oneshelf.books import goods
from oneshelf.insight.goods.trends import signals
from oneshelf.insight.goods.trends.panel import Panel, panel_of
from oneshelf.insight.goods.trends.signals import (
    KINDS,
    LEVELS,
    NAMES_SCHEMA,
    SIGNALS,
    WEEK_DAYS,
    Level,
    Signal,
)
from oneshelf.insight.goods.trends.topics import meanings
from oneshelf.insight.goods.trends.windows import ESTABLISHED
from oneshelf.insight.receipts import resolved
from oneshelf.words.goods import Product

#: The season of a comparison a year ago, and the comparison.
WEEKS_MAX: Final = 52 + ESTABLISHED.weeks

#: The levels of each signal.
LEVELS_OF: Final[Mapping[Signal, tuple[Level, ...]]] = {
    signal: ("topic", "type", "category", "brand")
    if signal == "searches"
    else ("product", "type", "category", "brand")
    for signal in SIGNALS
}


@dataclass
class Reading:
    """The signals up to a day. Hold the core's analysis lock while reading."""

    core: Core
    last_day: date
    products: tuple[Product, ...] = field(init=False)
    _links: Any = field(init=False)
    _names: dict[tuple[bool, Level], Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        with self.core.database.read() as connection:
            self.products = tuple(goods.all_products(connection))
            self._links = links_of(connection)

    def panels(self, chosen: Sequence[Signal] = SIGNALS, levels: Sequence[Level] = LEVELS) -> Iterator[Panel]:
        """A panel for each signal and level that has any events, over the weeks that are known."""
        weeks = self.weeks()
        new_places = self.new_places()
        for signal in chosen:
            total = self.people(signal, None, weeks=weeks, new_places=new_places)
            known = [level for level in LEVELS_OF[signal] if level in levels and total.num_rows]
            for level in known:
                rows = self.people(signal, level, weeks=weeks, new_places=new_places)
                if rows.num_rows:
                    yield panel_of(
                        rows,
                        total,
                        signal=signal,
                        level=level,
                        last_day=self.last_day,
                        weeks=weeks,
                        category=self.categories(level),
                    )

    def people(
        self,
        signal: Signal,
        level: Level | None,
        *,
        weeks: int,
        new_places: Sequence[str] = (),
        last_day: date | None = None,
    ) -> pa.Table:
        """People by series and week, as `signals.weekly` has them; without a level, everything as one series."""
        until = last_day or self.last_day
        events = self._events(signal, (until - timedelta(days=WEEK_DAYS * weeks - 1), until))
        acts = signals.whole(events) if level is None else signals.acts(signal, events)
        names = None if level is None else self._names_of(signal, level)
        weekly = signals.weekly(acts, names, last_day=until, weeks=weeks, new_places=new_places)
        return self.core.engine.run(weekly)

    def daily(
        self, signal: Signal, level: Level, *, days: tuple[date, date], names: Iterable[str] | None = None
    ) -> pa.Table:
        """People by series, day and channel, of some series or all."""
        acts = signals.acts(signal, self._events(signal, days))
        table = signals.daily(acts, self._names_of(signal, level), days=days, only=names)
        return self.core.engine.run(table)

    def weeks(self) -> int:
        """How many whole weeks of sales there are up to the last day, at most `WEEKS_MAX`."""
        sales = daily.sales(self.core)
        first = self.core.engine.run(sales.aggregate(day=sales.day.min()))["day"][0].as_py()
        known = 0 if first is None else ((self.last_day - first).days + 1) // WEEK_DAYS
        return min(WEEKS_MAX, known)

    def new_places(self) -> tuple[str, ...]:
        """Places that began or ceased to sell within the weeks that are compared: what they sell is no growth of a product.

        Every place is new where the history begins, so the first month tells nothing.
        """
        sales = daily.sales(self.core)
        sales = sales.filter(sales.day <= self.last_day, sales.place_id.notnull())
        rows = self.core.engine.run(
            sales.group_by("place_id").aggregate(first=sales.day.min(), last=sales.day.max())
        )
        if not rows.num_rows:
            return ()
        since = self.last_day - timedelta(days=WEEK_DAYS * ESTABLISHED.weeks)
        recent = self.last_day - timedelta(days=WEEK_DAYS * ESTABLISHED.recent)
        begun = pc.min(rows["first"]).as_py() + timedelta(days=28)
        opened = pc.greater(rows["first"], pa.scalar(max(since, begun), pa.date32()))
        closed = pc.and_(
            pc.greater(rows["last"], pa.scalar(since, pa.date32())),
            pc.less_equal(rows["last"], pa.scalar(recent, pa.date32())),
        )
        return tuple(sorted(rows.filter(pc.or_(opened, closed))["place_id"].to_pylist()))

    def categories(self, level: Level) -> dict[str, str | None]:
        """The category of each product or type."""
        if level == "product":
            return {product.id: product.category for product in self.products}
        if level == "type":
            return {product.type: product.category for product in self.products if product.type}
        return {}

    def _events(self, signal: Signal, days: tuple[date, date]) -> Any:
        events = self.core.engine.events(KINDS[signal], days=days)
        return resolved(events, self.core.engine.memory(self._links))

    def _names_of(self, signal: Signal, level: Level) -> Any:
        """What counts for which series of a level; None where each thing is a series of its own."""
        if level in {"product", "topic"}:
            return None
        searched = signal == "searches"
        if (searched, level) not in self._names:
            if searched:
                for each, pairs in meanings(self._topics(), self.products).items():
                    self._names[True, each] = self._memory(pairs)
            else:
                named = ((product.id, getattr(product, level)) for product in self.products)
                self._names[False, level] = self._memory([pair for pair in named if pair[1]])
        return self._names[searched, level]

    def _topics(self) -> list[str]:
        events = self.core.engine.events("products.searched")
        topics = events.select(about=signals.topic(events["query"])).distinct()
        found: list[str] = self.core.engine.run(topics)["about"].to_pylist()
        return [topic for topic in found if topic]

    def _memory(self, pairs: Sequence[tuple[str, str]]) -> Any:
        columns = [pa.array([pair[at] for pair in pairs], pa.string()) for at in (0, 1)]
        return self.core.engine.memory(pa.Table.from_arrays(columns, schema=NAMES_SCHEMA))
