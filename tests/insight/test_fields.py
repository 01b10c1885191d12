"""The one list of a portrait's fields."""

import pytest

from oneshelf.errors import InvalidInput
from oneshelf.events.catalogue import KINDS
from oneshelf.insight.people.fields import CHANNELS, DAYPARTS, FIELDS, field_named


def test_every_field_is_named_once_and_says_how_it_is_computed_and_of_what():
    for name, field in FIELDS.items():
        assert field.name == name
        assert field.title
        assert field.formula.endswith(".")
        assert set(field.enters) <= KINDS.keys()
        assert field.enters or name == "person_id"
    assert {f"orders_{channel}" for channel in CHANNELS} <= FIELDS.keys()


def test_the_parts_of_a_day_follow_one_another():
    hours = list(DAYPARTS.values())
    assert hours == sorted(hours)
    assert all(0 <= hour < 24 for hour in hours)


def test_an_unknown_field_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInput, match="recency_days"):
        field_named("recency")
