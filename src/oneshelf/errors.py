"""One family of errors. Each says what happened, names the field and the value, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class OneShelfWarning(UserWarning):
    """Something works, but not as well as its user would want."""


class OneShelfError(Exception):
    """The base of every error that OneShelf raises on purpose.

    `cause` says what happened in one sentence; `remedy` says what the reader can do now.
    Neither may hold personal data: they reach logs and screens.
    """

    def __init__(self, cause: str, remedy: str = "") -> None:
        super().__init__(f"{cause} {remedy}".strip())
        self.cause = cause
        self.remedy = remedy


class NotFound(OneShelfError):
    """What was asked for is not here."""


class NotAllowed(OneShelfError):
    """The one who asks may not do this."""


class NotSignedIn(OneShelfError):
    """Nobody, or nobody that we know, is asking."""


class Conflict(OneShelfError):
    """Somebody else changed the same thing first; reading it again and retrying is safe."""


class Unavailable(OneShelfError):
    """A part that this needs is down, missing or not installed."""


class SettingsError(OneShelfError):
    """The settings in force cannot work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with one field of one record of an input.

    `at` is the record's place in its batch (an index) or file (a line number, from 1).
    """

    at: int
    field: str
    value: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.at}: {self.field} = {self.value}: {self.cause} {self.remedy}".strip()


class InvalidInput(OneShelfError):
    """An input was refused; `problems` holds every reason at once, each with its place."""

    def __init__(self, cause: str, remedy: str = "", *, problems: Sequence[Problem] = ()) -> None:
        super().__init__(cause, remedy)
        self.problems = tuple(problems)

    @classmethod
    def of(cls, field: str, value: object, cause: str, remedy: str, *, at: int = 0) -> InvalidInput:
        """Make the error for a single field; the value is cut to 80 characters."""
        shown = brief(value)
        problem = Problem(at=at, field=field, value=shown, cause=cause, remedy=remedy)
        return cls(f"{field} = {shown}: {cause}", remedy, problems=[problem])


class NotEnough(InvalidInput):
    """More was asked for than there is; `problems` names each product, what was asked, and what is free."""

    @classmethod
    def of_all(cls, problems: Sequence[Problem]) -> NotEnough:
        """Make the error of all that is short."""
        return cls("There is not enough of it.", problems[0].remedy, problems=problems)


def brief(value: object, length: int = 80) -> str:
    """Show a value in an error message without letting a hostile one flood it."""
    text = repr(value)
    return text if len(text) <= length else f"{text[: length - 1]}…"
