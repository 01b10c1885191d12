"""A plan as its readers get it."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date
from typing import Final, Literal, get_args

import msgspec

from oneshelf.decisions.plan.inputs import Action
from oneshelf.errors import InvalidInput

#: Why a planner should look at a line, the most pressing first.
Attention = Literal["late", "new", "no_price", "limited", "short", "waste", "change", "uncertain"]

ATTENTIONS: Final[tuple[Attention, ...]] = get_args(Attention)


class PlanPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan assumes where nobody said otherwise."""

    #: margin over price, for lines whose price or cost is not known
    margin_share: float = 0.5
    #: what a piece costs for each night that it lies, as a share of its cost, where the terms do not say: capital, space, damage
    holding_share: float = 0.002
    #: of scarce goods: how much of its proportional share a place is assured before profit decides
    fairness: float = 0.5
    #: what bringing one piece from one place of ours to another costs, in minor units; None: goods are not moved between places
    move_minor: int | None = None
    #: what a trip from one place to another costs besides, however many goods it takes
    trip_minor: int = 0
    #: makes the futures of demand that the plan weighs
    seed: int = 1
    #: how long the solver may look for a better division
    seconds: float = 20.0

    def __post_init__(self) -> None:
        if not 0.0 < self.margin_share < 1.0:
            raise InvalidInput.of(
                "margin_share", self.margin_share, "cannot be a margin.", "Expected more than 0 and less than 1, such as 0.3."
            )  # fmt: skip
        if not 0.0 <= self.holding_share <= 1.0:
            raise InvalidInput.of(
                "holding_share", self.holding_share, "cannot be a share.", "Expected 0 to 1, such as 0.002."
            )
        if not 0.0 <= self.fairness <= 1.0:
            raise InvalidInput.of(
                "fairness",
                self.fairness,
                "cannot be a share.",
                "Expected 0 (profit alone) to 1 (in proportion).",
            )
        for name, value in (("move_minor", self.move_minor or 0), ("trip_minor", self.trip_minor)):
            if value < 0:
                raise InvalidInput.of(name, value, "is below 0.", "Give what it costs, in minor units.")


class Alternative(msgspec.Struct, frozen=True, array_like=True):
    """What is expected of a line if so many pieces were ordered."""

    pieces: int
    #: against ordering nothing; None where prices are not known
    profit_minor: int | None
    #: pieces of demand that would find none
    lost: float
    #: pieces that would be thrown away
    waste: float


class PlanLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to order or make of one product for one place, in pieces. Figures are for the days from its arrival to the next delivery."""

    #: None: the whole chain
    place_id: str | None = None
    #: a product's id, or a product type's name where the plan is by type
    product_id: str
    action: Action = "order"
    supplier_id: str | None = None
    #: 0 says: order nothing
    quantity: int
    #: what would be best if nothing were shared with other lines
    wanted: int
    #: the first day on which these pieces are on sale
    arrives_on: date
    #: forecast demand, and its 10% and 90% quantiles
    mean: float
    low: int
    high: int
    #: chance that goods last until the next delivery, with this quantity
    cover: float
    #: pieces that can still be sold on the day they arrive, by the forecast
    at_hand: float
    #: what the order is expected to earn against ordering nothing; None where prices are not known
    profit_minor: int | None = None
    #: pieces of demand that will find none
    lost: float
    #: pieces that will be thrown away, of those at hand and those ordered
    waste: float
    #: what the same weekday sold a week before
    last_week: int
    #: what yesterday's plan ordered; None: it had no such line
    before: int | None = None
    #: error of this line's forecasts in the backtest; None when there is none
    wape: float | None = None
    attention: Attention | None = None
    #: in words and numbers
    reason: str
    #: names of the limits that cut it
    limits: tuple[str, ...] = ()
    #: orders are whole numbers of packs
    pack: int = 1
    #: days on which a new piece can be sold; 0: it does not age
    life_days: int = 1
    #: minor units a piece; None: not known
    price_minor: float | None = None
    cost_minor: float | None = None
    #: what other quantities would do, ascending from 0: straight lines between them, about
    effects: tuple[Alternative, ...] = ()
    #: why a planner changed the quantity, and what the plan had said
    edit_reason: str | None = None
    planned: int | None = None
    #: whether simulated events are among what it sold
    simulated: bool = False

    def effect(self, pieces: int) -> Alternative:
        """What is expected if so many pieces were ordered, read off the straight lines between `effects`."""
        at = [effect.pieces for effect in self.effects]
        above = min(bisect_left(at, pieces), len(at) - 1)
        if above == 0 or at[above] <= pieces:
            return msgspec.structs.replace(self.effects[above], pieces=pieces)
        low, high = self.effects[above - 1], self.effects[above]
        share = (pieces - low.pieces) / (high.pieces - low.pieces)
        profit = (
            None
            if low.profit_minor is None or high.profit_minor is None
            else round(low.profit_minor + (high.profit_minor - low.profit_minor) * share)
        )
        return Alternative(
            pieces,
            profit,
            round(low.lost + (high.lost - low.lost) * share, 2),
            round(low.waste + (high.waste - low.waste) * share, 2),
        )

    @property
    def series(self) -> str:
        """The name of the line: product, and place where there is one."""
        return self.product_id if self.place_id is None else f"{self.product_id} @ {self.place_id}"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces that leave one place tonight and are on sale at another in the morning."""

    product_id: str
    from_place: str
    to_place: str
    pieces: int
    #: until when the first of them can be sold
    last_day: date
    #: what that is expected to earn, less what moving the pieces costs, without the trip
    earns_minor: int


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A shared limit: how much of it there is, what would have been wanted, and what the plan takes."""

    kind: str
    name: str
    most: float
    wanted: float
    used: float


class PlanSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A plan without its lines."""

    as_of: date
    for_day: date
    uses: tuple[Use, ...] = ()
    #: goods at hand that should change places
    moves: tuple[Move, ...] = ()
    #: None: prices of no line are known
    currency: str | None
    #: what all lines together are expected to earn; None where no price is known
    profit_minor: int | None
    #: pieces of demand that will find none, and pieces that will be thrown away
    lost: float
    waste: float
    policy: PlanPolicy
    simulated: bool
    #: what the reader should know before using it
    notes: tuple[str, ...]


class Plan(PlanSummary, frozen=True, kw_only=True):
    """The plan made after the close of `as_of`. Lines that need a look come first."""

    lines: tuple[PlanLine, ...]

    @property
    def summary(self) -> PlanSummary:
        """The plan without its lines."""
        return PlanSummary(**{name: getattr(self, name) for name in PlanSummary.__struct_fields__})
