"""Places: where it happens. A store is always a shop."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations
from typing import Final, Literal

import msgspec

from oneshelf.errors import InvalidInput, Problem, brief
from oneshelf.words.ids import Id
from oneshelf.words.time import zone

Channel = Literal["store", "web", "app", "phone", "unknown"]

#: No floor is longer than this, and none has more zones.
FLOOR_METRES_MAX: Final = 2_000.0
ZONES_MAX: Final = 500

#: Zones may touch, and overlap by what a tape measure is off.
_TOUCH_METRES: Final = 0.01


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shop, a web shop or a warehouse. Its time zone decides its business day.

    `latitude` and `longitude` are in degrees (WGS 84), both or neither.
    """

    id: Id
    name: str
    kind: Literal["store", "web", "warehouse"] = "store"
    time_zone: str
    latitude: float | None = None
    longitude: float | None = None

    def __post_init__(self) -> None:
        zone(self.time_zone)
        for field, value, most in (("latitude", self.latitude, 90), ("longitude", self.longitude, 180)):
            if value is not None and not -most <= value <= most:
                raise InvalidInput.of(
                    field, value, "is nowhere on earth.", f"Give degrees from -{most} to {most}."
                )
        if (self.latitude is None) != (self.longitude is None):
            missing = "latitude" if self.latitude is None else "longitude"
            raise InvalidInput.of(missing, None, "is missing beside the other one.", "Give both, or neither.")


class FloorZone(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rectangle of a floor, in metres from its north-west corner: right is `x`, down is `y`. What stands there, by category."""

    name: str
    x_metres: float
    y_metres: float
    width_metres: float
    depth_metres: float
    categories: tuple[str, ...] = ()


class FloorPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The floor of a store. Raises InvalidInput with everything that is wrong with it at once."""

    width_metres: float
    depth_metres: float
    zones: tuple[FloorZone, ...]

    def __post_init__(self) -> None:
        problems = [
            Problem(at=at, field=field, value=brief(value), cause=cause, remedy=remedy)
            for at, field, value, cause, remedy in (*_sizes(self), *_doubles(self), *_overlaps(self))
        ]
        if problems:
            raise InvalidInput("The floor plan cannot be used.", problems[0].remedy, problems=problems)


_Wrong = tuple[int, str, object, str, str]


def _sizes(plan: FloorPlan) -> Iterator[_Wrong]:
    most = f"Give more than 0 and at most {FLOOR_METRES_MAX:g} metres."
    for field in ("width_metres", "depth_metres"):
        if not 0 < getattr(plan, field) <= FLOOR_METRES_MAX:
            yield 0, field, getattr(plan, field), "is no size of a floor.", most
    if not 0 < len(plan.zones) <= ZONES_MAX:
        yield 0, "zones", len(plan.zones), "is no number of zones.", f"Give 1 to {ZONES_MAX}."
    for at, zone_ in enumerate(plan.zones):
        for side, start, size, whole in (
            ("width_metres", zone_.x_metres, zone_.width_metres, plan.width_metres),
            ("depth_metres", zone_.y_metres, zone_.depth_metres, plan.depth_metres),
        ):
            if not (size > 0 and math.isfinite(size)):
                yield at, f"zones.{at}.{side}", size, "is no size of a zone.", "Give more than 0 metres."
            elif not (start >= -_TOUCH_METRES and start + size <= whole + _TOUCH_METRES):
                where = f"zones.{at}.{'x' if side == 'width_metres' else 'y'}_metres"
                yield (
                    at,
                    where,
                    start,
                    "puts the zone outside of the floor.",
                    f"The floor ends at {whole:g} metres.",
                )


def _doubles(plan: FloorPlan) -> Iterator[_Wrong]:
    names: set[str] = set()
    categories: set[str] = set()
    for at, zone_ in enumerate(plan.zones):
        if not zone_.name.strip() or zone_.name in names:
            yield (
                at,
                f"zones.{at}.name",
                zone_.name,
                "is empty or taken.",
                "Give every zone a name of its own.",
            )
        names.add(zone_.name)
        for category in zone_.categories:
            if category in categories:
                yield (
                    at, f"zones.{at}.categories", category, "stands in two zones.",
                    "Name a category once, where most of it stands: its figures cannot be divided.",
                )  # fmt: skip
            categories.add(category)


def _overlaps(plan: FloorPlan) -> Iterator[_Wrong]:
    if len(plan.zones) > ZONES_MAX:
        return
    for (at, one), (_, other) in combinations(enumerate(plan.zones), 2):
        wide = min(one.x_metres + one.width_metres, other.x_metres + other.width_metres) - max(
            one.x_metres, other.x_metres
        )
        deep = min(one.y_metres + one.depth_metres, other.y_metres + other.depth_metres) - max(
            one.y_metres, other.y_metres
        )
        if wide > _TOUCH_METRES and deep > _TOUCH_METRES:
            yield at, f"zones.{at}", one.name, f"lies over the zone {other.name!r}.", "Move one of them."
