"""Reading everybody's baskets from the lake."""

from __future__ import annotations

from oneshelf.app.core import Core
from oneshelf.app.people.links import links_of
from oneshelf.books import goods
from oneshelf.decisions.recommend.baskets import Baskets, Ints
from oneshelf.decisions.recommend.groups import numbered
from oneshelf.insight.people.purchases import purchases
from oneshelf.insight.receipts import resolved


def read_baskets(core: Core) -> tuple[Baskets, Ints]:
    """Who bought what on which day, by resolved person, and the type of each item by number (-1 where it has none)."""
    with core.database.read() as connection:
        links = links_of(connection)
        types = {product.id: product.type for product in goods.all_products(connection)}
    with core.analysis:
        orders = core.engine.events("order.completed")
        bought = purchases(resolved(orders.filter(orders.person_id.notnull()), core.engine.memory(links)))
        rows = core.engine.run(bought.select("person_id", "product_id", "day").distinct())
    baskets = Baskets.of(rows)
    return baskets, numbered(baskets.items, types)
