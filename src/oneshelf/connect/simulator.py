"""A seeded simulator of what a chain's receipts lack: web sessions, store visits without a purchase, reviews, stock counts.

It needs nothing but purchases (who, what, where, on which day) and works on any chain's. Every event says `simulated`, comes
from the source `simulator`, and has an id made from seed, person and day, so a re-run repeats it and more purchases only add.

What it assumes, all of it invented:
- Two thirds of people use the web, some more than others; one in ten of those never signs in, so stays anonymous.
- A shopping day is preceded, on the same morning or up to three evenings before, by a session with chance `sessions_share`
  times the person's own liking. Seven sessions in ten are about something that is bought on that day: so some searches and
  favourites precede the purchase. The others are about a popular product, mostly not bought.
- Evenings are busiest on the web. Most sessions start anonymous; signing in sends `person.identified` with both identifiers.
- Some people come to a store on a day without buying (`visits_share`), some review what they bought (`reviews_share`); one in
  five writes Chinese. Products have a hidden quality that shifts their ratings.
- Every store counts, on the evenings of the newest `count_days` days, the products that it sold most often, with a few days'
  sales of each; one line in twenty-five is out of stock.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby, islice

import pyarrow as pa
import pyarrow.compute as pc

from oneshelf.connect.ports import Reference, SourceBatch
from oneshelf.connect.simulated_trips import SOURCE, WEB, SimulatorOptions, Trip, TripEvents, World, moment_of
from oneshelf.events.catalogue import OrderCompleted
from oneshelf.events.envelope import Event
from oneshelf.events.stock import CountedLine, StockCounted
from oneshelf.words.goods import Product
from oneshelf.words.ids import derived_id
from oneshelf.words.people import ANONYMOUS
from oneshelf.words.places import Place
from oneshelf.words.time import business_day

#: The columns of purchases: one row a product of a receipt. Ids are strings, `day` is the place's business day (date32).
PURCHASES = pa.schema(
    [("person_id", pa.string()), ("product_id", pa.string()), ("place_id", pa.string()), ("day", pa.date32())]
)

_POPULAR = 500
_BATCH = 2_000
_COUNTED_AT = time(22, 30)
_REACH_DAYS = 4  # a session lies up to three days before its purchase; one more for time zones


class Simulator:
    """The source `simulator`, over the purchases of another one. `products` and `places` give names and time zones."""

    name = SOURCE
    summary = "Web sessions, store visits, reviews and stock counts, invented around the purchases of another source."

    def __init__(
        self,
        purchases: pa.Table,
        products: Iterable[Product],
        places: Iterable[Place],
        options: SimulatorOptions | None = None,
    ) -> None:
        known = list(places)
        self._purchases = purchases.select(PURCHASES.names).cast(PURCHASES)
        self._first_day: date | None = pc.min(self._purchases["day"]).as_py()
        self._last_day: date | None = pc.max(self._purchases["day"]).as_py()
        self._not_stores = {place.id for place in known if place.kind != "store"}
        pairs = self._purchases.group_by(["person_id", "day"]).aggregate([])
        self._world = World(
            options=options or SimulatorOptions(),
            zones={place.id: place.time_zone for place in known},
            web_zone=_commonest([place.time_zone for place in known]),
            things={product.id: thing_of(product) for product in products},
            popular=[product for (product,), _ in self._most_bought("product_id")][:_POPULAR],
            bought_on=set(zip(pairs["person_id"].to_pylist(), pairs["day"].to_pylist(), strict=True)),
        )

    def total(self) -> int | None:
        """Unknown before it is done: chance decides."""
        return None

    def references(self) -> Iterator[Reference]:
        """None."""
        return iter(())

    def products(self) -> Iterator[Product]:
        """None of its own."""
        return iter(())

    def places(self) -> Iterator[Place]:
        """The web shop."""
        yield Place(id=WEB, name="Web shop", kind="web", time_zone=self._world.web_zone)

    def batches(self, *, until: date | None = None, after: str | None = None) -> Iterator[SourceBatch]:
        """Everything up to the day `until` (at most the last day with purchases), in time order."""
        for events in _chunks(self._in_order(until), _BATCH):
            fresh = [event for event in events if after is None or _position(event) > after]
            if fresh:
                yield SourceBatch(position=_position(fresh[-1]), events=fresh)

    def _in_order(self, until: date | None) -> Iterator[Event]:
        """Events by time, holding back only those of the last days, which a later trip may still precede."""
        if self._last_day is None:
            return
        last = min(until or self._last_day, self._last_day)
        held = list(self._stock_counts(last))
        for day, trips in groupby(self._trips(), key=lambda trip: trip.day):
            for trip in trips:
                held.extend(TripEvents(self._world, trip, last).all())
            ready = datetime.combine(day - timedelta(days=_REACH_DAYS), time(), UTC)
            held.sort(key=_order)
            cut = next((i for i, event in enumerate(held) if event.happened_at >= ready), len(held))
            yield from held[:cut]
            del held[:cut]
        yield from held

    def _trips(self) -> Iterator[Trip]:
        """Each member's shopping day, by day and person; receipts of nobody, or of an anonymous one, lead to nothing."""
        people = self._purchases["person_id"]
        known = self._purchases.filter(pc.invert(pc.fill_null(pc.starts_with(people, ANONYMOUS), True)))
        order = [(name, "ascending") for name in ("day", "person_id", "product_id", "place_id")]
        for (day, person), rows in groupby(_rows(known.sort_by(order)), key=lambda row: (row[3], row[0])):
            bought = [(product, place) for _, product, place, _ in rows]
            store = next((place for _, place in bought if place not in self._not_stores), None)
            yield Trip(day=day, person=person, products=[product for product, _ in bought], store=store)

    def _stock_counts(self, last: date) -> Iterator[Event]:
        """Each store's count of what it sold most often, on the newest evenings."""
        options = self._world.options
        days = 1 + ((self._last_day or last) - (self._first_day or last)).days
        for place, rows in groupby(self._most_bought("place_id", "product_id"), key=lambda row: row[0][0]):
            top = [(product, count / days) for (_, product), count in rows][: options.count_lines_max]
            if place in self._not_stores:
                continue
            for back in reversed(range(options.count_days)):
                yield self._stock_count(place, last - timedelta(days=back), top)

    def _stock_count(self, place: str, day: date, sold_a_day: list[tuple[str, float]]) -> Event:
        seed = str(self._world.options.seed)
        chance = random.Random(f"{seed}/stock/{place}/{day}")  # noqa: S311  # a simulation, not a secret
        lines = [
            CountedLine(product_id=product, on_hand=_on_hand(chance, sold)) for product, sold in sold_a_day
        ]
        return Event(
            id=f"{derived_id(seed, 'stock', place, str(day))[:20]}-count",
            source=SOURCE,
            happened_at=moment_of(day, _COUNTED_AT, self._world.zones.get(place, self._world.web_zone)),
            body=StockCounted(lines=tuple(lines)),
            place_id=place,
            channel="store",
            simulated=True,
        )

    def _most_bought(self, *group: str) -> list[tuple[tuple[str, ...], int]]:
        """Purchases per product, most first; with a place in front, per place."""
        counts = self._purchases.group_by(list(group), use_threads=False).aggregate([([], "count_all")])
        order = [
            *((name, "ascending") for name in group[:-1]),
            ("count_all", "descending"),
            (group[-1], "ascending"),
        ]
        ranked = counts.sort_by(order)
        keys = zip(*(ranked[name].to_pylist() for name in group), strict=True)
        return list(zip(keys, ranked["count_all"].to_pylist(), strict=True))


