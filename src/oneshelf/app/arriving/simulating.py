"""Simulating: the simulator, over what the lake knows of real purchases."""

from __future__ import annotations

from oneshelf.app.core import Core
from oneshelf.books import goods, places
from oneshelf.connect.simulated_trips import SimulatorOptions
from oneshelf.connect.simulator import Simulator
from oneshelf.errors import NotFound
from oneshelf.insight.people.purchases import purchases


def simulator(core: Core, *, seed: int, scale: float) -> Simulator:
    """Make the simulator; `scale` 1 is what its defaults give, 0.1 a tenth. Raises NotFound when there are no purchases."""
    orders = core.engine.events("order.completed")
    bought = core.engine.run(purchases(orders.filter(~orders.simulated)))
    if not bought.num_rows:
        raise NotFound(
            "There are no purchases to simulate around.",
            "Load receipts first, such as `oneshelf load completejourney`.",
        )
    with core.database.read() as connection:
        known = list(goods.all_products(connection))
        shops = list(places.places(connection).values())
    usual = SimulatorOptions()
    options = SimulatorOptions(
        seed=seed,
        sessions_share=min(1.0, usual.sessions_share * scale),
        visits_share=min(1.0, usual.visits_share * scale),
        reviews_share=min(1.0, usual.reviews_share * scale),
    )
    return Simulator(bought, known, shops, options)
