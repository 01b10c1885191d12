"""Places: where it happens. A store is always a shop."""

from __future__ import annotations

from typing import Literal

import msgspec

from oneshelf.words.ids import Id
from oneshelf.words.time import zone

Channel = Literal["store", "web", "app", "phone", "unknown"]


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shop, a web shop or a warehouse. Its time zone decides its business day."""

    id: Id
    name: str
    kind: Literal["store", "web", "warehouse"] = "store"
    time_zone: str

    def __post_init__(self) -> None:
        zone(self.time_zone)
