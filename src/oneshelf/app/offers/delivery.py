"""Delivery: what lies in the outbox leaves through its channel, each message at least once and recognisable by its id."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import lru_cache, partial

from oneshelf.app.core import Core
from oneshelf.app.settings import Settings
from oneshelf.books import outbox
from oneshelf.books.database import Connection
from oneshelf.books.outbox import DueParcel
from oneshelf.connect.ports import Channel, Delivery, Message
from oneshelf.connect.registry import open_channel
from oneshelf.errors import OneShelfError, SettingsError

#: Messages taken from the outbox at a time.
BATCH = 500


def deliver(core: Core, now: datetime) -> int:
    """Send everything that is due; return how many messages left. What fails waits longer each time."""
    left = 0
    while (outcome := deliver_some(core, now)) is not None:
        left += outcome
    return left


def deliver_some(core: Core, now: datetime) -> int | None:
    """Send the next few that are due; return how many left, None when nothing is due."""
    parcels = core.database.writer.write(partial(outbox.due, now=now, limit=BATCH))
    by_channel: dict[str, list[DueParcel]] = defaultdict(list)
    for parcel in parcels:
        by_channel[parcel.channel].append(parcel)
    left = sum(_note(core, group, _send(core, name, group, now), now) for name, group in by_channel.items())
    return left if parcels else None


def _send(core: Core, name: str, group: list[DueParcel], now: datetime) -> list[Delivery]:
    """Try a group once; a channel that cannot even be opened fails all of it, and nobody else's."""
    try:
        channel = channel_of(core.settings, name)
    except OneShelfError as error:
        return [Delivery(id=parcel.id, error=error.cause) for parcel in group]
    return channel.send([Message(id=parcel.id, payload=parcel.payload) for parcel in group], now=now)


@lru_cache(maxsize=16)
def channel_of(settings: Settings, name: str) -> Channel:
    """The channel of that name, with the options that the settings hold for it. Raises SettingsError, NotFound.

    Kept open: a webhook keeps its connections, and the file channel what it has read of its file.
    """
    if name == "file":
        return open_channel(name, folder=settings.outgoing)
    if name == "webhook":
        if settings.webhook_url is None or settings.webhook_secret is None:
            raise SettingsError(
                "The webhook channel has no address or no secret.",
                "Set ONESHELF_WEBHOOK_URL and ONESHELF_WEBHOOK_SECRET.",
            )
        return open_channel(name, url=settings.webhook_url, secret=settings.webhook_secret.get_secret_value())
    return open_channel(name)


def _note(core: Core, group: list[DueParcel], outcomes: list[Delivery], now: datetime) -> int:
    by_id = {parcel.id: parcel for parcel in group}
    sent = [outcome.id for outcome in outcomes if outcome.error is None]

    def note(connection: Connection) -> None:
        outbox.sent(connection, sent, now)
        for outcome in outcomes:
            if outcome.error is not None:
                outbox.failed(connection, by_id[outcome.id], outcome.error, now)

    core.database.writer.write(note)
    return len(sent)
