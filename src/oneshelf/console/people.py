"""People: search, one person's portrait, and the search box over people and products."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from oneshelf.console import charts
from oneshelf.console.happenings import CHANNELS, happening
from oneshelf.console.portrait import figures
from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.errors import NotAllowed, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from oneshelf.decisions.offers import Why
    from oneshelf.insight.people.portrait import Portrait

#: Why something is offered, by the kind of reason.
_REASONS = {
    "bought": mark("In %(n)s baskets, last %(ago)s"),
    "favourited": mark("Marked as a favourite %(ago)s, not bought since"),
    "searched": mark("Searched “%(query)s” %(ago)s, nothing like it bought since"),
}

_LIST_LENGTH = 50
_CATEGORIES_MAX = 8


def people(visit: Visit) -> Response:
    """The list of people, the biggest spenders first, searched by the beginning of an identifier."""
    text = visit.query("q")
    found = visit.shelf.people.search(
        text, actor=visit.actor, limit=_LIST_LENGTH, after=visit.query("after") or None
    )
    return visit.render("people.html", found=found, q=text, after=visit.query("after"))


def person(visit: Visit) -> Response:
    """One person: figures, habits, offers and timeline. Looking is written into the access log by the shelf."""
    person_id = visit.request.path_params["person_id"]
    portrait = visit.shelf.people.portrait(person_id, actor=visit.actor)
    timeline = visit.shelf.people.timeline(person_id, actor=visit.actor, limit=30)
    return visit.render(
        "person.html",
        p=portrait,
        groups=figures(visit, portrait),
        tier=_tier(visit, portrait),
        timeline=[happening(visit, each) for each in timeline],
        offers=_offers(visit, person_id),
        channels={key: visit.reader.text(name) for key, name in CHANNELS.items()},
        categories=_categories(visit, portrait),
        mix=_mix(visit, portrait),
        charts=bool(portrait.favourite_categories or portrait.channel_mix),
    )


def _tier(visit: Visit, portrait: Portrait) -> str | None:
    """The title of the person's tier; its bare name where the rules know it no more."""
    if portrait.tiered is None:
        return None
    rule = {rule.name: rule for rule in visit.shelf.tiers.rules()}.get(portrait.tiered.tier)
    if rule is None:
        return portrait.tiered.tier
    return rule.title_zh or rule.title if visit.reader.language == "zh" else rule.title


def _offers(visit: Visit, person_id: str) -> list[tuple[object, str]]:
    if not visit.actor.may("offers.read"):
        return []
    try:
        offers = visit.shelf.offers.for_person(person_id, actor=visit.actor, limit=6)
    except NotFound:
        return []
    return [(offer, reason(visit, offer.why)) for offer in offers]


def reason(visit: Visit, whys: Sequence[Why]) -> str:
    """The strongest two reasons for an offer, in the reader's words."""
    said = [
        visit.reader.text(
            _REASONS[why.kind], ago=_ago(visit, why.days), n=visit.reader.number(why.baskets), query=why.query
        )
        for why in whys[:2]
    ]
    return visit.reader.text("; ").join(said)


def _ago(visit: Visit, days: int) -> str:
    return (
        visit.reader.text("today")
        if days == 0
        else visit.reader.plural("%(n)s day ago", "%(n)s days ago", days)
    )


def _categories(visit: Visit, portrait: Portrait) -> charts.Figure | None:
    rows = portrait.favourite_categories[:_CATEGORIES_MAX]
    if not rows:
        return None
    return charts.bars(
        [row.name for row in rows],
        [row.share for row in rows],
        [visit.reader.percent(row.share) for row in rows],
    )


def _mix(visit: Visit, portrait: Portrait) -> charts.Figure | None:
    mix = portrait.channel_mix
    totals = {what: sum(getattr(c, what) for c in mix) for what in ("orders", "visits")}
    names = {"orders": visit.reader.text("Orders"), "visits": visit.reader.text("Visits")}
    rows = []
    for what, total in totals.items():
        if total:
            shares = [getattr(c, what) / total for c in mix]
            rows.append(
                (
                    names[what],
                    shares,
                    [visit.reader.percent(share) if share >= 0.08 else "" for share in shares],
                )
            )
    if not rows:
        return None
    return charts.shares(rows, [visit.reader.text(CHANNELS.get(c.channel, c.channel)) for c in mix])


def search(visit: Visit) -> Response:
    """The search box: people by identifier, products by name or id; each only if the role covers it."""
    text = visit.query("q")
    found_people, found_products = None, None
    if text:
        if visit.actor.may("people.read"):
            found_people = visit.shelf.people.search(text, actor=visit.actor, limit=8)
        try:
            found_products = visit.shelf.goods.catalogue.listing(text, limit=20, actor=visit.actor).items
        except NotAllowed:
            found_products = None
    return visit.render("search.html", q=text, searched=text, people=found_people, products=found_products)
