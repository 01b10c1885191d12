"""Places have coordinates or none, and floors are what a tape measure would say: everything wrong is told at once."""

import pytest

from oneshelf.errors import InvalidInput
from oneshelf.words.places import FloorPlan, FloorZone, Place


def zone(name="Tea", x=0.0, y=0.0, width=4.0, depth=3.0, categories=()):
    return FloorZone(
        name=name,
        x_metres=x,
        y_metres=y,
        width_metres=width,
        depth_metres=depth,
        categories=tuple(categories),
    )


def test_zones_may_touch_and_leave_gaps():
    plan = FloorPlan(
        width_metres=10, depth_metres=6, zones=(zone(), zone("Milk", 4), zone("Till", 8, 4, 2, 2))
    )
    assert len(plan.zones) == 3


def test_everything_wrong_with_a_floor_is_told_at_once():
    with pytest.raises(InvalidInput) as refused:
        FloorPlan(
            width_metres=10,
            depth_metres=float("nan"),
            zones=(
                zone(categories=["tea", "milk"]),
                zone(x=2, categories=["tea"]),  # its name is taken, it lies over the first, tea stands twice
                zone("Wide", x=8, width=4),
                zone("Thin", width=0),
            ),
        )
    told = [(problem.at, problem.field) for problem in refused.value.problems]
    assert (0, "depth_metres") in told
    assert (1, "zones.1.name") in told
    assert (1, "zones.1.categories") in told
    assert (2, "zones.2.x_metres") in told
    assert (3, "zones.3.width_metres") in told
    assert (0, "zones.0") in told
    assert all(problem.remedy for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"latitude": 91.0, "longitude": 0.0}, "latitude"),
        ({"latitude": 0.0, "longitude": float("nan")}, "longitude"),
        ({"latitude": 1.0}, "longitude"),
    ],
)
def test_coordinates_that_are_nowhere_or_half_are_refused(given, field):
    with pytest.raises(InvalidInput) as refused:
        Place(id="a", name="A", time_zone="UTC", **given)
    assert refused.value.problems[0].field == field
