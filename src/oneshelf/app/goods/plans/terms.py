"""The terms of a plan's lines: which supplier sends each product to each place, and how."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from oneshelf.decisions.plan.inputs import Action, Terms
from oneshelf.decisions.plan.limits import Kind, Limit
from oneshelf.decisions.plan.making import DEFAULT_POLICY
from oneshelf.words.goods import Product
from oneshelf.words.supply import Supplier, SupplyTerm

Line = tuple[str | None, str]

#: Of a catalogue that was just brought in most never sold: a planner can look at so many lines of new products.
NEW_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Who could send what, by product and place."""

    products: Mapping[str, Product]
    suppliers: Mapping[str, Supplier]
    #: by product, then by place (None: every place)
    terms: Mapping[str, Mapping[str | None, Sequence[SupplyTerm]]]
    #: names of the places of ours, some of which send goods to others
    places: Mapping[str, str]

    @classmethod
    def of(
        cls,
        products: Mapping[str, Product],
        suppliers: Mapping[str, Supplier],
        terms: Iterable[SupplyTerm],
        places: Mapping[str, str],
    ) -> Sources:
        """Sort terms by what they are for."""
        sorted_: defaultdict[str, defaultdict[str | None, list[SupplyTerm]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for term in terms:
            sorted_[term.product_id][term.place_id].append(term)
        return cls(products=products, suppliers=suppliers, terms=sorted_, places=places)

    def term(self, place_id: str, product_id: str) -> SupplyTerm | None:
        """The term that holds: the place's own before one of every place, the product's own supplier before the cheapest."""
        product = self.products.get(product_id)
        by_place = self.terms.get(product_id)
        if product is None or not product.active or by_place is None:
            return None
        found = by_place.get(place_id) or by_place.get(None) or ()
        chosen = [term for term in found if term.supplier_id == product.supplier_id] or found
        return min(chosen, key=lambda term: (term.cost_minor, term.supplier_id), default=None)

    def action(self, term: SupplyTerm, place_id: str) -> Action:
        """A place that is its own supplier makes; another place of ours transfers; everybody else is sent an order."""
        if term.supplier_id == place_id:
            return "make"
        return "transfer" if term.supplier_id in self.places else "order"


def new_lines(sold: Sequence[Line], sources: Sources) -> list[Line]:
    """Lines of products that have terms and sold nowhere yet, at the places that sell and are sent them; no more than `NEW_MAX`."""
    known = {product for _, product in sold}
    places = sorted({place for place, _ in sold if place is not None})
    found = (
        (place, product)
        for product in sorted(set(sources.terms) - known)
        for place in places
        if sources.term(place, product) is not None
    )
    return list(islice(found, NEW_MAX))


def terms_of(
    lines: Sequence[tuple[str, SupplyTerm]], sources: Sources, prices: np.ndarray, currency: str | None
) -> Terms:
    """Terms of lines (place, term), with prices in minor units of a currency; NaN: not known, as are costs in another one."""
    held = [term for _, term in lines]
    lives = [sources.products[term.product_id].shelf_life_days for term in held]

    def whole(values: Iterable[int]) -> np.ndarray:
        return np.fromiter(values, dtype=np.int64, count=len(held))

    return Terms(
        price_minor=prices,
        cost_minor=np.array(
            [float(term.cost_minor) if currency in (None, term.currency) else np.nan for term in held]
        ),
        salvage_minor=np.zeros(len(held)),
        holding_minor=np.full(len(held), np.nan),
        # `shelf_life_days` counts the days after the arrival
        life_days=whole(0 if life is None else life + 1 for life in lives),
        # sent the same day, it is there tomorrow morning at the latest; a plan is made in the afternoon
        lead_days=whole(max(1, term.lead_time_days) for term in held),
        review_days=np.ones(len(held), dtype=np.int64),
        pack_pieces=whole(max(term.case_pack, 1) for term in held),
        minimum_pieces=whole(term.minimum_order_pieces for term in held),
        supplier=tuple(term.supplier_id for term in held),
        action=tuple(sources.action(term, place) for place, term in lines),
    )


def limits_of(
    lines: Sequence[tuple[str, SupplyTerm]],
    sources: Sources,
    terms: Terms,
    *,
    at_hand: Mapping[tuple[str, str], int],
    receiving_packs: Mapping[str, int],
    budget_minor: int | None = None,
) -> tuple[Limit, ...]:
    """What the lines share: a supplier's capacity, a product's (also what our own warehouse has of it), what places take in, and the budget.

    `at_hand` is by (place, product), `receiving_packs` by place. Of the budget a piece takes its cost; where that is not known in the shop's
    money, what the policy's margin leaves of its price.
    """
    by_supplier: defaultdict[str, list[int]] = defaultdict(list)
    scarce: defaultdict[tuple[str, str | None, float, str], list[int]] = defaultdict(list)
    for row, (place, term) in enumerate(lines):
        by_supplier[term.supplier_id].append(row)
        if term.capacity_pieces is not None:
            name = f"{term.product_id} from {term.supplier_id}"
            scarce[term.product_id, term.place_id, float(term.capacity_pieces), name].append(row)
        if sources.action(term, place) == "transfer":
            there = float(max(at_hand.get((term.supplier_id, term.product_id), 0), 0))
            scarce[term.product_id, "", there, f"{term.product_id} at {term.supplier_id}"].append(row)
    found = [_limit("supply", name, rows, most) for (_, _, most, name), rows in scarce.items()]
    for supplier_id, rows in by_supplier.items():
        supplier = sources.suppliers.get(supplier_id)
        if supplier is not None and supplier.capacity_pieces is not None:
            found.append(_limit("supplier", supplier.name, rows, float(supplier.capacity_pieces)))
    packs = np.array([1.0 / max(term.case_pack, 1) for _, term in lines])
    for place_id, most in receiving_packs.items():
        rows = [
            row
            for row, (place, term) in enumerate(lines)
            if place == place_id and sources.action(term, place) != "make"
        ]
        if rows:
            under = np.array(rows, dtype=np.intp)
            name = sources.places.get(place_id, place_id)
            found.append(
                Limit(kind="warehouse", name=name, lines=under, takes=packs[under], most=float(most))
            )
    if budget_minor is not None:
        costs = terms.priced(DEFAULT_POLICY.margin_share, DEFAULT_POLICY.holding_share).cost
        costly = np.flatnonzero(costs > 0)
        found.append(
            Limit(kind="budget", name="budget", lines=costly, takes=costs[costly], most=float(budget_minor))
        )
    return tuple(found)


def _limit(kind: Kind, name: str, rows: Sequence[int], most: float) -> Limit:
    return Limit(
        kind=kind, name=name, lines=np.array(rows, dtype=np.intp), takes=np.ones(len(rows)), most=most
    )
