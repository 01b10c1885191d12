"""The demo: one turn of the wheel on the Complete Journey year, ending with the console open.

The year is loaded up to a day in December; offers are decided and sent then, knowing nothing of what follows; the four weeks that
follow arrive; the effect is measured. Nobody ever received these offers, so a sound method must find no effect: it is a check
on ourselves, and the console says so.
"""

from __future__ import annotations

import secrets
import time
import webbrowser
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Final

from oneshelf.app.build import open_shelf
from oneshelf.app.core import utc_now
from oneshelf.app.offers import delivery
from oneshelf.app.people import portraits
from oneshelf.app.people.nightly import nights
from oneshelf.app.running.demo_check import check
from oneshelf.app.running.serve import serve
from oneshelf.app.settings import SETTINGS_FILE
from oneshelf.app.shelf import Shelf
from oneshelf.words.time import zone

FOLDER: Final = Path("demo-data")
STAFF: Final = "demo"
CAMPAIGN: Final = "december-favourites"
AUDIENCE: Final = "loyal and slipping"
AUDIENCE_IS: Final = "frequency >= 12 and recency_days > 28 and p_active < 0.9"

ZONE: Final = "America/New_York"
#: The last day that is known when offers are sent, and the moment of sending.
KNOWN_UNTIL: Final = date(2017, 12, 3)
SENT_AT: Final = datetime(2017, 12, 4, 7, tzinfo=zone(ZONE))

_SETTINGS: Final = """\
# Made by `oneshelf demo`: a year of a US grocer, looked at on the morning after it.
time_zone = "America/New_York"
currency = "USD"
clock = 2018-01-01T09:00:00-05:00
"""

Say = Callable[[str], None]


def run(data: Path | None, *, headless: bool, say: Say) -> None:
    """Prepare the folder (what is there already is kept), then serve it; `headless` checks the pages instead and ends."""
    folder = data or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / SETTINGS_FILE).exists():
        (folder / SETTINGS_FILE).write_text(_SETTINGS)
    with open_shelf(folder) as shelf:
        turn(shelf, say)
        password = _sign_in_for_demo(shelf)
        if headless:
            check(shelf, STAFF, password, CAMPAIGN, say)
            return
        address = f"http://{shelf.settings.host}:{shelf.settings.port}"
        say(f"\nThe console is open on {address}  (sign in as {STAFF} with {password})")
        say(
            "Look at the ring on Today, at Tiers for who is worth what, at Trends for what became of earlier flags and Forecasts for "
            "what comes, then at Offers for an effect that claims nothing."
        )
        say(
            "Receipts: Complete Journey, by its authors' word simulated on real shopping patterns. Ctrl-C ends it."
        )
        webbrowser.open(address)
        serve(shelf, host=shelf.settings.host, port=shelf.settings.port, worker=True)


def turn(shelf: Shelf, say: Say) -> None:
    """One turn of the wheel. Doing it again finds everything done."""
    with _Step(say, f"Receipts up to {KNOWN_UNTIL}") as step:
        step.done(_count(shelf.load("completejourney", until=KNOWN_UNTIL).events, "events"))
        shelf.catch_up()
    with _Step(say, "What receipts lack, simulated") as step:
        step.done(_count(shelf.simulate().events, "events, each marked"))
        shelf.catch_up()
    if not any(campaign.id == CAMPAIGN for campaign in shelf.offers.campaigns()):
        with _Step(say, f"Offers of {SENT_AT:%Y-%m-%d}") as step:
            sent = shelf.offers.send(CAMPAIGN, name="December favourites", now=SENT_AT)
            step.done(f"{sent.offered:,} offers, {sent.held_out:,} people held out")
            delivery.deliver(shelf.core, utc_now())
    with _Step(say, "The four weeks that followed") as step:
        step.done(_count(shelf.load("completejourney").events + shelf.simulate().events, "events"))
        shelf.catch_up()
    with _Step(say, "What product groups will sell, by methods that need no trees") as step:
        made = shelf.goods.forecasts.run(products=False, boost=False)
        step.done(f"{sum(made.series.values()):,} groups for 28 days after {made.as_of}")
    with _Step(say, "The plan for the next day") as step:
        plan = shelf.goods.plans.make()
        step.done(f"{plan.lines:,} product types for {plan.for_day}")
    with _Step(say, "Everybody's portrait, tier and expectations") as step:
        today = shelf.core.today()
        if today in nights(shelf.core):
            step.done("already here")
        else:
            step.done(f"{portraits.run(shelf.core, shelf.core.now()).people:,} people")
            shelf.catch_up()
        if not any(known.name == AUDIENCE for known in shelf.audiences.list()):
            shelf.audiences.save(AUDIENCE, AUDIENCE_IS)
    with _Step(say, f"What rises now, and what rose by {KNOWN_UNTIL}") as step:
        step.done(_rising(shelf))
    with _Step(say, "The effect of the offers") as step:
        step.done(shelf.offers.effect(CAMPAIGN).claim)


def _rising(shelf: Shelf) -> str:
    """Search for trends on the day of the offers and four weeks later, when it is known what became of the first."""
    if not any(record.measured for record in shelf.trends.records()):
        shelf.trends.run(KNOWN_UNTIL)
        shelf.trends.run()
    night = shelf.trends.night()
    measured = sum(record.measured for record in shelf.trends.records())
    went_on = sum(record.went_on for record in shelf.trends.records())
    return f"{night.certain} of {night.series:,} series beyond chance; of {measured} earlier flags {went_on} went on rising"


class _Step:
    """One line of the demo: what is done, what came of it, how long it took."""

    def __init__(self, say: Say, what: str) -> None:
        self._say = say
        self._what = what
        self._result = ""

    def done(self, result: str) -> None:
        self._result = result

    def __enter__(self) -> _Step:
        self._started = time.monotonic()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._say(f"{self._what}: {self._result} ({time.monotonic() - self._started:.0f} s)")


def _count(events: int, what: str) -> str:
    return f"{events:,} {what}" if events else "already here"


def _sign_in_for_demo(shelf: Shelf) -> str:
    """An admin for this demo, with a new password each time."""
    password = secrets.token_urlsafe(9)
    if any(member.name == STAFF for member in shelf.staff.list()):
        shelf.staff.set_password(STAFF, password)
    else:
        shelf.staff.create(STAFF, password, "admin")
    return password
