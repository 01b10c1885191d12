"""Finding products by what people type."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from oneshelf.words.goods import Product

#: Queries repeat from person to person; this many answers are kept.
ANSWERS_MAX = 2_048


def words_of(query: str) -> tuple[str, ...]:
    """The words of a query in folded case."""
    return tuple(query.casefold().split())


def holds(product: Product, words: tuple[str, ...]) -> bool:
    """Whether the product's name, type and category together contain every word."""
    return _in(_text(product), words)


class Finder:
    """Finds the products that hold every word of a query. Make one for a catalogue and keep it: it remembers answers."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._texts = [(product.id, _text(product)) for product in products]
        self.find = lru_cache(ANSWERS_MAX)(self._find)

    def _find(self, query: str) -> tuple[str, ...]:
        """Ids of the products that hold every word of the query; none for an empty one."""
        words = words_of(query)
        return tuple(product_id for product_id, text in self._texts if _in(text, words)) if words else ()


def _text(product: Product) -> str:
    return f"{product.name} {product.type or ''} {product.category or ''}".casefold()


def _in(text: str, words: tuple[str, ...]) -> bool:
    return all(word in text for word in words)
