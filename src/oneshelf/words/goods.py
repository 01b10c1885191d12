"""Goods: what is sold."""

from __future__ import annotations

import msgspec

from oneshelf.words.ids import Id


class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sellable product. Fields from the widest group to the narrowest."""

    id: Id
    name: str
    department: str | None = None
    category: str | None = None
    type: str | None = None
    brand: str | None = None
    size: str | None = None
