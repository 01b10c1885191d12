"""What a source and a channel must be. Plug-ins implement these; nothing here does anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Protocol, runtime_checkable

import msgspec
import pyarrow as pa

from oneshelf.errors import Problem
from oneshelf.events.envelope import Event
from oneshelf.words.goods import Product
from oneshelf.words.ids import Id
from oneshelf.words.places import Place


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """Bulk data about things that did not happen: it becomes a version of the lake table `table`."""

    table: str
    rows: pa.Table | pa.RecordBatchReader
    #: the name and SHA-256 (hex) of the file that the rows come from
    file: str
    sha256: str


class LineProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something wrong in one line of a file, and whether the line was refused or only lost that field."""

    problem: Problem
    refused: bool = True


class SourceBatch(msgspec.Struct, frozen=True, kw_only=True):
    """A few thousand events in time order. A later run given `after=position` goes on behind them."""

    position: str
    events: Sequence[Event] = ()
    problems: Sequence[LineProblem] = ()


@runtime_checkable
class Source(Protocol):
    """Where events come from. Ids are made so that reading the same thing again repeats them exactly."""

    name: str  #: the source id that the events carry
    summary: str  #: one line for people

    def total(self) -> int | None:
        """How many events there are to read, when that is known; for a progress bar."""
        ...

    def references(self) -> Iterator[Reference]:
        """Bulk reference data for the lake."""
        ...

    def products(self) -> Iterator[Product]:
        """The catalogue, as far as the source knows it."""
        ...

    def places(self) -> Iterator[Place]:
        """The shops and web shops that the events name."""
        ...

    def batches(self, *, until: date | None = None, after: str | None = None) -> Iterator[SourceBatch]:
        """The events in time order, up to and including the business day `until`, behind the position `after`.

        Raises InvalidInput when the source as a whole is refused, Unavailable when it cannot be reached.
        """
        ...


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Something that leaves the house. The receiver sees a repeat by its id."""

    id: Id
    payload: bytes  #: one JSON document


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message. Without `error` it was delivered; `final` says that trying again is useless."""

    id: str
    error: str | None = None
    final: bool = False


@runtime_checkable
class Channel(Protocol):
    """A way out. Whoever calls it keeps the messages until they are delivered, so a repeat is ordinary."""

    name: str

    def send(self, messages: Sequence[Message], *, now: datetime) -> list[Delivery]:
        """Try every message once and say what became of each, in their order. Never raises for the far side's failures."""
        ...
