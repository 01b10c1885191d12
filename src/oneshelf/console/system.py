"""System: is all well, what is running, how large it has become, who works here and who looked at whom."""

from __future__ import annotations

from starlette.responses import Response

from oneshelf.console.visit import Visit


def system(visit: Visit) -> Response:
    """Health, jobs, tables, staff and the access log on one page."""
    visit.actor.require("system.read")
    system = visit.shelf.system
    checks = system.doctor(actor=visit.actor)
    manages = visit.actor.may("staff.manage")
    return visit.render(
        "system.html",
        health=system.health(visit.now),
        wrong=[check for check in checks if check.status != "ok"],
        fine=[check for check in checks if check.status == "ok"],
        tables=system.tables(actor=visit.actor),
        jobs=system.jobs(actor=visit.actor),
        staff=visit.shelf.staff.list(actor=visit.actor) if manages else None,
        log=visit.shelf.staff.access_log(actor=visit.actor, limit=30, after=visit.query("after") or None)
        if manages
        else None,
        after=visit.query("after"),
    )
