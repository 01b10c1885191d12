"""Places: where they are, their floors, and their figures."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Path, Query

from oneshelf.api.answers import Answer, answers
from oneshelf.api.asking import PRINTABLE, AnActor, AShelf
from oneshelf.app.goods.places import DAYS, PlaceList
from oneshelf.words.places import FloorPlan, Place

router = APIRouter(prefix="/v1/places", tags=["places"])

PlaceId = Annotated[str, Path(description="A place's id.", min_length=1, max_length=200, pattern=PRINTABLE)]
Days = Annotated[int, Query(description="Over how many of the newest days.", ge=1, le=3660)]


class PlaceDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A place and its floor; empty where it has none."""

    place: Place
    floor: FloorPlan | None


@router.get("", **answers(PlaceList))
def listing(shelf: AShelf, actor: AnActor, days: Days = DAYS) -> Answer:
    """Every place with its sales, orders and visits of the newest days."""
    return Answer(shelf.places.listing(days=days, actor=actor))


@router.get("/{place_id:path}", **answers(PlaceDetails, 404))
def place(shelf: AShelf, actor: AnActor, place_id: PlaceId) -> Answer:
    """One place, where it is, and its floor."""
    found, floor = shelf.places.place(place_id, actor=actor)
    return Answer(PlaceDetails(place=found, floor=floor))
