"""Assignment: who gets the offer and who is held out, by a stable hash, so that nobody changes arms and nobody chooses."""

from __future__ import annotations

import hashlib
from typing import Literal

from oneshelf.errors import InvalidInput

Arm = Literal["offer", "holdout"]


def arm_of(campaign_id: str, person_id: str, holdout_share: float) -> Arm:
    """The person's arm in a campaign: the same for ever, and unrelated to their arm in any other.

    A larger `holdout_share` only moves people from the offer to the hold-out, never back.
    """
    check_share(holdout_share)
    return "holdout" if draw(campaign_id, person_id) < holdout_share else "offer"


def draw(campaign_id: str, person_id: str) -> float:
    """A number of [0, 1) that looks uniform over people and independent between campaigns."""
    salt = campaign_id.encode()
    # the salt's length goes first, so that no two pairs of ids run together
    data = len(salt).to_bytes(4, "big") + salt + person_id.encode()
    # 53 bits, the precision of a float, so that the largest draw stays below 1
    return (int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big") >> 11) / 2**53


def check_share(holdout_share: float) -> float:
    """Return the share if people can be drawn by it, else raise InvalidInput."""
    if 0.0 <= holdout_share <= 1.0:
        return holdout_share
    raise InvalidInput.of(
        "holdout_share", holdout_share, "cannot be a share of people.", "Expected 0 to 1, such as 0.2."
    )
