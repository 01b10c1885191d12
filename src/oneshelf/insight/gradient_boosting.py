"""Gradient boosting by LightGBM, which is an extra: whether it is there, and the settings that every model of ours shares."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any, Final

from oneshelf.errors import Unavailable

#: Bagged, shrunk, and the same trees from the same rows every time. What a model learns and how large it grows is its own.
SETTINGS: Final[dict[str, Any]] = {
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    # one thread: with more, a busy machine takes a hundred times as long
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbose": -1,
}


def installed() -> bool:
    """Whether LightGBM is there."""
    return find_spec("lightgbm") is not None


def library(task: str, extra: str) -> Any:
    """LightGBM, imported. Raises Unavailable that says what needs it and which extra of ours brings it."""
    try:
        import lightgbm  # noqa: PLC0415  # an extra, and slow to import
    except ImportError as error:
        raise Unavailable(f"{task} needs LightGBM.", f"Install oneshelf[{extra}].") from error
    return lightgbm
