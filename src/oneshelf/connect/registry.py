"""The one public door for plug-ins: entry points. The built-in sources and channels come through it like a stranger's.

A package offers a source in its own `pyproject.toml`:

    [project.entry-points."oneshelf.sources"]
    mytill = "my_package.till:MyTill"

`MyTill(**options)` must give a `ports.Source`; group `oneshelf.channels` likewise gives a `ports.Channel`.
"""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points

from oneshelf.connect.ports import Channel, Source
from oneshelf.errors import NotFound, Unavailable
from oneshelf.events.envelope import check_source

SOURCES = "oneshelf.sources"
CHANNELS = "oneshelf.channels"


def source_names() -> list[str]:
    """The names of the installed sources."""
    return sorted(point.name for point in entry_points(group=SOURCES))


def channel_names() -> list[str]:
    """The names of the installed channels."""
    return sorted(point.name for point in entry_points(group=CHANNELS))


def open_source(name: str, **options: object) -> Source:
    """Make the source that is installed under `name`. Raises NotFound, Unavailable, or InvalidInput for a name that is kept."""
    made = _make(SOURCES, name, options)
    if not isinstance(made, Source):
        raise _not_a("source", name)
    check_source(made.name)
    return made


def open_channel(name: str, **options: object) -> Channel:
    """Make the channel that is installed under `name`. Raises NotFound or Unavailable."""
    made = _make(CHANNELS, name, options)
    if not isinstance(made, Channel):
        raise _not_a("channel", name)
    return made


def _make(group: str, name: str, options: dict[str, object]) -> object:
    factory = _find(group, name)
    try:
        make = factory.load()
    except (ImportError, AttributeError) as error:
        raise Unavailable(
            f"The plug-in {name} ({factory.value}) cannot be imported: {error}.",
            "Install what it needs, or remove it.",
        ) from error
    return make(**options)


def _find(group: str, name: str) -> EntryPoint:
    points = {point.name: point for point in entry_points(group=group)}
    if name in points:
        return points[name]
    near = difflib.get_close_matches(name, points, n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    kind = group.rpartition(".")[2]
    raise NotFound(
        f"None of the installed {kind} is called {name!r}.",
        f"{meant}Installed: {', '.join(sorted(points)) or 'none'}. A file needs its path and a mapping.",
    )


def _not_a(kind: str, name: str) -> Unavailable:
    return Unavailable(
        f"The plug-in {name} does not make a {kind}.",
        f"Its class must have what oneshelf.connect.ports.{kind.title()} names.",
    )
