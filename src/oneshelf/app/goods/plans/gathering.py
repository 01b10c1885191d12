"""Gathering what a plan is made from: sales, forecasts, terms, prices, stock and what is on its way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from oneshelf.app.core import Core
from oneshelf.app.goods.calendar import named
from oneshelf.app.goods.plans import past as pasts
from oneshelf.app.goods.plans.ahead import Ahead
from oneshelf.app.goods.plans.at_hand import AtHand, Lot, laid_out
from oneshelf.app.goods.plans.calendar import closed_ahead, late
from oneshelf.app.goods.plans.lots import lots_known
from oneshelf.app.goods.plans.past import Past
from oneshelf.app.goods.plans.sight import Sight
from oneshelf.app.goods.plans.terms import Line, Sources, limits_of, new_lines, terms_of
from oneshelf.app.goods.plans.today import LATE_FROM, less_sold, shares, so_far
from oneshelf.app.goods.prices import Prices
from oneshelf.books import goods, places, supply
from oneshelf.decisions.plan.arrays import Bools, Floats
from oneshelf.decisions.plan.inputs import Inputs, Terms
from oneshelf.decisions.plan.limits import Limit
from oneshelf.insight.goods.forecast.forecaster import HORIZON
from oneshelf.words.supply import SupplyTerm

#: Days that are looked at: a week for the outlook, more where goods take longer to come or keep longer.
#: One less than is forecast, as the first of these may be what is left of today.
DAYS_MIN, DAYS_MAX = 7, HORIZON - 1

#: What weekdays sold before so many weeks are known is chance.
WEEKS_KNOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a plan was made from."""

    past: Past
    inputs: Inputs

    @property
    def by_terms(self) -> bool:
        """Whether supply terms were known, so that lines are of a place and products."""
        return any(supplier is not None for supplier in self.inputs.terms.supplier)


def gather(
    core: Core,
    sight: Sight,
    as_of: date,
    *,
    before: Mapping[Line, int],
    budget_minor: int | None = None,
) -> Gathered:
    """The inputs of the plan made after `as_of`; only what was known by then enters. Today is taken as what it has sold so far.

    Where supply terms are known, lines are products at the places that sell them; without any, product types over the whole
    chain. `before` is what yesterday's plan ordered, by line. Raises NotFound when nothing was sold.
    """
    with core.database.read() as connection:
        terms = supply.terms(connection)
    told = pasts.told(core)
    if terms:
        sources = _sources(core, terms)
        past = sight.by_place(as_of, told)
        past = past.joined(new_lines(past.lines, sources), sources.products)
        held = [
            (row, term)
            for row, line in enumerate(past.lines)
            if (term := sources.term(line[0] or "", line[1]))
        ]
        sold = past.panel.starts < past.panel.steps
        if any(sold[row] and term.lead_time_days <= DAYS_MAX for row, term in held):
            found = _Found(past=past, held=held, sources=sources, lots=lots_known(core, as_of))
            return _by_terms(core, sight, found, before=before, budget_minor=budget_minor)
    return _by_type(core, sight, sight.by_type(as_of, told), before, terms=bool(terms))


def _sources(core: Core, terms: list[SupplyTerm]) -> Sources:
    with core.database.read() as connection:
        products = {product.id: product for product in goods.all_products(connection)}
        names = {place.id: place.name for place in places.places(connection).values()}
        return Sources.of(products, supply.suppliers(connection), terms, names)


def _by_type(core: Core, sight: Sight, past: Past, before: Mapping[Line, int], *, terms: bool) -> Gathered:
    plain = replace(Terms.plain(len(past.lines)), price_minor=past.price_minor)
    nothing = np.zeros((len(past.lines), DAYS_MIN))
    notes = [
        f"No goods that sell here come within {DAYS_MAX} days by their terms: product types are planned over the whole chain, as goods of one day."
        if terms
        else "No supply terms are known: product types are planned over the whole chain, as goods of one day."
    ]
    if not past.quantities[-1].any():
        notes.append(f"Nothing was sold on {past.last_day}: was it closed, or is its data still missing?")
    seen = replace(_look(core, sight, past), late=np.zeros(len(past.lines), dtype=np.bool_))
    at_hand = AtHand(arriving=nothing, expiring=nothing)
    return _gathered(seen, plain, at_hand, before=before, notes=[*notes, *_days_told(past)])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    past: Past
    #: rows of `past`, each with the term that holds for it
    held: list[tuple[int, SupplyTerm]]
    sources: Sources
    lots: list[Lot]


