"""The catalogue as a table for the engine, to be joined with what was sold or looked at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from oneshelf.app.core import Core
from oneshelf.books import goods
from oneshelf.words.goods import Product


def products_table(core: Core, fields: Sequence[str], products: Iterable[Product] | None = None) -> Any:
    """An Ibis table of `id` and these text fields of every product, or of those given."""
    if products is None:
        with core.database.read() as connection:
            products = list(goods.all_products(connection))
    known = list(products)
    names = ["id", *fields]
    columns = [pa.array([getattr(product, name) for product in known], pa.string()) for name in names]
    return core.engine.memory(pa.table(columns, names=names))
