"""Sample ratio: whether the arms have the sizes that were drawn. Where they do not, people went missing from one of them.

Lindon and Malek, "Anytime-valid inference for multinomial count data" (NeurIPS 2022, arXiv:2011.03567).
"""

from __future__ import annotations

import math

import scipy

#: An alarm at any look. Chance alone rings it in fewer than one campaign of a hundred, however often one looks.
ALARM_BELOW = 0.01

#: How near to the share drawn a share that went wrong is thought to lie: as if this many people had been seen with it.
_CONCENTRATION = 100.0


def sample_ratio_p(offer_people: int, holdout_people: int, holdout_share: float) -> float | None:
    """The always-valid p of these sizes when `holdout_share` was drawn; None before anybody was assigned.

    Among any number of looks while people are assigned, chance brings one below p in at most the share p of campaigns.
    """
    if offer_people + holdout_people == 0:
        return None
    a, b = _CONCENTRATION * holdout_share, _CONCENTRATION * (1.0 - holdout_share)
    evidence = (
        float(scipy.special.betaln(a + holdout_people, b + offer_people) - scipy.special.betaln(a, b))
        - holdout_people * math.log(holdout_share)
        - offer_people * math.log1p(-holdout_share)
    )
    return math.exp(min(0.0, -evidence))


def alarms(p_value: float | None) -> bool:
    """Whether these sizes are beyond chance, at whatever look."""
    return p_value is not None and p_value < ALARM_BELOW