def _by_terms(
    core: Core, sight: Sight, found: _Found, *, before: Mapping[Line, int], budget_minor: int | None
) -> Gathered:
    as_of = found.past.last_day
    held = [(row, term) for row, term in found.held if term.lead_time_days <= DAYS_MAX]
    past = found.past.only(np.array([row for row, _ in held], dtype=np.intp))
    lines = [(place or "", term) for (place, _), (_, term) in zip(past.lines, held, strict=True)]
    terms = terms_of(lines, found.sources, _prices(core, as_of, past), past.currency)
    days = int(np.clip((terms.lead_days + terms.life_days).max(), DAYS_MIN, DAYS_MAX))
    slow = len(found.held) - len(held)
    notes = [f"{slow:,} lines take more than {DAYS_MAX} days to come and are left out."] if slow else []
    notes += _unplanned(found, past)
    pieces: defaultdict[tuple[str, str], int] = defaultdict(int)
    for lot in found.lots:
        if lot.arrives_on is None:
            pieces[lot.place_id, lot.product_id] += lot.pieces
    seen = _look(core, sight, past)
    lots = found.lots if seen.still is None else less_sold(found.lots, past.lines, seen.still)
    return _gathered(
        seen,
        terms,
        laid_out(lots, past.lines, terms.life_days.tolist(), as_of, days),
        before=before,
        notes=[*notes, *_days_told(past)],
        limits=limits_of(
            lines,
            found.sources,
            terms,
            at_hand=pieces,
            receiving_packs=dict(core.settings.receiving_packs),
            budget_minor=budget_minor,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What is known of lines, and what is expected of them from tomorrow on."""

    past: Past
    ahead: Ahead
    #: lines whose place sent nothing of the last day
    late: Bools
    #: by line: what the last day will still sell; None: it is over
    still: Floats | None
    #: how much of the last day has passed, over the whole chain
    passed: float = 1.0


def _look(core: Core, sight: Sight, past: Past) -> _Seen:
    level = "type" if past.lines[0][0] is None else "id"
    where = [place for place, _ in past.lines]
    is_late = late(past.quantities, where)
    if past.last_day != core.today() or past.panel.steps < 2:
        return _Seen(past=past, ahead=sight.ahead(past, level), late=is_late, still=None)
    by_place = sight.passed(past.last_day, core.now())
    share = shares(past, by_place)
    is_late &= share >= LATE_FROM
    ahead, still = so_far(sight.ahead(past.before_today, level), past, share, is_late)
    return _Seen(past=past, ahead=ahead, late=is_late, still=still, passed=by_place[None])


def _gathered(
    seen: _Seen,
    terms: Terms,
    at_hand: AtHand,
    *,
    before: Mapping[Line, int],
    notes: Sequence[str],
    limits: tuple[Limit, ...] = (),
) -> Gathered:
    past, ahead = seen.past, seen.ahead
    days, panel = at_hand.arriving.shape[1], past.panel
    where = [place for place, _ in past.lines]
    weekday = past.quantities[-7] if panel.steps >= 7 else np.zeros(len(past.lines))
    inputs = Inputs(
        as_of=past.last_day,
        lines=past.lines,
        mean=ahead.mean[:, :days],
        levels=ahead.levels,
        quantiles=ahead.quantiles[:, :days],
        terms=terms,
        arriving=at_hand.arriving,
        expiring=at_hand.expiring,
        open=~closed_ahead(past.quantities, where, days) & panel.open(panel.steps, panel.steps + days),
        limits=limits,
        currency=past.currency,
        last_week=np.maximum(weekday, 0),
        late=seen.late,
        new=panel.starts == panel.steps,
        simulated=past.simulated,
        remarks=tuple(map(_remarks, ahead.notes)),
        wape=ahead.wape,
        before=np.array([before.get(line, np.nan) for line in past.lines], dtype=float),
        notes=(*notes, *_told(seen)),
    )
    return Gathered(past=past, inputs=inputs)


def _remarks(notes: Sequence[str]) -> tuple[str, ...]:
    """What the forecast has to say of a line, as sentences."""
    return tuple(f"Forecast: {note}." for note in notes)


def _unplanned(found: _Found, past: Past) -> list[str]:
    """What has terms and is in no line, and terms whose costs cannot be compared."""
    said = []
    sold = {product for _, product in found.past.lines}
    products = found.sources.products
    never = sum(one in products and products[one].active and one not in sold for one in found.sources.terms)
    if never:
        said.append(
            f"{never:,} products have terms and were not sold in the last year: order their first goods by hand."
        )
    foreign = sum(past.currency not in (None, term.currency) for _, term in found.held)
    if foreign:
        said.append(
            f"The costs of {foreign:,} lines are not in {past.currency}, in which most is sold, and count as not known."
        )
    return said


def _days_told(past: Past) -> list[str]:
    """What the shop's calendar says of the day that is planned."""
    return named(past.told.calendar, past.last_day + timedelta(days=1))


def _told(seen: _Seen) -> list[str]:
    past = seen.past
    notes, days = [], past.panel.steps
    if seen.still is not None:
        notes.append(
            f"{past.last_day} is not over: {seen.passed:.0%} of a day is usually done by now, {seen.still.sum():,.0f} pieces may still be sold."
        )
    if days < 7 * WEEKS_KNOWN:
        notes.append(f"Only {days} days of sales are known; forecasts are rough before {7 * WEEKS_KNOWN}.")
    if past.simulated.any():
        notes.append("Simulated events are among the sales.")
    return notes


def _prices(core: Core, as_of: date, past: Past) -> Floats:
    """What the price list says for tomorrow, else what a piece brought lately."""
    where = sorted({place for place, _ in past.lines if place})
    table = Prices(core).table(where, on=as_of + timedelta(days=1))
    listed = {
        (place, product): float(amount)
        for place, product, amount, currency in zip(
            *(table[name].to_pylist() for name in ("place_id", "product_id", "amount_minor", "currency")),
            strict=True,
        )
        if past.currency in (None, currency)
    }
    fallback = past.price_minor.tolist()
    return np.array(
        [listed.get((place or "", product), fallback[row]) for row, (place, product) in enumerate(past.lines)]
    )
