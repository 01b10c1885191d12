"""Same person? Pairs side by side with their evidence, and the two buttons that decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from oneshelf.console.visit import Visit
from oneshelf.console.words import mark
from oneshelf.errors import Conflict, InvalidInput, NotAllowed, NotFound

if TYPE_CHECKING:
    from oneshelf.app.people.matching import Pair

#: Each pair is two looks at people, so that a page shows few.
_PAGE = 5

#: Fields of a record as people say them.
FIELDS = {
    "given_name": mark("Given name"),
    "surname": mark("Surname"),
    "birth_date": mark("Birth date"),
    "street": mark("Street"),
    "street_2": mark("Address, second line"),
    "postcode": mark("Postcode"),
    "city": mark("City"),
    "phone": mark("Phone"),
    "email": mark("E-mail"),
    "national_id": mark("National id"),
}

VERDICTS = {
    "same": mark("same"),
    "similar": mark("similar"),
    "different": mark("different"),
    "unknown": mark("unknown"),
}

_DONE = {"accepted": mark("Joined: they are one person now."), "refused": mark("Kept apart for good.")}


def candidates(visit: Visit) -> Response:
    """The pairs that wait, the most probable first."""
    page = visit.shelf.matching.list(actor=visit.actor, limit=_PAGE, after=visit.query("after") or None)
    done = visit.query("done")
    return visit.render(
        "candidates.html",
        total=page.total,
        pairs=[shown for one in page.items if (shown := _pair(visit, one.id)) is not None],
        next=page.next,
        after=visit.query("after"),
        crowded=visit.shelf.matching.crowded(actor=visit.actor),
        may_decide=visit.actor.may("people.join"),
        done=visit.reader.text(_DONE[done]) if done in _DONE else "",
    )


def decide(visit: Visit) -> Response:
    """Accept or refuse one pair, and go on with the next."""
    chosen = visit.field("decision")
    if chosen not in ("accept", "refuse"):
        raise InvalidInput.of("decision", chosen, "is not a decision.", "Use the buttons of the page.")
    deciding = visit.shelf.matching.accept if chosen == "accept" else visit.shelf.matching.refuse
    decided = deciding(visit.request.path_params["candidate_id"], actor=visit.actor)
    return visit.to(f"/people/candidates?done={decided.status}")


def _pair(visit: Visit, candidate_id: str) -> dict[str, Any] | None:
    try:
        pair = visit.shelf.matching.show(candidate_id, actor=visit.actor)
    except (NotFound, NotAllowed, Conflict):
        return None  # gone between the list and the look
    return {
        "it": pair.candidate,
        "sides": (pair.a, pair.b),
        "rows": [
            (
                visit.reader.text(FIELDS[each.field]),
                *_values(pair, each.field),
                each,
                visit.reader.text(VERDICTS[each.verdict]),
            )
            for each in pair.candidate.evidence
            if each.verdict != "unknown" or any(_values(pair, each.field))
        ],
    }


def _values(pair: Pair, field: str) -> tuple[str, str]:
    """What both wrote; a whole name stands under the given name where it was not told apart."""
    a, b = (side.written.get(field, "") for side in (pair.a, pair.b))
    if field == "given_name":
        a, b = (value or side.written.get("name", "") for value, side in ((a, pair.a), (b, pair.b)))
    return a, b
