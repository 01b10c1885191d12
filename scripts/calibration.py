"""Draw docs/images/value-calibration.svg from what benchmarks/value.py printed.

python benchmarks/value.py > found.json; python scripts/calibration.py found.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "docs" / "images" / "value-calibration.svg"
PANEL, GAP, MARGIN = 240, 56, 48
INK, SOFT, DOTS = "#1f2933", "#9aa5b1", "#2563eb"


def panel(title: str, points: Sequence[tuple[float, float]], left: int, top: int, unit: str) -> Iterator[str]:
    """One square: what was expected across, what happened upwards, and the line on which both are equal."""
    most = max(max(point) for point in points) * 1.05

    def at(value: float) -> float:
        return PANEL * value / most

    yield f'<g transform="translate({left},{top})">'
    yield f'<text x="0" y="-10" font-weight="600">{title}</text>'
    yield f'<rect width="{PANEL}" height="{PANEL}" fill="none" stroke="{SOFT}"/>'
    yield f'<line x1="0" y1="{PANEL}" x2="{PANEL}" y2="0" stroke="{SOFT}" stroke-dasharray="4 4"/>'
    yield from (
        f'<circle cx="{at(x):.1f}" cy="{PANEL - at(y):.1f}" r="4" fill="{DOTS}" fill-opacity="0.8"/>'
        for x, y in points
    )
    yield f'<text x="{PANEL}" y="{PANEL + 16}" text-anchor="end" fill="{INK}">expected across, happened upwards, both to {most:,.{0 if most > 10 else 2}f}{unit}</text>'
    yield "</g>"


def drawing(sets: dict[str, Any]) -> str:
    """A column a set: the chance of an order above, spend below, a dot for each tenth of the people."""
    width = MARGIN * 2 + len(sets) * PANEL + (len(sets) - 1) * GAP
    height = MARGIN * 2 + 2 * PANEL + GAP + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" role="img" '
        f'aria-label="What was expected of each tenth of the people, and what happened">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    for column, (name, found) in enumerate(sets.items()):
        left = MARGIN + column * (PANEL + GAP)
        for row, (key, what, unit, scale) in enumerate(
            (
                ("activity_by_tenth", "chance of an order", "", 1.0),
                ("spend_by_tenth", "spend", " (major units)", 0.01),
            )
        ):
            points = [(tenth["expected"] * scale, tenth["happened"] * scale) for tenth in found[key]]
            top = MARGIN + row * (PANEL + GAP)
            parts += panel(f"{name.split(',')[0]}: {what}", points, left, top, unit)
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Draw what the file given holds."""
    sets = json.loads(Path(sys.argv[1]).read_text().splitlines()[-1])["sets"]
    first: dict[str, Any] = {}
    for name, found in sets.items():
        first.setdefault(name.split(",")[0], found)
    TARGET.write_text(drawing(first))


if __name__ == "__main__":
    main()
