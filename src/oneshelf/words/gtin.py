"""GTIN: the number of a trade item under its barcode, in GS1's four lengths, told from a slip of the hand by its check digit."""

from __future__ import annotations

from typing import Final

from oneshelf.errors import InvalidInput

#: EAN-8, UPC-A, EAN-13, and the number of a case.
LENGTHS: Final = (8, 12, 13, 14)

#: How the numbers begin that a shop, a region or a coupon uses, in 13 digits.
_RESTRICTED: Final = frozenset(("02", "04", "05", "98", "99", *(str(prefix) for prefix in range(20, 30))))


def gtin14(text: str, field: str = "gtin") -> str:
    """The number with zeros in front up to 14 digits, the form in which all four lengths compare; else raise InvalidInput.

    Blanks and hyphens between digits are dropped, as people type them.
    """
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in LENGTHS:
        raise InvalidInput.of(
            field, text, "is not a GTIN.", "Give the 8, 12, 13 or 14 digits under the barcode."
        )
    if not digits.strip("0"):
        raise InvalidInput.of(field, text, "is nobody's GTIN.", "Leave it out where the product has none.")
    expected = check_digit(digits[:-1])
    if int(digits[-1]) != expected:
        raise InvalidInput.of(
            field,
            text,
            f"has the check digit {digits[-1]} where {expected} belongs.",
            "Scan the barcode again; do not retype it.",
        )
    return digits.zfill(14)


def check_digit(digits: str) -> int:
    """The digit that belongs behind these.

    From the right, digits weigh 3, 1, 3, ...; the check digit brings the sum to a multiple of ten (GS1 General Specifications,
    section 7.9, "Check digit calculations").
    """
    total = 3 * sum(map(int, digits[::-2])) + sum(map(int, digits[-2::-2]))
    return -total % 10


def is_worldwide(gtin: str) -> bool:
    """Whether one trade item alone bears this number of 14 digits, so that two systems that say it mean the same product.

    The others are a shop's own, or hold a weight or a price: restricted circulation and coupons (GS1 General Specifications,
    section 1.4, "GS1 Prefixes": 02, 04, 05, 20 to 29, 98 and 99; of GTIN-8 those that begin with 0 or 2), and trade items of
    variable measure (indicator digit 9).
    """
    if gtin.startswith("000000"):
        return gtin[6] not in "02"
    return gtin[0] != "9" and gtin[1:3] not in _RESTRICTED


def shown(gtin: str) -> str:
    """The number as it stands under the barcode: 14 digits only where a case has its own, 8 for the short one, else 13."""
    if gtin[0] != "0":
        return gtin
    return gtin[6:] if gtin.startswith("000000") else gtin[1:]
