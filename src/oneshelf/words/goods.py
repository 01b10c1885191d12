"""Goods: what is sold."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.words.gtin import gtin14
from oneshelf.words.ids import Id
from oneshelf.words.quantity import Unit

Temperature = Literal["ambient", "chilled", "frozen"]

#: A case with more pieces than this is a pallet's number in the wrong column.
CASE_PACK_MAX: Final = 100_000

#: Ten years; what keeps longer has no shelf life.
SHELF_LIFE_DAYS_MAX: Final = 3_650


class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One sellable product. Its groups from the widest to the narrowest, then what it is and how it is kept."""

    id: Id
    name: str
    department: str | None = None
    category: str | None = None
    type: str | None = None
    brand: str | None = None
    size: str | None = None
    #: always 14 digits, whatever was given; `words.gtin.shown` makes the printed form
    gtin: str | None = None
    #: what one of it is: a piece, or a gram or millilitre of weighed goods
    unit: Unit = "each"
    #: pieces in a case, the smallest that a supplier sends
    case_pack: int = 1
    #: days from arrival to the last day of sale; None: it keeps
    shelf_life_days: int | None = None
    temperature: Temperature | None = None
    #: from whom it is ordered, where several could send it
    supplier_id: Id | None = None
    #: the shop's own tree, widest first, where it has more levels than department, category and type
    category_path: tuple[str, ...] = ()
    #: False: delisted, neither ordered nor offered any more
    active: bool = True

    def __post_init__(self) -> None:
        if self.gtin is not None:
            # 012345678905 and 0012345678905 are one trade item: one form, so that equal is equal
            msgspec.structs.force_setattr(self, "gtin", gtin14(self.gtin))
        check_between("case_pack", self.case_pack, 1, CASE_PACK_MAX)
        if self.shelf_life_days is not None:
            check_between("shelf_life_days", self.shelf_life_days, 0, SHELF_LIFE_DAYS_MAX)
        if not all(name.strip() for name in self.category_path):
            raise InvalidInput.of(
                "category_path", self.category_path, "has a level without a name.", "Leave it out."
            )

    @property
    def path(self) -> tuple[str, ...]:
        """Its groups, widest first: the shop's own tree where it has one, else department, category and type."""
        return self.category_path or tuple(
            name for name in (self.department, self.category, self.type) if name is not None
        )


def check_between(field: str, value: int, least: int, most: int) -> int:
    """Return the number if it lies from `least` to `most`, else raise InvalidInput."""
    if least <= value <= most:
        return value
    raise InvalidInput.of(field, value, "cannot be.", f"Expected {least} to {most}.")
