"""Groups: which type each item is of, by number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from oneshelf.decisions.recommend.baskets import Ints


def numbered(items: NDArray[np.object_], groups: Mapping[str, str | None]) -> Ints:
    """Of each item: the number of its group, in order of name; -1 for those without one."""
    names = [groups.get(item) for item in items]
    number = {name: at for at, name in enumerate(sorted({name for name in names if name}))}
    return np.array([number[name] if name else -1 for name in names], dtype=np.int64)
