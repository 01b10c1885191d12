"""Offers: campaigns, sending one (tried first, confirmed in words), and what it caused."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
from markupsafe import Markup
from starlette.responses import Response

from oneshelf.app.people.tiers import TierMove
from oneshelf.console import draw
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.effect.sample_ratio import alarms
from oneshelf.errors import InvalidInput, OneShelfError

if TYPE_CHECKING:
    from oneshelf.app.offers.campaigns import SendReport
    from oneshelf.effect.estimate import Effect
    from oneshelf.insight.people.tiers import TierRule

_DAYS = (7, 14, 28, 56)
_NAME_MAX = 120
_SAMPLES_MAX = 6
#: What people bought before sending, as the page says it.
_GROUPS = {
    "nothing": mark("Bought nothing in the 56 days before"),
    "less than the mean": mark("Bought less than the mean buyer before"),
    "the mean or more": mark("Bought as the mean buyer before, or more"),
}
#: What names those whose tier moved, as the page of tiers hands it over.
_MOVED = ("entered", "left", "since")


def campaigns(visit: Visit) -> Response:
    """All campaigns, the newest first."""
    rows = sorted(visit.shelf.offers.campaigns(actor=visit.actor), key=lambda c: c.created_at, reverse=True)
    return visit.render("offers.html", campaigns=rows, may_send=visit.actor.may("offers.send"))


def campaign(visit: Visit) -> Response:
    """One campaign: who got it, who was held out, and the difference with its interval."""
    campaign_id = visit.request.path_params["campaign_id"]
    days = int(visit.query("days")) if visit.query("days") in map(str, _DAYS) else 28
    rows = visit.shelf.offers.campaigns(actor=visit.actor)
    effect = visit.shelf.offers.effect(campaign_id, days=days, actor=visit.actor)
    return visit.render(
        "campaign.html",
        campaign=next((row for row in rows if row.id == campaign_id), None), campaign_id=campaign_id, effect=effect, days=days,
        choices=_DAYS, claim=visit.reader.say(effect.claim), whisker=_whisker(visit, effect), missing=alarms(effect.sample_ratio_p), group=lambda name: visit.reader.text(_GROUPS[name]) if name in _GROUPS else name,
    )  # fmt: skip


def _whisker(visit: Visit, effect: Effect) -> Markup | None:
    sales = effect.sales
    if sales.adjusted is None or sales.always_low is None or sales.always_high is None:
        return None
    return _drawn(visit, sales.adjusted.difference, sales.always_low, sales.always_high, effect.currency)


def _drawn(visit: Visit, middle: float, low: float, high: float, currency: str) -> Markup:
    reach = max(abs(low), abs(high), 1) * 1.15
    values = {"middle": middle, "low": low, "high": high}
    shown = {name: visit.reader.money(value, currency, signed=True) for name, value in values.items()}
    label = visit.reader.text("Difference %(middle)s, interval %(low)s to %(high)s", **shown)
    return draw.whisker(draw.Scale(-reach, reach, 480, 10), low, middle, high, label, zero=True)


def compose(visit: Visit) -> Response:
    """The empty form of a new campaign."""
    visit.actor.require("offers.send")
    moved = {name: visit.query(name) for name in _MOVED}
    return _form(visit, {"name": "", "place": "", "holdout": "20", "limit": "3", "people": "", **moved})


def send(visit: Visit) -> Response:
    """Try first: a dry run shows what would be sent. Only a form that repeats the number sends it."""
    fields = {key: visit.field(key) for key in ("name", "place", "holdout", "limit", "people", *_MOVED)}
    sure = visit.field("step") == "send"
    try:
        draft = _draft(fields)
        preview = draft.send(visit, dry_run=True)
        if sure and re.sub(r"\D", "", visit.field("confirm")) == str(preview.offered):
            draft.send(visit, dry_run=False)
            return visit.to(f"/offers/{quote(draft.campaign_id)}")
    except InvalidInput as error:
        return _form(visit, fields, error=error, status=422)
    if not sure:
        return _form(visit, fields, preview=preview)
    message = visit.reader.text("Type the number of people to confirm: %(n)s.", n=preview.offered)
    return _form(visit, fields, preview=preview, message=message, status=422)


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A campaign as the form describes it, checked."""

    campaign_id: str
    name: str
    place: str | None
    people: tuple[str, ...] | None
    moved: TierMove | None
    holdout_share: float
    limit: int

    def send(self, visit: Visit, *, dry_run: bool) -> SendReport:
        """Send it, or only say what would be sent."""
        return visit.shelf.offers.send(
            self.campaign_id,
            name=self.name,
            place=self.place,
            people=self.people,
            moved=self.moved,
            holdout_share=self.holdout_share,
            limit=self.limit,
            dry_run=dry_run,
            actor=visit.actor,
        )


def _form(
    visit: Visit, fields: dict[str, str], *, preview: SendReport | None = None, error: OneShelfError | None = None,
    message: str = "", status: int = 200,
) -> Response:  # fmt: skip
    said = (visit.reader.say(error.cause), visit.reader.say(error.remedy)) if error else None
    samples = [
        (each.person_id, "; ".join(offer.name for offer in each.offers) or visit.reader.text("held out"))
        for each in (preview.sample[:_SAMPLES_MAX] if preview else ())
    ]
    titles = {rule.name: _tier(visit, rule) for rule in visit.shelf.tiers.rules()}
    return visit.render(
        "offer_new.html", status, f=fields, preview=preview, samples=samples, error=said, message=message,
        tier=lambda name: titles.get(name, name),
    )  # fmt: skip


def _tier(visit: Visit, rule: TierRule) -> str:
    return rule.title_zh or rule.title if visit.reader.language == "zh" else rule.title


def _draft(fields: dict[str, str]) -> Draft:
    """The form's text, checked; the campaign's id is made from its name."""
    if not 0 < len(fields["name"]) <= _NAME_MAX:
        raise InvalidInput.of(
            "name",
            fields["name"],
            "is not a usable name.",
            "Give the campaign a name of 1 to 120 characters.",
        )
    people = tuple(dict.fromkeys(re.split(r"[\s,;]+", fields["people"]))) if fields["people"] else None
    return Draft(
        campaign_id=slug(fields["name"]),
        name=fields["name"],
        place=fields["place"] or None,
        people=people,
        moved=_moved(fields),
        holdout_share=_whole(fields, "holdout", 1, 90) / 100,
        limit=_whole(fields, "limit", 1, 10),
    )


def _moved(fields: dict[str, str]) -> TierMove | None:
    entered, left, since = (fields[name] or None for name in _MOVED)
    if not entered and not left:
        return None
    try:
        return TierMove(entered=entered, left=left, since=date.fromisoformat(since or ""))
    except ValueError:
        raise InvalidInput.of("since", since or "", "is not a day.", "Write such as 2017-11-30.") from None


def _whole(fields: dict[str, str], name: str, low: int, high: int) -> int:
    text = fields[name]
    if text.isascii() and text.isdigit() and len(text) <= 6 and low <= int(text) <= high:
        return int(text)
    raise InvalidInput.of(name, text, "is out of range.", f"Write a whole number from {low} to {high}.")


def slug(name: str) -> str:
    """A campaign's id from its name: letters and digits of any script, joined by hyphens."""
    return "-".join(re.findall(r"\w+", name.casefold()))[:80] or "campaign"
