"""People: who a record is about, as the sender knows them."""

from __future__ import annotations

import msgspec

from oneshelf.words.ids import Id


class Who(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The identifiers that an event carries. A member has a `user_id`; a browser or a till slip has an `anonymous_id`."""

    user_id: Id | None = None
    anonymous_id: Id | None = None

    @property
    def person_id(self) -> str | None:
        """The person as this event alone knows them; links may say more."""
        return self.user_id or self.anonymous_id
