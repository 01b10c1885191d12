"""The catalogue as this process remembers it: a person's portrait names hundreds of products, most of them as the one before did."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final

from oneshelf.books import cursors, goods
from oneshelf.books.database import Connection
from oneshelf.words.goods import Product

#: Products (and ids that are none) kept before all are forgotten: some 100 MB.
KEPT_MAX: Final = 200_000


class Catalogue:
    """Products by id, read once each and forgotten when the catalogue changes. Safe for many threads."""

    def __init__(self) -> None:
        self._kept: tuple[int, dict[str, Product | None]] = (-1, {})

    def products(self, connection: Connection, ids: AbstractSet[str]) -> dict[str, Product]:
        """Those of the products that are known, as the catalogue is now."""
        version, known = self._kept
        newest = cursors.position(connection, goods.CATALOGUE)
        if version != newest or len(known) > KEPT_MAX:
            known = {}
            self._kept = (newest, known)
        missing = ids - known.keys()
        if missing:
            known |= dict.fromkeys(missing) | goods.products(connection, missing)
        return {one: product for one in ids if (product := known.get(one)) is not None}
