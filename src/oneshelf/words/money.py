"""Money: integer minor units with a currency (ISO 4217). Never a float."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

import msgspec

from oneshelf.errors import InvalidInput

#: Currencies whose minor unit is not a hundredth (ISO 4217, column "minor unit").
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}

#: No single amount of a shop is larger: ten billion major units. Beyond it a unit was mistaken.
AMOUNT_MINOR_MAX = 10**12


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount in minor units (cents, fen, yen) of one currency."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        check_currency(self.currency)
        check_amount(self.amount_minor)

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise InvalidInput.of(
                "currency", other.currency, f"cannot be added to {self.currency}.", "Convert it first."
            )
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __str__(self) -> str:
        return f"{major(self.amount_minor, self.currency)} {self.currency}"


def check_currency(currency: str, field: str = "currency") -> str:
    """Return the code if it has the form of ISO 4217, else raise InvalidInput."""
    if len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper():
        return currency
    raise InvalidInput.of(
        field,
        currency,
        "is not a currency code.",
        "Use three capital letters of ISO 4217, such as CNY or EUR.",
    )


def check_amount(amount_minor: int, field: str = "amount_minor") -> int:
    """Return the amount if a shop could have it, else raise InvalidInput."""
    if -AMOUNT_MINOR_MAX <= amount_minor <= AMOUNT_MINOR_MAX:
        return amount_minor
    raise InvalidInput.of(
        field,
        amount_minor,
        "is more than any shop sells.",
        f"Expected at most {AMOUNT_MINOR_MAX} minor units.",
    )


def exponent(currency: str) -> int:
    """How many decimal places the currency's major unit has: 2 for EUR, 0 for JPY."""
    return _EXPONENTS.get(currency, 2)


def minor(amount: Decimal | float | str, currency: str, field: str = "amount") -> int:
    """Turn an amount in major units into integer minor units, half to even; 12.345 EUR is 1234."""
    try:
        value = Decimal(str(amount))
        if not value.is_finite():
            raise InvalidOperation
        scaled = value.scaleb(exponent(currency)).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        raise InvalidInput.of(
            field, amount, "is not an amount of money.", "Write digits with a decimal point, such as 12.50."
        ) from None
    return check_amount(int(scaled), field)


def major(amount_minor: int, currency: str) -> Decimal:
    """Turn integer minor units into a decimal in major units; 1234 EUR is 12.34."""
    return Decimal(amount_minor).scaleb(-exponent(currency))
