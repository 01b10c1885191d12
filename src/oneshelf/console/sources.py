"""Sources: what arrives, how far behind we are, and what was refused and why."""

from __future__ import annotations

from starlette.responses import Response

from oneshelf.console.visit import Visit

_LIST_LENGTH = 50


def sources(visit: Visit) -> Response:
    """What arrives, and the events that were refused."""
    source = visit.query("source") or None
    rejects = visit.shelf.sources.rejects(
        actor=visit.actor, source=source, limit=_LIST_LENGTH, after=visit.query("after") or None
    )
    return visit.render(
        "sources.html",
        sources=visit.shelf.sources.summary(actor=visit.actor),
        rejects=rejects,
        said={r.id: (visit.reader.say(r.cause), visit.reader.say(r.remedy)) for r in rejects.items},
        source=source,
        health=visit.shelf.system.health(visit.now),
        may_replay=visit.actor.may("sources.replay"),
        replayed=visit.query("replayed"),
        bad=visit.query("bad"),
    )


def replay(visit: Visit) -> Response:
    """Judge the chosen refused events again, after their cause was put right."""
    ids = [value for value in visit.form.getlist("id") if isinstance(value, str)]
    report = visit.shelf.sources.replay(ids, actor=visit.actor, dry_run=False)
    return visit.to(f"/sources?replayed={report.replayed}&bad={report.still_bad}#rejects")
