"""The catalogue: finding products, and all that is known of one."""

from __future__ import annotations

import msgspec

from oneshelf.app.core import Core
from oneshelf.app.pages import Page, read_cursor, write_cursor
from oneshelf.books import goods, product_references, supply
from oneshelf.books.goods import Sought
from oneshelf.errors import NotFound
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.goods import Product
from oneshelf.words.supply import Supplier, SupplyTerm


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """What a product is called in another system."""

    source: str
    reference: str


class ProductDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A product, its names elsewhere, and on what terms it is bought (empty for those who do not plan)."""

    product: Product
    references: tuple[Reference, ...]
    supplier: Supplier | None
    terms: tuple[SupplyTerm, ...]


class Products:
    """Use cases about products. Reading them is for everybody on the staff; what they cost the shop is for planners."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def listing(
        self,
        text: str = "",
        *,
        group: str | None = None,
        supplier_id: str | None = None,
        active: bool | None = None,
        limit: int = 50,
        after: str | None = None,
        actor: Actor = OPERATOR,
    ) -> Page[Product]:
        """Products in order of name: whose id begins with the text, whose GTIN it is, or whose name, type or brand holds it.

        `group` is a department, category or type.
        """
        del actor
        sought = Sought(text=text.strip(), group=group, supplier_id=supplier_id, active=active)
        position = read_cursor(after, tuple[str, str])
        with self._core.database.read() as connection:
            found = goods.search_products(connection, sought, limit + 1, position)
            total = goods.count_products(connection, sought)
        last = found[limit - 1] if len(found) > limit else None
        return Page(
            items=tuple(found[:limit]),
            next=None if last is None else write_cursor((last.name, last.id)),
            total=total,
        )

    def groups(self, *, actor: Actor = OPERATOR) -> dict[str, int]:
        """Every category, and how many products it has."""
        del actor
        with self._core.database.read() as connection:
            return goods.groups(connection)

    def product(self, product_id: str, *, actor: Actor = OPERATOR) -> ProductDetails:
        """One product. Raises NotFound."""
        with self._core.database.read() as connection:
            found = goods.products(connection, [product_id]).get(product_id)
            named = product_references.references(connection, product_id)
            terms = supply.terms(connection, [product_id]) if actor.may("plan.read") else []
            known = supply.suppliers(connection)
        if found is None:
            raise NotFound("There is no such product.", "Find it with `oneshelf catalogue list TEXT`.")
        return ProductDetails(
            product=found,
            references=tuple(Reference(source=source, reference=one) for source, one in named),
            supplier=known.get(found.supplier_id or ""),
            terms=tuple(term for term in terms if term.place_id is None or actor.may_at(term.place_id)),
        )
