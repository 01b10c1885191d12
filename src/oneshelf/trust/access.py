"""Access: may this role do this, and at which places?"""

from __future__ import annotations

from typing import Literal

import msgspec

from oneshelf.errors import NotAllowed

Role = Literal["analyst", "marketer", "planner", "store", "admin"]

Action = Literal[
    "people.read",
    "people.join",
    "audiences.save",
    "catalogue.edit",
    "plan.read",
    "stock.read",
    "stock.change",
    "plan.edit",
    "plan.approve",
    "offers.read",
    "offers.send",
    "sources.read",
    "sources.replay",
    "system.read",
    "staff.manage",
]

#: What each role comes for. The admin may do everything.
_MAY: dict[Role, frozenset[Action]] = {
    "analyst": frozenset(
        (
            "people.read",
            "people.join",
            "audiences.save",
            "plan.read",
            "stock.read",
            "offers.read",
            "sources.read",
            "system.read",
        )
    ),
    "marketer": frozenset(
        ("people.read", "audiences.save", "stock.read", "offers.read", "offers.send", "sources.read")
    ),
    "planner": frozenset(
        (
            "catalogue.edit",
            "plan.read",
            "plan.edit",
            "plan.approve",
            "stock.read",
            "stock.change",
            "sources.read",
        )
    ),
    "store": frozenset(("people.read", "stock.read", "stock.change", "offers.read")),
}


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking. `places` empty means every place."""

    name: str
    role: Role
    places: tuple[str, ...] = ()

    def may(self, action: Action) -> bool:
        """Whether the role covers the action."""
        return self.role == "admin" or action in _MAY[self.role]

    def may_at(self, place_id: str) -> bool:
        """Whether the place is among the actor's own."""
        return not self.places or place_id in self.places

    def require(self, action: Action, place_id: str | None = None) -> None:
        """Raise NotAllowed unless the actor may do this, here."""
        if not self.may(action):
            raise NotAllowed(
                f"The role {self.role} does not cover {action}.",
                "Ask an admin for another role, or to do it for you.",
            )
        if place_id is not None:
            self.require_place(place_id)

    def require_everywhere(self, action: Action) -> None:
        """Raise NotAllowed unless the actor may do this at every place: for figures of the whole shop."""
        self.require(action)
        if self.places:
            raise NotAllowed("This is of the whole shop.", "Ask somebody who may see every place.")

    def require_reach(self, place_id: str | None) -> None:
        """Raise NotAllowed unless the actor may act there; what names no place is every place's."""
        if place_id is not None:
            self.require_place(place_id)
        elif self.places:
            raise NotAllowed(
                "This holds beyond your places.", "Name one of your places, or ask somebody of head office."
            )

    def require_place(self, place_id: str) -> None:
        """Raise NotAllowed unless the place is among the actor's own."""
        if not self.may_at(place_id):
            raise NotAllowed(
                "This place is not among yours.", "Ask an admin to add the place to your account."
            )


#: The person at the keyboard of the machine that holds the data folder: Python and the command line.
OPERATOR = Actor(name="operator", role="admin")
