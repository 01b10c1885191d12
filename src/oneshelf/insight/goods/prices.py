"""Which price holds: of all that was ever said about a product's prices, what a shopper pays at one place on one day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final, get_args

import msgspec

from oneshelf.words.places import Channel
from oneshelf.words.prices import Price, PriceKind, PriceRecord

#: Of equal amounts the first one's name is shown.
_KINDS: Final[tuple[PriceKind, ...]] = get_args(PriceKind)


class Shopper(msgspec.Struct, frozen=True, kw_only=True):
    """For whom a price is asked: at a place, in the price zone where it lies, in a channel, as a member or not.

    None: nothing is known of it, so only prices that hold for all of them count.
    """

    place_id: str | None = None
    zone: str | None = None
    channel: Channel | None = None
    member: bool = False


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One price from `first` to `last`, both included; None where there was none."""

    first: date
    last: date
    price: Price | None


def standing(records: Iterable[PriceRecord]) -> list[Price]:
    """What is so now: of the records that differ in nothing but when they were written, the last, unless it was withdrawn."""
    newest: dict[tuple[object, ...], PriceRecord] = {}
    for record in records:
        before = newest.get(record.key)
        if before is None or record.recorded_at > before.recorded_at:
            newest[record.key] = record
    return [record.price for record in newest.values() if not record.withdrawn]


def holding(prices: Iterable[Price], on: date, shopper: Shopper) -> Price | None:
    """The price that a shopper pays for a product on a day; None without one. `prices` are those of the product that stand.

    Of each kind the closest one holds: the place's own before its zone's before everybody's, then the channel's own before all
    channels', then the one that started last. Of the regular, the promotion and (for members) the member price the shopper pays the
    lowest. Amounts in another currency than the regular price's are left out: they cannot be compared.
    """
    closest: dict[PriceKind, Price] = {}
    for price in prices:
        if covers(price, on) and _reaches(price, shopper):
            best = closest.get(price.kind)
            if best is None or _closeness(price) > _closeness(best):
                closest[price.kind] = price
    offered = [closest[kind] for kind in _KINDS if kind in closest]
    comparable = [price for price in offered if price.currency == offered[0].currency]
    return min(comparable, key=lambda price: price.amount_minor, default=None)


def timeline(prices: Sequence[Price], first: date, last: date, shopper: Shopper) -> tuple[Span, ...]:
    """What a shopper paid, or will pay, from `first` to `last`, both included, as spans without gaps; neighbours differ."""
    turns = {first}
    for price in prices:
        turns.add(price.starts_on)
        if price.ends_on is not None and price.ends_on < last:
            turns.add(price.ends_on + timedelta(days=1))
    spans: list[Span] = []
    for day in sorted(turn for turn in turns if first <= turn <= last):
        held = holding(prices, day, shopper)
        if spans and spans[-1].price == held:
            continue
        if spans:
            spans[-1] = msgspec.structs.replace(spans[-1], last=day - timedelta(days=1))
        spans.append(Span(first=day, last=last, price=held))
    return tuple(spans)


def is_news(price: Price, of_its_scope: Iterable[Price]) -> bool:
    """Whether anybody would pay another amount on any day if this price were added to those that stand in its own scope."""
    running = [one for one in of_its_scope if covers(one, price.starts_on)]
    latest = max(running, key=lambda one: one.starts_on, default=None)
    return latest is None or (latest.amount_minor, latest.currency, latest.ends_on) != (
        price.amount_minor,
        price.currency,
        price.ends_on,
    )


def covers(price: Price, on: date) -> bool:
    """Whether a day lies in the price's own time."""
    return price.starts_on <= on and (price.ends_on is None or on <= price.ends_on)


def _reaches(price: Price, shopper: Shopper) -> bool:
    if price.kind == "member" and not shopper.member:
        return False
    named = (
        (price.place_id, shopper.place_id),
        (price.zone, shopper.zone),
        (price.channel, shopper.channel),
    )
    return all(wanted is None or wanted == given for wanted, given in named)


def _closeness(price: Price) -> tuple[bool, bool, bool, date]:
    return (
        price.place_id is not None,
        price.zone is not None,
        price.channel is not None,
        price.starts_on,
    )
