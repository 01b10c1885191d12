"""Drawings that the server makes: sparklines, whiskers and the wheel's geometry, as inline SVG without styles of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup


def spark_points(values: Sequence[float], width: float, height: float, pad: float = 2) -> str:
    """The points of a sparkline in a box; flat values run through the middle."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    step = (width - 2 * pad) / max(1, len(values) - 1)
    flat = high == low
    return " ".join(
        f"{pad + i * step:.1f},{height / 2 if flat else height - pad - (v - low) / span * (height - 2 * pad):.1f}"
        for i, v in enumerate(values)
    )


def spark(values: Sequence[float], label: str, width: int = 120, height: int = 28) -> Markup:
    """A sparkline with its newest value as a dot; empty without values."""
    if not values:
        return Markup("")
    points = spark_points(values, width, height)
    x, y = points.rsplit(" ", 1)[-1].split(",")
    return Markup(
        '<svg class="spark" role="img" aria-label="{}" width="{}" height="{}" viewBox="0 0 {} {}">'
        '<polyline points="{}"/><circle cx="{}" cy="{}" r="2"/></svg>'
    ).format(label, width, height, width, height, points, x, y)


class Scale(NamedTuple):
    """A linear scale from values to pixels."""

    low: float
    high: float
    width: int
    pad: int = 6

    def __call__(self, value: float) -> float:
        """Pixels from the left; values beyond the scale stay at its ends."""
        span = (self.high - self.low) or 1.0
        share = min(1.0, max(0.0, (value - self.low) / span))
        return self.pad + share * (self.width - 2 * self.pad)


def whisker(
    scale: Scale,
    low: float,
    middle: float,
    high: float,
    label: str,
    *,
    mark: float | None = None,
    zero: bool = False,
) -> Markup:
    """An interval as a whisker with its middle as a dot; an end beyond the scale is drawn open.

    `mark` is a triangle below it (last week); `zero` draws the zero line.
    """
    height, y = 22, 11
    parts = []
    if zero:
        x = f"{scale(0):.1f}"
        parts.append(Markup('<line class="zero" x1="{}" x2="{}" y1="0" y2="{}"/>').format(x, x, height))
    a, b, m = (f"{scale(value):.1f}" for value in (low, high, middle))
    ends = [f"M{x} {y - 4}V{y + 4}" for x, value in ((a, low), (b, high)) if scale.low <= value <= scale.high]
    path = f"M{a} {y}H{b}{''.join(ends)}"
    parts.append(
        Markup('<path class="whisker" d="{}"/><circle class="middle" cx="{}" cy="{}" r="3.5"/>').format(
            path, m, y
        )
    )
    if mark is not None:
        parts.append(Markup('<path class="mark" d="M{:.1f} {}l4 7h-8z"/>').format(scale(mark), y + 3))
    return Markup(
        '<svg class="interval" role="img" aria-label="{}" width="{w}" height="{h}" viewBox="0 0 {w} {h}">{body}</svg>'
    ).format(label, w=scale.width, h=height, body=Markup("").join(parts))


class Zone(NamedTuple):
    """A rectangle of a floor in metres, what stands there, and its figure as text and as the number that colours it."""

    x: float
    y: float
    width: float
    depth: float
    name: str
    shown: str
    value: float | None


#: Pixels of a floor's drawing before it is scaled to the page, and the steps of colour.
_FLOOR_WIDTH, _STEPS = 960, 5


def floor(width: float, depth: float, zones: Sequence[Zone]) -> Markup:
    """A floor seen from above: each zone is the deeper green the larger its figure; without one it is hatched by its outline only.

    A zone's name and figure stand in it where there is room; its title says both.
    """
    scale = _FLOOR_WIDTH / width
    largest = max((zone.value for zone in zones if zone.value is not None), default=0.0)
    parts = [
        Markup('<rect class="walls" x="1" y="1" width="{:.1f}" height="{:.1f}"/>').format(
            width * scale - 2, depth * scale - 2
        )
    ]
    for zone in zones:
        x, y, w, h = (round(length * scale, 1) for length in (zone.x, zone.y, zone.width, zone.depth))
        step = None if zone.value is None else _step(zone.value, largest)
        room = int((w - 12) / 9)  # letters of the drawing's type, nearly
        name = zone.name if len(zone.name) <= room else f"{zone.name[: room - 1]}…"
        words = (
            Markup('<text x="{x}" y="{y}">{name}</text><text class="figure" x="{x}" y="{below}">{shown}</text>').format(
                x=round(x + w / 2, 1), y=round(y + h / 2 - 4, 1), below=round(y + h / 2 + 16, 1), name=name, shown=zone.shown
            )
            if h >= 44 and room >= max(4, len(zone.shown))
            else Markup("")
        )  # fmt: skip
        parts.append(
            Markup('<g class="zone {c}"><title>{name}: {shown}</title><rect x="{x}" y="{y}" width="{w}" height="{h}"/>{words}</g>').format(
                c="none" if step is None else f"heat-{step}", name=zone.name, shown=zone.shown, x=x, y=y, w=w, h=h, words=words
            )
        )  # fmt: skip
    return Markup('<svg class="floor" viewBox="0 0 {} {:.0f}" aria-hidden="true">{}</svg>').format(
        _FLOOR_WIDTH, depth * scale, Markup("").join(parts)
    )


def _step(value: float, largest: float) -> int:
    return 0 if largest <= 0 or value <= 0 else min(_STEPS, math.ceil(value / largest * _STEPS))


class Ring(NamedTuple):
    """Where the wheel's stations sit: centres of five blocks on an ellipse, and the arrows between them."""

    width: int
    height: int
    centres: tuple[tuple[float, float], ...]
    path: str
    arrows: tuple[str, ...]


def ring(width: int, height: int, rx: float, ry: float, angles: Sequence[float]) -> Ring:
    """Place stations on an ellipse at the angles (degrees, clockwise from the top); arrows sit midway between neighbours."""
    cx, cy = width / 2, height / 2

    def at(angle: float) -> tuple[float, float]:
        turn = math.radians(angle)
        return cx + rx * math.sin(turn), cy - ry * math.cos(turn)

    arrows = []
    for index, angle in enumerate(angles):
        following = angles[(index + 1) % len(angles)]
        middle = (angle + (following if following > angle else following + 360)) / 2
        x, y = at(middle)
        turn = math.radians(middle)
        heading = math.degrees(math.atan2(ry * math.sin(turn), rx * math.cos(turn)))
        arrows.append(f"translate({x:.1f} {y:.1f}) rotate({heading:.1f})")
    path = f"M{cx} {cy - ry}A{rx} {ry} 0 1 1 {cx - 0.01} {cy - ry}Z"
    return Ring(
        width, height, tuple((round(x, 1), round(y, 1)) for x, y in map(at, angles)), path, tuple(arrows)
    )


#: The wheel on a desk and on a phone; the style sheet puts the stations' words at the same angles.
WIDE = ring(1000, 480, 370, 168, (0, 66, 133, 227, 294))
NARROW = ring(358, 540, 130, 205, (0, 66, 142, 218, 294))
