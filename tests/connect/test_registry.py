"""The one door for plug-ins."""

from importlib.metadata import EntryPoint

import pytest

from oneshelf.connect import registry
from oneshelf.connect.ports import Source
from oneshelf.connect.sources.completejourney import CompleteJourney
from oneshelf.errors import InvalidInput, NotFound, Unavailable


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """Stand in for what packages offer in their metadata."""
    here = "oneshelf.connect.sources.completejourney"
    points = {
        registry.SOURCES: {
            "completejourney": f"{here}:CompleteJourney",
            "broken": "no.such.module:Till",
            "wrong": "builtins:dict",
        },
        registry.CHANNELS: {"file": "oneshelf.connect.channels.file:FileChannel", "wrong": "builtins:dict"},
    }
    monkeypatch.setattr(
        registry,
        "entry_points",
        lambda group: [EntryPoint(name, value, group) for name, value in points[group].items()],
    )


def test_a_source_comes_through_the_door_with_its_options(journey_folder):
    source = registry.open_source("completejourney", folder=journey_folder)
    assert isinstance(source, Source)
    assert source.total() == 7


def test_an_unknown_name_is_answered_with_the_nearest_and_all_that_are_installed():
    with pytest.raises(NotFound) as refusal:
        registry.open_source("completejourny")
    assert "Did you mean completejourney?" in refusal.value.remedy
    assert registry.source_names() == ["broken", "completejourney", "wrong"]
    assert registry.channel_names() == ["file", "wrong"]


def test_a_plug_in_that_cannot_be_imported_is_named():
    with pytest.raises(Unavailable, match=r"no\.such\.module"):
        registry.open_source("broken")


def test_something_that_is_no_source_is_refused():
    with pytest.raises(Unavailable, match="does not make a source"):
        registry.open_source("wrong")
    with pytest.raises(Unavailable, match="does not make a channel"):
        registry.open_channel("wrong")


def test_a_source_may_not_write_under_our_own_name(journey_folder, monkeypatch):
    monkeypatch.setattr(CompleteJourney, "name", "oneshelf")
    with pytest.raises(InvalidInput, match="source = 'oneshelf'"):
        registry.open_source("completejourney", folder=journey_folder)
