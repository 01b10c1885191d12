"""Through which channel a tracked message came: what it says itself, else what its SDK, device or call gives away."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from oneshelf.words.places import Channel

#: Words that senders use for our channels. RudderStack's `server` says nothing about the person, so it is not among them.
_WORDS: Final[dict[str, Channel]] = {
    **dict.fromkeys(("store", "pos", "till", "in-store", "in_store", "offline", "retail"), "store"),
    **dict.fromkeys(("web", "online", "browser", "website"), "web"),
    **dict.fromkeys(("app", "mobile", "ios", "android"), "app"),
    **dict.fromkeys(("phone", "call-center", "call_center"), "phone"),
}

#: Parts of the names under which browser and mobile SDKs report themselves.
_WEB_LIBRARIES: Final = ("analytics.js", "analytics-next", "javascript", "ajs-")
_APP_LIBRARIES: Final = (
    "ios",
    "android",
    "swift",
    "kotlin",
    "react-native",
    "flutter",
    "unity",
    "maui",
    "xamarin",
)


class Evidence(NamedTuple):
    """What a message gives away of its channel without saying it."""

    call: str
    library: object
    app: object
    device: object
    page: bool
    visit: bool


def channel_of(told: Iterable[object], evidence: Evidence) -> Channel:
    """Return the first channel that is told in words, else the likeliest by the evidence, else `unknown`."""
    for word in told:
        if isinstance(word, str) and (channel := _WORDS.get(word.lower())) is not None:
            return channel
    return _of_library(_word(evidence.library, "name")) or _by_call(evidence)


def _by_call(evidence: Evidence) -> Channel:
    if evidence.call == "screen" or _WORDS.get(_word(evidence.device, "type")) == "app":
        return "app"
    if evidence.call == "page" or evidence.page:
        return "web"
    if evidence.app:
        return "app"
    return "store" if evidence.visit else "unknown"


def _word(part: object, name: str) -> str:
    word = part.get(name) if isinstance(part, dict) else None
    return word.lower() if isinstance(word, str) else ""


@lru_cache(maxsize=512)
def _of_library(name: str) -> Channel | None:
    if any(part in name for part in _WEB_LIBRARIES):
        return "web"
    return "app" if any(part in name for part in _APP_LIBRARIES) else None