def purchases_of(events: Iterable[Event], zones: Mapping[str, str]) -> pa.Table:
    """The purchases table of receipts. `zones` gives each place's time zone; others are taken as UTC."""
    columns: dict[str, list[object]] = {name: [] for name in PURCHASES.names}
    for event in events:
        if isinstance(event.body, OrderCompleted):
            day = business_day(event.happened_at, zones.get(event.place_id, "UTC"))
            for line in event.body.lines:
                columns["person_id"].append(event.who.user_id)
                columns["product_id"].append(line.product_id)
                columns["place_id"].append(event.place_id)
                columns["day"].append(day)
    return pa.table(columns, schema=PURCHASES)


def thing_of(product: Product) -> str:
    """What people call a product: the first two whole words of its name, before its size and its marks."""
    words = [
        word
        for word in product.name.partition(",")[0].replace("/", " ").split()
        if word.replace("-", "").isalpha() and len(word) > 1
    ]
    return " ".join(words[:2]) or product.name


def _on_hand(chance: random.Random, sold_a_day: float) -> int:
    """Stock for three to ten days of sales; one in twenty-five is sold out."""
    if chance.random() < 0.04:
        return 0
    return max(1, round(sold_a_day * chance.uniform(3, 10) + chance.uniform(0, 8)))


def _commonest(zones: list[str]) -> str:
    """The zone that most places have; the first by name of equals."""
    counted = Counter(sorted(zones)).most_common(1)
    return counted[0][0] if counted else "UTC"


def _rows(table: pa.Table) -> Iterator[tuple[str, str, str, date]]:
    for batch in table.to_batches(65_536):
        yield from zip(*(batch[name].to_pylist() for name in PURCHASES.names), strict=True)


def _order(event: Event) -> tuple[datetime, str]:
    return event.happened_at, event.id


def _position(event: Event) -> str:
    """Sorts as the events do."""
    return f"{event.happened_at.isoformat()}/{event.id}"


def _chunks(events: Iterator[Event], size: int) -> Iterator[list[Event]]:
    while chunk := list(islice(events, size)):
        yield chunk
