"""GTIN: the number of a trade item under its barcode, in GS1's four lengths, told from a slip of the hand by its check digit."""

from __future__ import annotations

from typing import Final

from oneshelf.errors import InvalidInput

#: EAN-8, UPC-A, EAN-13, and the number of a case.
LENGTHS: Final = (8, 12, 13, 14)


def gtin14(text: str, field: str = "gtin") -> str:
    """The number with zeros in front up to 14 digits, the form in which all four lengths compare; else raise InvalidInput.

    Blanks and hyphens between digits are dropped, as people type them.
    """
    digits = text.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in LENGTHS:
        raise InvalidInput.of(
            field, text, "is not a GTIN.", "Give the 8, 12, 13 or 14 digits under the barcode."
        )
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
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return -total % 10


def shown(gtin: str) -> str:
    """The number as it stands under the barcode: 14 digits only where a case has its own, 8 for the short one, else 13."""
    if gtin[0] != "0":
        return gtin
    return gtin[6:] if gtin.startswith("000000") else gtin[1:]
