"""The arrays that plans are made of, by name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Lines of a plan, by their places in it.
Rows = NDArray[np.intp]

#: Pieces by line, scenario and day: whole numbers, which four bytes hold exactly up to 16 million.
Draws = NDArray[np.float32]
