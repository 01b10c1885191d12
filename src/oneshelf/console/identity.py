"""Who is this? A person's identifiers, why each is theirs, and the form that takes a join back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.responses import Response

from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.words.people import kind_of

if TYPE_CHECKING:
    from oneshelf.app.people.identity import Reason

#: Kinds of identifiers as people say them.
KINDS = {
    "user": mark("member"),
    "card": mark("card"),
    "email": mark("mailbox"),
    "phone": mark("phone number"),
    "payment": mark("means of payment"),
    "anonymous": mark("browser or app"),
    "device": mark("device"),
}

_ACTIONS = {
    "joined": mark("Joined"),
    "parted": mark("Parted"),
    "refused": mark("Not joined"),
    "shared": mark("Shared: nobody's"),
}

#: What a rule says of itself, by its reason.
_RULES = {
    "joined": mark("One event carried both."),
    "parted": mark("The identifier is shared by too many people."),
    "limit": mark("It would give one person too many of a kind: %(kind)s."),
    "size": mark("The person has too many identifiers already."),
}

_SHARED = mark("Claimed by %(n)s people.")


def identity(visit: Visit) -> Response:
    """Every identifier of a person, with the reason log."""
    return _page(visit, visit.request.path_params["person_id"])


def undo(visit: Visit) -> Response:
    """Take a join back."""
    person_id = visit.request.path_params["person_id"]
    if not visit.field("reason"):
        return _page(visit, person_id, message=visit.reader.text("Say why, in a few words."), status=422)
    kept = visit.shelf.identity.undo(visit.field("join"), reason=visit.field("reason"), actor=visit.actor)
    return visit.to(f"/people/{quote(kept)}/identity")


def _page(visit: Visit, person_id: str, *, message: str = "", status: int = 200) -> Response:
    found = visit.shelf.identity.of(person_id, actor=visit.actor)
    return visit.render(
        "identity.html",
        status,
        it=found,
        identifiers=[(one, visit.reader.text(KINDS[kind_of(one)])) for one in found.identifiers],
        reasons=[
            (reason, visit.reader.text(_ACTIONS[reason.action]), _said(visit, reason))
            for reason in found.reasons
        ],
        may_decide=visit.actor.may("people.join"),
        message=message,
    )


def _said(visit: Visit, reason: Reason) -> str:
    """Why, in the reader's words where a rule decided, in the decider's own otherwise."""
    if reason.decided_by != "rule":
        return reason.reason
    head, _, rest = reason.reason.partition(" ")
    if reason.action == "refused":
        kind = visit.reader.text(KINDS[rest]) if rest in KINDS else ""
        return visit.reader.text(_RULES[head], kind=kind) if head in _RULES else reason.reason
    if reason.action == "shared":
        return visit.reader.text(_SHARED, n=head)
    return visit.reader.text(_RULES[reason.action])
