"""Goods: the catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from oneshelf.books import cursors
from oneshelf.books.bulk import among, chunks, put, replace
from oneshelf.books.schema.goods import product
from oneshelf.errors import InvalidInput
from oneshelf.words.goods import Product
from oneshelf.words.gtin import gtin14

#: Counts the changes of the catalogue.
CATALOGUE: Final = "catalogue"

#: Its groups, how a product is ordered and kept, and the value with which nothing is said about each.
_UNTOLD: Final[Mapping[str, Any]] = {
    "department": None,
    "category": None,
    "type": None,
    "brand": None,
    "size": None,
    "gtin": None,
    "unit": "each",
    "case_pack": 1,
    "shelf_life_days": None,
    "temperature": None,
    "supplier_id": None,
    "category_path": None,
    "active": True,
}


def upsert_products(connection: Connection, products: Iterable[Product], *, whole: bool = False) -> None:
    """Insert or replace products; of two with one id the last wins.

    A till or a tracker knows a product's name, perhaps its groups, and nothing of its cases and shelf life: what it leaves at the default
    of these stays as it is, unless the products are told to be `whole`.
    """
    rows = {given.id: _row(given) for given in products}
    put(connection, product, list(rows.values()), update=replace(product) if whole else _named)
    cursors.bump(connection, CATALOGUE)


def _named(given: Any) -> Mapping[str, Any]:
    """The name from the given row; of the rest what it tells."""
    kept = {name: func.coalesce(given[name], product.c[name]) for name in _UNTOLD if _UNTOLD[name] is None}
    told = {
        name: case((given[name] == untold, product.c[name]), else_=given[name])
        for name, untold in _UNTOLD.items()
        if untold is not None
    }
    return {**replace(product)(given), **kept, **told}


def products(connection: Connection, ids: Iterable[str]) -> dict[str, Product]:
    """Those of the products that are known."""
    found: dict[str, Product] = {}
    for chunk in chunks(sorted(set(ids))):
        for row in connection.execute(select(product).where(among(connection, product.c.id, chunk))):
            found[row.id] = _product(row)
    return found


def ids_by_gtin(connection: Connection, gtins: Iterable[str]) -> dict[str, list[str]]:
    """Which products bear each of these GTINs, in order of id."""
    found: dict[str, list[str]] = {}
    for chunk in chunks(sorted(set(gtins))):
        query = select(product.c.gtin, product.c.id).where(among(connection, product.c.gtin, chunk))
        for row in connection.execute(query.order_by(product.c.id)):
            found.setdefault(row.gtin, []).append(row.id)
    return found


def all_products(connection: Connection) -> Iterator[Product]:
    """The whole catalogue in order of id, fetched piece by piece."""
    last = ""
    while True:
        query = select(product).where(product.c.id > last).order_by(product.c.id).limit(5_000)
        rows = connection.execute(query).all()
        yield from map(_product, rows)
        if not rows:
            return
        last = rows[-1].id


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """What products a list is to hold: an empty one holds all."""

    #: begins the id, is the GTIN, or stands in the name, type or brand, in any case
    text: str = ""
    #: the department, category or type
    group: str | None = None
    supplier_id: str | None = None
    active: bool | None = None


def search_products(
    connection: Connection, sought: Sought, limit: int, after: tuple[str, str] | None = None
) -> list[Product]:
    """The products sought, in order of name, behind the (name, id) of `after`."""
    query = select(product).where(*_sought(sought)).order_by(product.c.name, product.c.id).limit(limit)
    if after is not None:
        name, product_id = after
        query = query.where(
            or_(product.c.name > name, and_(product.c.name == name, product.c.id > product_id))
        )
    return [_product(row) for row in connection.execute(query)]


def count_products(connection: Connection, sought: Sought) -> int:
    """How many products are sought."""
    return connection.execute(select(func.count()).select_from(product).where(*_sought(sought))).scalar_one()


def groups(connection: Connection) -> dict[str, int]:
    """Every category, and how many products it has."""
    query = select(product.c.category, func.count().label("products")).where(product.c.category.is_not(None))
    rows = connection.execute(query.group_by(product.c.category).order_by(product.c.category))
    return {row.category: row.products for row in rows}


def _sought(sought: Sought) -> Iterator[ColumnElement[bool]]:
    if sought.text:
        named = [
            column.icontains(sought.text, autoescape=True)
            for column in (product.c.name, product.c.type, product.c.brand)
        ]
        if (scanned := _scanned(sought.text)) is not None:
            named.append(product.c.gtin == scanned)
        yield or_(product.c.id.startswith(sought.text, autoescape=True), *named)
    if sought.group is not None:
        yield or_(
            *(column == sought.group for column in (product.c.department, product.c.category, product.c.type))
        )
    if sought.supplier_id is not None:
        yield product.c.supplier_id == sought.supplier_id
    if sought.active is not None:
        yield product.c.active == sought.active


def _scanned(text: str) -> str | None:
    """The GTIN that was typed or scanned, if it is one."""
    try:
        return gtin14(text)
    except InvalidInput:
        return None


def _row(given: Product) -> dict[str, Any]:
    path = msgspec.json.encode(given.category_path).decode() if given.category_path else None
    return {**msgspec.structs.asdict(given), "category_path": path}


def _product(row: Row[Any]) -> Product:
    path = msgspec.json.decode(row.category_path, type=tuple[str, ...]) if row.category_path else ()
    return Product(**{**row._mapping, "category_path": path})
