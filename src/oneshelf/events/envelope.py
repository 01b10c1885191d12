"""The envelope: what every event says about itself, whatever happened."""

from __future__ import annotations

from datetime import datetime

import msgspec

from oneshelf.errors import InvalidInput
from oneshelf.events.catalogue import Kind, kind_of
from oneshelf.words.ids import Id
from oneshelf.words.people import Who
from oneshelf.words.places import Channel
from oneshelf.words.time import check_aware

#: Events without a place of their own happen here.
NOWHERE = "unknown"

#: The source of what OneShelf itself decides; nobody else may write under this name.
OWN_SOURCE = "oneshelf"


def check_source(name: str) -> str:
    """Give back the name of somebody's source. Raises InvalidInput where it is the one kept for OneShelf itself."""
    if name == OWN_SOURCE:
        raise InvalidInput.of(
            "source",
            name,
            "is kept for what OneShelf itself decides.",
            "Choose another name, such as web-shop.",
        )
    return name


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that happened, as its sender told it.

    `id` is made by the sender and is unique within its `source`: the same id from the same source is the same event, for ever.
    """

    id: Id
    source: Id
    happened_at: datetime
    body: Kind
    who: Who = Who()
    place_id: Id = NOWHERE
    channel: Channel = "unknown"
    simulated: bool = False
    version: int = 1

    def __post_init__(self) -> None:
        check_aware(self.happened_at, "happened_at")

    @property
    def kind(self) -> str:
        """The stored name of what happened: `order.completed`."""
        return kind_of(self.body)


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event with its place in the journal: the batch's offset, its index within, and when it was recorded."""

    offset: int
    index: int
    recorded_at: datetime
    event: Event
