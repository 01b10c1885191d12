"""Prices: records that are only ever added, and the price zones of places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, get_args

from sqlalchemy import Connection, Row, Select, delete, func, or_, select

from oneshelf.books.bulk import among, are_keys, chunks, keys_given, put, replace
from oneshelf.books.schema.prices import price, price_zone
from oneshelf.words.prices import Price, PriceKind, PriceRecord

#: What a price is the price of.
_SCOPE: Final = (price.c.product_id, price.c.kind, price.c.place_id, price.c.zone, price.c.channel)

#: Rows that are read at a time.
_PART: Final = 10_000


def add(connection: Connection, records: Sequence[PriceRecord]) -> None:
    """Add records: one row each, and no other row is touched."""
    put(connection, price, [_row(record) for record in records], update=replace(price))


def records(connection: Connection, product_ids: Iterable[str]) -> Iterator[PriceRecord]:
    """All that was ever said about the prices of these products, by product, kind, scope, start and time of recording."""
    for chunk in chunks(sorted(set(product_ids))):
        query = select(price).where(among(connection, price.c.product_id, chunk))
        ordered = query.order_by(*_SCOPE, price.c.starts_on, price.c.recorded_at)
        for row in connection.execute(ordered.execution_options(yield_per=_PART)):
            yield _record(row)


def beside(connection: Connection, given: Iterable[Price]) -> Iterator[PriceRecord]:
    """All that was ever said of the same product, kind and place as one of these prices: what a price may have to be compared with.

    A product may have a price at each of a thousand places; one that changes is compared with those of its own.
    """
    keys = sorted({(one.product_id, one.kind, one.place_id or "") for one in given})
    query = select(price).where(are_keys(connection, price.c.product_id, price.c.kind, price.c.place_id))
    for chunk in chunks(keys):
        told = keys_given(connection, chunk)
        for row in connection.execute(query, told, execution_options={"yield_per": _PART}):
            yield _record(row)


def covering(
    connection: Connection,
    on: date,
    product_ids: Iterable[str] | None = None,
    *,
    places: Iterable[str | None] | None = None,
) -> Iterator[Price]:
    """The prices that cover a day, the one that started last of each scope and kind: of these products, or of all.

    With `places` only those of these places and, for None among them, those of no place of their own.
    """
    where: tuple[Any, ...] = ()
    if places is not None:
        # the kinds stand before the place in the key: with all of them named, it is searched and not gone through
        where = (
            price.c.kind.in_(get_args(PriceKind)),
            price.c.place_id.in_(sorted({one or "" for one in places})),
        )
    if product_ids is None:
        yield from _read(connection, _covering(on, *where))
        return
    for chunk in chunks(sorted(set(product_ids))):
        yield from _read(connection, _covering(on, among(connection, price.c.product_id, chunk), *where))


def _covering(on: date, *where: Any) -> Select[Any]:
    key = (*_SCOPE, price.c.starts_on)
    said = func.row_number().over(partition_by=key, order_by=price.c.recorded_at.desc())
    started = select(price, said.label("said")).where(price.c.starts_on <= on, *where).subquery()
    running = (
        select(started)
        .where(
            started.c.said == 1,
            ~started.c.withdrawn,
            or_(started.c.ends_on.is_(None), started.c.ends_on >= on),
        )
        .subquery()
    )
    scope = [running.c[column.name] for column in _SCOPE]
    newest = func.row_number().over(partition_by=scope, order_by=running.c.starts_on.desc())
    ranked = select(running, newest.label("newest")).subquery()
    return select(*(ranked.c[column.name] for column in price.columns)).where(ranked.c.newest == 1)


def _read(connection: Connection, query: Select[Any]) -> Iterator[Price]:
    for row in connection.execute(query.execution_options(yield_per=_PART)):
        yield _price(row)


def count(connection: Connection) -> int:
    """How many records there are."""
    return connection.execute(select(func.count()).select_from(price)).scalar_one()


def promotions_told_since(connection: Connection, at: datetime, first: date, last: date) -> set[str]:
    """The products of which a promotion on any day from `first` to `last` was told or called off at that moment or later."""
    query = select(price.c.product_id).where(
        price.c.kind == "promotion",
        price.c.recorded_at >= at,
        price.c.starts_on <= last,
        or_(price.c.ends_on.is_(None), price.c.ends_on >= first),
    )
    return set(connection.execute(query.distinct()).scalars())


def set_zone(connection: Connection, zone: str, place_ids: Iterable[str]) -> None:
    """Put places into a price zone, out of any other; an empty zone: into none."""
    ids = sorted(set(place_ids))
    for chunk in chunks(ids):
        connection.execute(delete(price_zone).where(among(connection, price_zone.c.place_id, chunk)))
    if zone:
        put(connection, price_zone, [{"place_id": one, "zone": zone} for one in ids])


def zones(connection: Connection) -> dict[str, str]:
    """The price zone of every place that lies in one."""
    query = select(price_zone).order_by(price_zone.c.place_id)
    return {row.place_id: row.zone for row in connection.execute(query)}


def _row(record: PriceRecord) -> Mapping[str, Any]:
    given = record.price
    return {
        "product_id": given.product_id,
        "kind": given.kind,
        "place_id": given.place_id or "",
        "zone": given.zone or "",
        "channel": given.channel or "",
        "starts_on": given.starts_on,
        "recorded_at": record.recorded_at,
        "recorded_by": record.recorded_by,
        "ends_on": given.ends_on,
        "amount_minor": given.amount_minor,
        "currency": given.currency,
        "withdrawn": record.withdrawn,
    }


def _price(row: Row[Any]) -> Price:
    return Price(
        product_id=row.product_id,
        kind=row.kind,
        place_id=row.place_id or None,
        zone=row.zone or None,
        channel=row.channel or None,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        amount_minor=row.amount_minor,
        currency=row.currency,
    )


def _record(row: Row[Any]) -> PriceRecord:
    return PriceRecord(
        price=_price(row),
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        withdrawn=row.withdrawn,
    )
