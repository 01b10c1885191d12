"""Merging what a catalogue's rows say into what the books know: whole products, prices and terms, or why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from oneshelf.books import goods, places, prices, product_references, supply
from oneshelf.books.database import Connection
from oneshelf.connect.catalogues.judging import Given, ToldPrice, ToldProduct, ToldTerm
from oneshelf.errors import InvalidInput, Problem
from oneshelf.events.codecs import problem_of
from oneshelf.words.goods import Product
from oneshelf.words.gtin import is_worldwide, shown
from oneshelf.words.prices import Price
from oneshelf.words.supply import Supplier, SupplyTerm


class Changes(msgspec.Struct, kw_only=True):
    """What some rows come to. Products and terms stand beside what was there before them, None where there was nothing."""

    products: list[tuple[Product | None, Product]] = []
    same_products: int = 0
    references: dict[str, str] = {}
    suppliers: list[Supplier] = []
    terms: list[tuple[SupplyTerm | None, SupplyTerm]] = []
    same_terms: int = 0
    prices: list[Price] = []
    problems: list[Problem] = []


class Merger:
    """Merges the rows of one file, part by part, remembering what the parts before said.

    Rows may speak of one product again, as a price for each place does; two that say different things of the same thing are refused.
    """

    def __init__(self) -> None:
        self.new_suppliers: set[str] = set()
        self.costs_left_out = 0
        #: product -> the line that describes it, and how
        self._described: dict[str, tuple[int, ToldProduct]] = {}
        #: new products, which the books do not hold while a file is only judged
        self._new: dict[str, Product] = {}
        #: hash of what a price or a term is of -> the line that says it, and the hash of what it says
        self._said: dict[int, tuple[int, int]] = {}
        self._references: dict[str, str] = {}
        self._referred: set[str] = set()
        #: product -> the GTIN that the file gives it, and the other way round
        self._gtin: dict[str, str] = {}
        self._bearer: dict[str, str] = {}

    def merge(self, connection: Connection, source: str, rows: Sequence[Given]) -> Changes:
        """Merge some rows; what is wrong with them stands in the changes, and they change nothing."""
        known = _Known(connection, source, rows, self._new)
        changes = Changes()
        for row in rows:
            try:
                self._merge_row(row, known, changes)
            except InvalidInput as refusal:
                changes.problems.append(problem_of(refusal, row.line))
        return changes

    def _merge_row(self, row: Given, known: _Known, changes: Changes) -> None:
        product_id = self._id(row, known)
        if row.reference is not None and known.references.get(row.reference) != product_id:
            changes.references[row.reference] = product_id
        product = self._product(product_id, row, known, changes)
        if row.reference is not None:
            self._references[row.reference] = product_id
            self._referred.add(product_id)
        if row.price is not None:
            self._price(product_id, row, row.price, known, changes)
        if row.term is not None:
            self._term(product, row, row.term, known, changes)

    def _id(self, row: Given, known: _Known) -> str:
        """The product that the source's reference means, else the one with the row's id or GTIN; without either the reference is the id.

        Two systems that say one GTIN mean one product. What would make two products one, or one product two, is refused.
        """
        reference = row.reference
        meant = None
        if reference is not None:
            meant = known.references.get(reference) or self._references.get(reference)
        if meant is not None:
            self._require_own_gtin(meant, row, known)
            return meant
        own = row.id or reference or ""
        bearer = self._bearer_of(row, known)
        if bearer is None or bearer == own:
            if reference is not None and bearer is None:
                _require_same(own, row, known)
        elif reference is not None and own not in known.products and not self._is_named(bearer, known):
            own = bearer
        self._require_own_gtin(own, row, known)
        return own

    def _bearer_of(self, row: Given, known: _Known) -> str | None:
        """The product that bears the row's GTIN; None where it is none of the world's, or nobody's yet."""
        gtin = row.product.get("gtin")
        if gtin is None or not is_worldwide(gtin):
            return None
        if gtin in self._bearer:
            return self._bearer[gtin]
        return next((one for one in known.bearers.get(gtin, ()) if self._gtin.get(one, gtin) == gtin), None)

    def _is_named(self, product_id: str, known: _Known) -> bool:
        """Whether the source itself calls the product something already."""
        return product_id in self._referred or known.is_named(product_id)

    def _require_own_gtin(self, product_id: str, row: Given, known: _Known) -> None:
        """Note which product bears the row's GTIN; raises InvalidInput where another one does."""
        gtin = row.product.get("gtin")
        if gtin is None:
            return
        before = known.products.get(product_id)
        bearer = self._bearer_of(row, known)
        if bearer not in (None, product_id) and (before is None or before.gtin != gtin):
            raise InvalidInput.of(
                "gtin",
                shown(gtin),
                f"is that of {bearer!r} already.",
                "Give each product a GTIN of its own, or say here which product is meant by its id.",
            )
        self._gtin[product_id] = gtin
        if is_worldwide(gtin):
            self._bearer.setdefault(gtin, product_id)

    def _product(self, product_id: str, row: Given, known: _Known, changes: Changes) -> Product:
        before = known.products.get(product_id) or self._new.get(product_id)
        told = row.product
        line, earlier = self._described.get(product_id, (row.line, None))
        if earlier is not None and told and told != earlier:
            raise InvalidInput.of(
                "id",
                product_id,
                f"is described otherwise in line {line}.",
                "Give each product an id of its own.",
            )
        if before is None and "name" not in told:
            raise InvalidInput.of(
                "name",
                "",
                f"is missing, and {product_id!r} is no product here yet.",
                "Name it, or correct its id.",
            )
        base = {"id": product_id} if before is None else msgspec.structs.asdict(before)
        after = Product(**{**base, **told})
        if earlier is None and told:
            self._described[product_id] = (row.line, told)
            if after == before:
                changes.same_products += 1
            else:
                changes.products.append((before, after))
                if before is None:
                    self._new[product_id] = after
        self._supplier(after.supplier_id, known, changes)
        return after

    def _supplier(self, supplier_id: str | None, known: _Known, changes: Changes) -> None:
        """A supplier that nobody has named yet is called by its id."""
        if supplier_id is None or supplier_id in known.suppliers:
            return
        known.suppliers[supplier_id] = Supplier(id=supplier_id, name=supplier_id)
        changes.suppliers.append(known.suppliers[supplier_id])
        self.new_suppliers.add(supplier_id)

    def _price(self, product_id: str, row: Given, told: ToldPrice, known: _Known, changes: Changes) -> None:
        _require_place(told["place_id"], known)
        if told["zone"] is not None and told["zone"] not in known.zones:
            raise InvalidInput.of(
                "zone", told["zone"], "has no places.", "Make it with `oneshelf prices zone NAME PLACE...`."
            )
        price = Price(product_id=product_id, **told)
        said = (price.amount_minor, price.currency, price.ends_on)
        if self._is_first("starts_on", (price.scope, price.starts_on), said, row.line):
            changes.prices.append(price)

    def _term(self, product: Product, row: Given, told: ToldTerm, known: _Known, changes: Changes) -> None:
        if product.supplier_id is None:
            self.costs_left_out += 1
            return
        _require_place(told["place_id"], known)
        key = (product.id, product.supplier_id, told["place_id"])
        before = known.terms.get(key)
        fresh = {"product_id": product.id, "supplier_id": product.supplier_id, "case_pack": product.case_pack}
        base = fresh if before is None else msgspec.structs.asdict(before)
        if before is None and "cost_minor" not in told:
            raise InvalidInput.of(
                "cost", "", "is missing for new terms.", "Say what one piece costs the shop."
            )
        after = SupplyTerm(**{**base, **told})
        if not self._is_first("cost", ("term", key), tuple(told.values()), row.line):
            return
        if after == before:
            changes.same_terms += 1
        else:
            changes.terms.append((before, after))

    def _is_first(self, field: str, key: object, said: object, line: int) -> bool:
        """Whether nothing was said of this yet; raises InvalidInput when it was said otherwise."""
        first, before = self._said.setdefault(hash(key), (line, hash(said)))
        if before != hash(said):
            raise InvalidInput.of(
                field, "", f"says otherwise than line {first}.", "Keep one of the two lines."
            )
        return first == line


