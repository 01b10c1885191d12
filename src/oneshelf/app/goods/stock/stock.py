"""Stock as one door: looking, serving and recording."""

from __future__ import annotations

from oneshelf.app.goods.stock.looking import Looking
from oneshelf.app.goods.stock.recording import Recording
from oneshelf.app.goods.stock.serving import Serving


class Stock(Looking, Serving, Recording):
    """Use cases about stock: `shelf.goods.stock`."""
