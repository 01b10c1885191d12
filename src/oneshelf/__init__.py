"""OneShelf: one retailer, one set of books over every channel, and the flywheel that runs on it.

import oneshelf

with oneshelf.open("shop-data") as shelf:
    shelf.load("completejourney")
    shelf.people.portrait("household-1")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oneshelf.app.build import open_shelf as open
    from oneshelf.app.settings import Settings
    from oneshelf.app.shelf import Shelf
    from oneshelf.errors import OneShelfError

__version__ = "0.1.0"

__all__ = ["OneShelfError", "Settings", "Shelf", "__version__", "open"]

#: Found when they are asked for: whoever needs a single room, such as a plug-in, does not import the whole house.
_LAZY = {
    "open": ("oneshelf.app.build", "open_shelf"),
    "Settings": ("oneshelf.app.settings", "Settings"),
    "Shelf": ("oneshelf.app.shelf", "Shelf"),
    "OneShelfError": ("oneshelf.errors", "OneShelfError"),
}


def __getattr__(name: str) -> Any:
    try:
        module, attribute = _LAZY[name]
    except KeyError:
        raise AttributeError(f"module 'oneshelf' has no attribute {name!r}") from None
    return getattr(import_module(module), attribute)
