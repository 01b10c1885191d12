"""Recommendations: how good each method would have been on the shop's own history."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from oneshelf.app.core import Core
from oneshelf.app.people.audience_files import write_new
from oneshelf.app.recommend.reading import read_baskets
from oneshelf.decisions.recommend.evaluate import Protocol, RecommendReport, evaluate
from oneshelf.decisions.recommend.report import kind_of, written
from oneshelf.errors import InvalidInput
from oneshelf.trust.access import OPERATOR, Actor
from oneshelf.words.time import check_day


class Recommendations:
    """Use cases about recommendation."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def evaluate(
        self,
        *,
        protocol: Protocol = "by-date",
        cut: date | None = None,
        report: Path | str | None = None,
        actor: Actor = OPERATOR,
    ) -> RecommendReport:
        """Score every method by a published next-basket protocol on the shop's own orders.

        By date, `cut` is the first day that is not known; without one, 28 days before the newest order. With `report` also written to a new
        file, .json, .md or .html. Raises NotFound when nobody's next basket is known,
        InvalidInput for a day outside the calendar, a cut of the other protocol, or a file of another kind, NotAllowed when the role does not cover people everywhere.
        """
        actor.require_everywhere("people.read")
        if cut is not None:
            check_day(cut, "cut")
            if protocol != "by-date":
                raise InvalidInput.of(
                    "cut", cut.isoformat(), "cuts nothing by last baskets.", "Leave it out."
                )
        kind = None if report is None else kind_of(Path(report))
        if report is not None and Path(report).exists():  # before the long work, not after it
            raise InvalidInput.of("report", str(report), "is there already.", "Choose another name.")
        baskets, types = read_baskets(self._core)
        found = evaluate(baskets, types, protocol=protocol, cut=cut)
        if report is not None and kind is not None:
            write_new(Path(report), written(found, kind).encode())
        return found
