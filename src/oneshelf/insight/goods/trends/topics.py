"""Topics: what people search for, in their own words, and which groups of goods they mean by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from oneshelf.insight.goods.finder import words_of
from oneshelf.insight.goods.trends.signals import Level
from oneshelf.words.goods import Product

#: The levels at which a topic can name goods; a query rarely means one product.
NAMEABLE: Final[tuple[Level, ...]] = ("type", "category", "brand")


def meanings(topics: Iterable[str], products: Iterable[Product]) -> dict[Level, list[tuple[str, str]]]:
    """By level the pairs of (topic, name): a type or category that holds every word of the topic, a brand that the topic holds.

    A topic that names a type counts for the type's category too.
    """
    known = list(products)
    categories = {product.type: product.category for product in known if product.type}
    types = _Index(categories)
    broader = _Index({product.category: None for product in known if product.category})
    brands = {
        tuple(words_of(brand)): brand for brand in {product.brand for product in known if product.brand}
    }
    found: dict[Level, list[tuple[str, str]]] = {level: [] for level in NAMEABLE}
    for topic in sorted(set(topics)):
        words = words_of(topic)
        meant = types.holding(words)
        above = broader.holding(words) | {name for each in meant if (name := categories[each]) is not None}
        found["type"] += [(topic, name) for name in sorted(meant)]
        found["category"] += [(topic, name) for name in sorted(above)]
        found["brand"] += [(topic, name) for run, name in brands.items() if _holds(words, run)]
    return found


class _Index:
    """Names by the words in them."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._by_word: dict[str, set[str]] = {}
        for name in names:
            for word in words_of(name.replace("/", " ").replace(",", " ")):
                self._by_word.setdefault(word, set()).add(name)

    def holding(self, words: tuple[str, ...]) -> set[str]:
        """The names that hold every one of the words; none for no words."""
        if not words:
            return set()
        return set.intersection(*(self._by_word.get(word, set()) for word in words))


def _holds(words: tuple[str, ...], run: tuple[str, ...]) -> bool:
    return any(words[at : at + len(run)] == run for at in range(len(words) - len(run) + 1))
