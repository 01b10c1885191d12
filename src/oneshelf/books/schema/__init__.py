"""The tables, a file for each subject. Migrations bring a database to this form; a test compares the two."""

from oneshelf.books.schema import (
    arrivals,
    floors,
    goods,
    journal,
    matching,
    nights,
    offers,
    people,
    plans,
    prices,
    staff,
    stock,
    supply,
    tiers,
    trends,
)
from oneshelf.books.schema.metadata import metadata

__all__ = [
    "arrivals",
    "floors",
    "goods",
    "journal",
    "matching",
    "metadata",
    "nights",
    "offers",
    "people",
    "plans",
    "prices",
    "staff",
    "stock",
    "supply",
    "tiers",
    "trends",
]
