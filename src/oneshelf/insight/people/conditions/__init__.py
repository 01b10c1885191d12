"""Conditions: one small readable language over the portrait's fields, the same text in Python, the API and the console.

recency_days <= 30 and monetary_minor >= 10000 and favourite_category in ("SNACKS", "BEER") and not coupon_share > 0.5
"""

from oneshelf.insight.people.conditions.answering import Cutpoints, Record, compiled, matches, where
from oneshelf.insight.people.conditions.checking import checked, fields_of, tests_of, tops_of, written
from oneshelf.insight.people.conditions.explaining import explained
from oneshelf.insight.people.conditions.nodes import (
    All,
    AnyOf,
    Between,
    Compare,
    Condition,
    Everybody,
    Known,
    Not,
    Top,
    Within,
)
from oneshelf.insight.people.conditions.parsing import from_json, parse
from oneshelf.insight.people.conditions.vocabulary import VOCABULARY, AskedField

__all__ = [
    "VOCABULARY",
    "All",
    "AnyOf",
    "AskedField",
    "Between",
    "Compare",
    "Condition",
    "Cutpoints",
    "Everybody",
    "Known",
    "Not",
    "Record",
    "Top",
    "Within",
    "checked",
    "compiled",
    "explained",
    "fields_of",
    "from_json",
    "matches",
    "parse",
    "tests_of",
    "tops_of",
    "where",
    "written",
]