class _Known:
    """What the books know of some rows' products; `new` are those that the file itself has brought."""

    def __init__(
        self, connection: Connection, source: str, rows: Sequence[Given], new: Mapping[str, Product]
    ) -> None:
        self._source = source
        named = {row.reference for row in rows if row.reference is not None}
        self.references = product_references.product_ids(connection, source, named)
        ids = {row.id for row in rows if row.id is not None} | named | set(self.references.values())
        gtins = {gtin for row in rows if (gtin := row.product.get("gtin")) is not None}
        self.bearers = goods.ids_by_gtin(connection, filter(is_worldwide, gtins))
        ids.update(*self.bearers.values())
        self.products = goods.products(connection, ids)
        strange = self.products.keys() - self.references.values() - new.keys()
        self.names = product_references.by_product(connection, strange) if named else {}
        self.suppliers = supply.suppliers(connection)
        self.places = places.places(connection)
        self.zones = set(prices.zones(connection).values())
        priced = any(row.term is not None for row in rows)
        found = supply.terms(connection, self.products) if priced else []
        self.terms = {(term.product_id, term.supplier_id, term.place_id): term for term in found}

    def is_named(self, product_id: str) -> bool:
        """Whether the source called the product something before."""
        return any(source == self._source for source, _ in self.names.get(product_id, ()))


def _require_same(product_id: str, row: Given, known: _Known) -> None:
    """Raise InvalidInput where a new reference comes to a product by its id alone, and something says that it is another one."""
    before = known.products.get(product_id)
    names = known.names.get(product_id, ())
    if before is None:
        return
    if row.id is None and names:
        source, reference = names[0]
        raise InvalidInput.of(
            "reference",
            product_id,
            f"is the id of another product here, which {source} calls {reference!r}.",
            "Give the row an id of its own, or that id where it is the same product.",
        )
    gtin = row.product.get("gtin")
    if gtin not in (None, before.gtin) and before.gtin is not None and is_worldwide(before.gtin):
        raise InvalidInput.of(
            "gtin",
            shown(gtin),
            f"is not that of {product_id!r} here, {shown(before.gtin)}.",
            "Give two products two ids; where one has changed its GTIN, say so in a table of ids and GTINs.",
        )


def _require_place(place_id: str | None, known: _Known) -> None:
    if place_id is not None and place_id not in known.places:
        raise InvalidInput.of("place", place_id, "is no place here.", "See `oneshelf places list`.")
