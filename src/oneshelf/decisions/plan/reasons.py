"""Why a line says what it says: one sentence after another, each with its figures, and whether a planner should look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from oneshelf.decisions.plan.inputs import Action
from oneshelf.decisions.plan.result import Attention

#: From this forecast on, an interval wider than twice the forecast is worth a look; smaller lines are never sure.
UNCERTAIN_MEAN_MIN = 5.0
#: A chance below this that goods last until what is ordered now arrives is told as an exception.
LASTS_MIN = 0.5
#: From this many pieces on, and this share of what is there, waste of goods at hand is an exception.
WASTE_PIECES_MIN, WASTE_SHARE_MIN = 1.0, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one line's words are made from."""

    action: Action
    quantity: int
    wanted: int
    arrives_on: date
    mean: float
    low: float
    high: float
    last_week: int
    at_hand: float
    #: whether a single piece would be expected to earn something
    one_would_earn: bool
    #: chance that goods last until the next delivery: with `quantity`, and with nothing
    cover: float
    cover_without: float
    #: chance that goods at hand last until the day before the arrival; 1 when it arrives tomorrow
    lasts: float
    #: goods of one delivery: the share that a piece short costs of what a piece short and one left over cost; None: they carry over
    asked: float | None
    review_days: int
    life_days: int
    lead_days: int
    pack: int
    minimum: int
    old_waste: float
    closed: bool
    #: whether its supplier sends anything
    sends: bool
    late: bool
    #: whether it never sold, and whether anybody said for how much it will
    new: bool
    price_known: bool
    priced: bool
    limits: tuple[str, ...]


def reason(facts: Facts) -> str:
    """The sentences, joined by a space."""
    return " ".join((_expected(facts), _decided(facts), *_also(facts)))


def attention(facts: Facts) -> Attention | None:
    """The most pressing reason to look, if any."""
    found: dict[Attention, bool] = {
        "late": facts.late,
        "new": facts.new,
        "no_price": not facts.priced,
        "limited": facts.quantity < facts.wanted,
        "short": facts.lasts < LASTS_MIN and facts.mean >= 1,
        "waste": facts.old_waste >= WASTE_PIECES_MIN and facts.old_waste >= WASTE_SHARE_MIN * facts.at_hand,
        "change": facts.review_days == 1
        and not facts.closed
        and not facts.low <= facts.last_week <= facts.high,
        "uncertain": facts.mean >= UNCERTAIN_MEAN_MIN and facts.high - facts.low > 2 * facts.mean,
    }
    return next((name for name, so in found.items() if so), None)


def _expected(facts: Facts) -> str:
    if facts.closed:
        return f"Closed on {facts.arrives_on}."
    when = (
        f"{facts.arrives_on:%A} is"
        if facts.review_days == 1
        else f"{facts.review_days} days from {facts.arrives_on:%A} are"
    )
    said = f"{when} expected to want {facts.mean:,.1f} ({facts.low:,.0f} to {facts.high:,.0f})"
    if facts.at_hand >= 0.5:
        return f"{said}, {facts.at_hand:,.0f} will be there."
    return f"{said}, none will be there."


def _decided(facts: Facts) -> str:
    verb = facts.action.capitalize()
    if facts.closed:
        return "Nothing is delivered."
    if not facts.sends:
        return f"{verb} nothing: its supplier sends nothing."
    if facts.quantity:
        return f"{verb} {facts.quantity:,}: enough with {facts.cover:.0%}{_asked(facts)}."
    if facts.wanted:
        return f"{verb} nothing, for lack of room."
    if facts.one_would_earn and max(facts.pack, facts.minimum) > 1:
        return (
            f"{verb} nothing: a smallest order of {max(facts.pack, facts.minimum):,} would not earn its cost."
        )
    return f"{verb} nothing: what is there is enough with {facts.cover_without:.0%}{_asked(facts)}."


def _asked(facts: Facts) -> str:
    if facts.asked is None:
        return ", and a piece more would not earn its cost"
    return f", where the margin asks for {facts.asked:.0%}"


def _also(facts: Facts) -> list[str]:
    said = []
    if facts.quantity < facts.wanted:
        said.append(
            f"{facts.wanted:,} would be best, but {', '.join(facts.limits) or 'a limit'} has not enough for all."
        )
    if facts.quantity and facts.pack > 1:
        packs = facts.quantity // facts.pack
        said.append(f"That is {packs:,} pack{'' if packs == 1 else 's'} of {facts.pack:,}.")
    if facts.quantity and facts.life_days > 1:
        said.append(f"What is left can be sold on {facts.life_days - 1:,} more days.")
    if facts.lead_days > 1 and facts.lasts < LASTS_MIN:
        said.append(f"Goods at hand last until then with {facts.lasts:.0%} only.")
    if facts.old_waste >= WASTE_PIECES_MIN:
        said.append(f"Of what is there, {facts.old_waste:,.0f} will probably not be sold in time.")
    if facts.late:
        said.append("Its place has sent nothing of the day yet, so stock and sales are older than they look.")
    if facts.new:
        said.append(_begins(facts))
    if facts.new and not facts.price_known:
        said.append("It has no price: set one before it is sold.")
    elif not facts.priced:
        said.append("Its price or cost is missing, so a margin was assumed.")
    return said


def _begins(facts: Facts) -> str:
    if facts.mean > 0:
        return "It never sold: expected is what new products of its type sold; change the quantity if you know better."
    return "It never sold, and nothing like it did: say how much its first order should be."
