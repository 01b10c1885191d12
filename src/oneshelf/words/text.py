"""Text that people write: a reason, a note."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

WRITTEN_LENGTH_MAX: Final = 2_000

#: Free text, with line breaks and tabs, but no other control characters: databases refuse some of them, and screens all.
Written = Annotated[
    str, msgspec.Meta(max_length=WRITTEN_LENGTH_MAX, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*\Z")
]
