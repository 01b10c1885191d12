"""People: who a record is about, as the sender knows them."""

from __future__ import annotations

import msgspec

from oneshelf.words.ids import Id

#: Person ids that begin so stand for a browser, a device or a till slip that no member has claimed.
ANONYMOUS = "anonymous:"


class Who(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The identifiers that an event carries. A member has a `user_id`; a browser or a till slip has an `anonymous_id`."""

    user_id: Id | None = None
    anonymous_id: Id | None = None

    @classmethod
    def of(cls, person_id: str) -> Who:
        """The identifiers of a person id: `person_id` undone."""
        if person_id.startswith(ANONYMOUS):
            return cls(anonymous_id=person_id.removeprefix(ANONYMOUS))
        return cls(user_id=person_id)

    @property
    def person_id(self) -> str | None:
        """The person as this event alone knows them; links may say more.

        An anonymous id lives in a namespace of its own, so that a browser cannot pass for a member by taking their id.
        """
        if self.user_id is not None:
            return self.user_id
        return self.anonymous_person_id

    @property
    def anonymous_person_id(self) -> str | None:
        """The person behind the anonymous id, as far as no link names a member."""
        return None if self.anonymous_id is None else f"{ANONYMOUS}{self.anonymous_id}"
