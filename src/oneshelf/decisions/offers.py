"""Offers for a person: what they buy again and again, or asked for in vain, out of what lies in stock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Literal, Protocol

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.insight.goods.finder import Finder
from oneshelf.insight.people.drawing import searched_not_bought, whole_days
from oneshelf.insight.people.state import DAY_SECONDS, EPOCH_SECONDS, TAU_SECONDS, Latest, PersonState
from oneshelf.words.goods import Product
from oneshelf.words.time import moment


class Stocked(Protocol):
    """What lies at a place of one product."""

    @property
    def on_hand(self) -> int:
        """Pieces at the latest count."""

    @property
    def simulated(self) -> bool:
        """Whether that count was simulated."""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for an offer, as data, for faces that say it in another language."""

    kind: Literal["bought", "favourited", "searched"]
    #: whole days since it last happened
    days: int
    #: baskets that held the product, when it was bought
    baskets: int = 0
    #: what was searched, when it was searched
    query: str | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """One product to offer to a person, and why."""

    product_id: str
    name: str
    #: decayed baskets plus lifts; compares the offers of one person, nothing else
    score: float
    #: one line in English: "Bought in 7 baskets, last 12 days ago"
    reason: str
    #: the same as data, strongest first
    why: tuple[Why, ...]
    on_hand: int
    place_id: str
    #: whether simulated events or a simulated count entered
    simulated: bool


class OfferPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a ranking assumes. A basket of today scores 1 and fades as `insight.people.state.TAU_DAYS` says."""

    #: what a favourite that was not bought since adds, on its day
    favourite_lift: float = 1.0
    #: what a search adds to each product that answers it and was not bought since, on its day
    search_lift: float = 1.0
    #: both lifts fade by e in this many days
    lift_days: float = 30.0
    #: below this a product is not worth a message: one basket fades to it in 360 days
    score_min: float = 0.05

    def __post_init__(self) -> None:
        for field in ("favourite_lift", "search_lift", "score_min"):
            if not 0.0 <= getattr(self, field) < math.inf:
                raise InvalidInput.of(
                    field, getattr(self, field), "cannot be a score.", "Expected 0 or more, such as 1."
                )
        if not 0.0 < self.lift_days < math.inf:
            raise InvalidInput.of(
                "lift_days",
                self.lift_days,
                "cannot be a time to fade.",
                "Expected more than 0 days, such as 30.",
            )


DEFAULT_POLICY = OfferPolicy()

#: Only the latest searches without an answer lift products.
SEARCHES_LIFTED_MAX = 5


def rank(
    state: PersonState,
    products: Mapping[str, Product],
    stock: Mapping[str, Stocked],
    *,
    place_id: str,
    now: datetime,
    limit: int = 10,
    policy: OfferPolicy = DEFAULT_POLICY,
    finder: Finder | None = None,
) -> tuple[Offer, ...]:
    """The best offers at one place, best first, ties by product id; nobody is sent junk, so it may be empty.

    `now` is in the place's time zone: what was bought on its date is not offered again. `products` and `stock` are by
    product id; only known products with something on hand are offered. Hand in a `finder` over the same products when
    ranking for many people.
    """
    reasons = _reasons(state, products, now, policy, finder)
    simulated_orders = "orders" in state.simulated
    offers = []
    for product_id, found in reasons.items():
        product, lying = products.get(product_id), stock.get(product_id)
        score = sum(strength for strength, _, _ in found)
        if product is None or lying is None or lying.on_hand <= 0 or score < policy.score_min:
            continue
        if _bought_on(state, product_id, now):
            continue
        offers.append((score, product, lying, found))
    offers.sort(key=lambda offer: (-offer[0], offer[1].id))
    return tuple(
        Offer(
            product_id=product.id,
            name=product.name,
            score=score,
            reason=_in_words([why for _, why, _ in found]),
            why=tuple(why for _, why, _ in found),
            on_hand=lying.on_hand,
            place_id=place_id,
            simulated=simulated_orders or lying.simulated or any(simulated for _, _, simulated in found),
        )
        for score, product, lying, found in offers[: max(0, limit)]
    )


#: how much a reason adds to the score, the reason, and whether a simulated event gave it
_Reason = tuple[float, Why, bool]


def _reasons(
    state: PersonState,
    products: Mapping[str, Product],
    now: datetime,
    policy: OfferPolicy,
    finder: Finder | None,
) -> dict[str, list[_Reason]]:
    """Every reason for every product that has one, by product id, strongest first."""
    reasons: dict[str, list[_Reason]] = {}
    at_now = now.timestamp()
    # weights are kept as of a fixed epoch; this brings them to now
    faded = math.exp(-(at_now - EPOCH_SECONDS) / TAU_SECONDS)
    for product_id, bought in state.products.items():
        if bought.baskets > 0:
            why = Why(kind="bought", days=whole_days(bought.last_at, now), baskets=bought.baskets)
            reasons.setdefault(product_id, []).append((bought.weight * faded, why, False))

    def lift(at: float, most: float) -> float:
        return most * math.exp(-max(0.0, at_now - at) / (policy.lift_days * DAY_SECONDS))

    for product_id, (at, simulated) in state.favourites.items():
        if not _bought_since(state, product_id, at):
            why = Why(kind="favourited", days=whole_days(at, now))
            reasons.setdefault(product_id, []).append((lift(at, policy.favourite_lift), why, simulated))
    for product_id, query, (at, simulated) in _answers(state, products, now, finder):
        why = Why(kind="searched", days=whole_days(at, now), query=query)
        reasons.setdefault(product_id, []).append((lift(at, policy.search_lift), why, simulated))
    for found in reasons.values():
        found.sort(key=lambda reason: (-reason[0], reason[1].kind))
    return reasons


def _answers(
    state: PersonState, products: Mapping[str, Product], now: datetime, finder: Finder | None
) -> Iterator[tuple[str, str, Latest]]:
    """Products that answer an open search, each once, with its latest search."""
    answered = set()
    for wanted in islice(searched_not_bought(state, now=now, products=products), SEARCHES_LIFTED_MAX):
        finder = finder or Finder(products.values())
        for product_id in finder.find(wanted.what):
            if product_id not in answered:
                answered.add(product_id)
                yield product_id, wanted.what, (wanted.last_at.timestamp(), wanted.simulated)


def _bought_since(state: PersonState, product_id: str, at: float) -> bool:
    bought = state.products.get(product_id)
    return bought is not None and bought.last_at > at


def _bought_on(state: PersonState, product_id: str, now: datetime) -> bool:
    bought = state.products.get(product_id)
    return (
        bought is not None
        and bought.baskets > 0
        and moment(bought.last_at).astimezone(now.tzinfo).date() == now.date()
    )


def _in_words(whys: list[Why]) -> str:
    """The two strongest reasons as one line."""
    line = "; ".join(_PHRASES[why.kind](why) for why in whys[:2])
    return line[0].upper() + line[1:]


def _ago(days: int) -> str:
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


_PHRASES: dict[str, Callable[[Why], str]] = {
    "bought": lambda why: (
        f"bought in {why.baskets} basket{'s' if why.baskets != 1 else ''}, last {_ago(why.days)}"
    ),
    "favourited": lambda why: f"on the wish list {_since(why.days)}, not bought since",
    "searched": lambda why: f"searched for “{why.query}” {_ago(why.days)}, nothing like it bought since",
}


def _since(days: int) -> str:
    return {0: "since today", 1: "since yesterday"}.get(days, f"for {days} days")
