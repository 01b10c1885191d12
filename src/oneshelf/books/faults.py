"""The border to the database driver: its errors become ours here, once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from oneshelf.errors import Conflict, OneShelfError, Unavailable


def translate(error: exc.SQLAlchemyError) -> OneShelfError | None:
    """Our error for one of the driver's, or None when it tells of a mistake in our own code.

    Only the first line of the driver's message is kept: what follows may quote a row, and so a person.
    """
    cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
    if isinstance(error, exc.IntegrityError):
        return Conflict(
            "The books already hold something that contradicts this.", "Read them again and retry."
        )
    if isinstance(error, exc.TimeoutError):
        return Unavailable(
            "Every connection to the books is busy.", "Retry in a moment; read less at a time."
        )
    if isinstance(error, exc.PendingRollbackError):
        return Unavailable("The connection to the books was lost.", "Retry in a few seconds.")
    if isinstance(error, exc.OperationalError | exc.InterfaceError):
        return Unavailable(
            f"The books cannot be used now: {cause}.", "Check that the database runs and its disk has room."
        )
    if type(error) is exc.DatabaseError:  # its subclasses are mistakes in our own statements
        return Unavailable(
            f"The books cannot be read: {cause}.", "Check the name of the file, or restore a backup."
        )
    return None


@contextmanager
def translated() -> Iterator[None]:
    """Raise the driver's errors of this block as errors of our family."""
    try:
        yield
    except exc.SQLAlchemyError as error:
        ours = translate(error)
        if ours is None:
            raise
        raise ours from error
