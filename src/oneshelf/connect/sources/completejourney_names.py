"""Readable product names for Complete Journey, whose catalogue shouts in a buyer's abbreviations."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: What the buyers' short forms stand for; only those that are sure.
_WORDS = {
    "BBQ": "BBQ",
    "BEERALEMALT": "beer, ale & malt",
    "BR": "bread",
    "BTL": "bottle",
    "CAN": "can",
    "CARB": "carbonated",
    "CATFD": "cat food",
    "CHICK": "chicken",
    "CHOC": "chocolate",
    "CHOCOCLATE": "chocolate",
    "CNTRL": "control",
    "CRBNTD": "carbonated",
    "CRMD": "creamed",
    "DNRS": "dinners",
    "DOGFD": "dog food",
    "DRNK": "drink",
    "DRNKING": "drinking",
    "DRNKS": "drinks",
    "DVD": "DVD",
    "DXM": "DXM",
    "EXCP": "except",
    "FD": "food",
    "FEM": "feminine",
    "FRZN": "frozen",
    "GDS": "goods",
    "GRND": "ground",
    "HYGN": "hygiene",
    "INCL": "including",
    "LOZNG": "lozenge",
    "MACH": "machine",
    "MISC": "miscellaneous",
    "MLT": "multi",
    "MNERAL": "mineral",
    "NZ": "New Zealand",
    "PK": "pack",
    "PREM": "premium",
    "PREPORTND": "preportioned",
    "PROD": "products",
    "REFRGRATD": "refrigerated",
    "RTS": "ready-to-serve",
    "SFT": "soft",
    "SGL": "single",
    "SNGL": "single",
    "SPF": "SPF",
    "SRV": "serve",
    "SS": "single-serve",
    "STK": "stick",
    "SUPPLEMEN": "supplement",
    "SV": "serve",
    "SW": "sweet",
    "SYRP": "syrup",
    "TORT": "tortilla",
    "WHL": "whole",
}
_UNITS = {
    "OZ": "oz",
    "LB": "lb",
    "CT": "ct",
    "ML": "ml",
    "PK": "pk",
    "GAL": "gal",
    "QT": "qt",
    "PT": "pt",
    "FT": "ft",
    "SQ": "sq",
}
_WORD = re.compile(r"[A-Z]+")
_STOP = re.compile(r"(?<=[A-Z])\.\s*")
_POSSESSIVE = re.compile(r"(?<=[A-Z]) S\b")
_MARKS = re.compile(r"\s*([/&:,])\s*")


def product_name(row: Mapping[str, str | int | None]) -> str:
    """A name from type and size, such as `Frozen ice - crushed, 22 lb`; from the wider groups when the type is missing."""
    words = readable(str(row["product_type"] or row["product_category"] or row["department"] or "Product"))
    size = str(row["package_size"] or "").strip()
    return f"{words}, {readable_size(size)}" if size else words


def readable(text: str) -> str:
    """The buyers' capitals as a sentence: known short forms in full, room around the marks."""
    plain = _POSSESSIVE.sub("'S", _STOP.sub(" ", text.strip(" :-/&")))
    spaced = _MARKS.sub(_room, plain)
    lower = _WORD.sub(lambda match: _WORDS.get(match[0], match[0].lower()), spaced)
    closed = lower if lower.count("(") == lower.count(")") else lower.partition("(")[0].rstrip(" -")
    return closed[:1].upper() + closed[1:]


def readable_size(text: str) -> str:
    """`12 PK/12 OZ` as `12 pk / 12 oz`."""
    lower = _WORD.sub(lambda match: _UNITS.get(match[0], match[0].lower()), " ".join(text.split()))
    return re.sub(r"(?<=[a-z])/(?=\d)", " / ", lower)


def _room(match: re.Match[str]) -> str:
    mark = match[1]
    return f"{mark} " if mark in ":," else f" {mark} "
