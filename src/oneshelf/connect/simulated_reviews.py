"""What simulated shoppers write: short reviews in English and Chinese, put together from openings and reasons by rating."""

from __future__ import annotations

import random

_ENGLISH = {
    "good": (
        (
            "Great {thing}.",
            "We buy this every week.",
            "Better than I expected.",
            "My family loves this {thing}.",
        ),
        (
            "Fresh and good value.",
            "The pack is easy to open.",
            "Tastes just right.",
            "Always in stock, which helps.",
            "Worth the price.",
        ),
    ),
    "fair": (
        ("The {thing} is okay.", "Does what it should.", "Nothing special."),
        (
            "A little dear for the size.",
            "I would buy it on offer.",
            "The other brand is about as good.",
            "The pack could be larger.",
        ),
    ),
    "bad": (
        ("Disappointed with this {thing}.", "Not again.", "This one was not for us."),
        (
            "The pack was damaged.",
            "It was close to its date.",
            "Smaller than last time, same price.",
            "It tasted of nothing.",
        ),
    ),
}
_CHINESE = {
    "good": (
        ("{thing}很好。", "每周都会回购。", "比想象的好。", "全家都喜欢。"),
        ("新鲜，性价比高。", "包装很方便。", "味道刚刚好。", "价格实惠。", "物超所值。"),
    ),
    "fair": (
        ("{thing}还可以。", "中规中矩。", "没有特别的感觉。"),
        ("价格有点贵。", "打折时会再买。", "和别的牌子差不多。", "分量可以再多一点。"),
    ),
    "bad": (
        ("对{thing}有点失望。", "不会再买了。", "不太适合我们。"),
        ("收到时包装破损。", "临近保质期。", "分量变少了，价格没变。", "没什么味道。"),
    ),
}


def rating_of(chance: random.Random, quality: float) -> int:
    """One to five stars: mostly high, as ratings are, and lower for a product of low quality (0 to 1)."""
    high = 0.35 + 0.55 * quality
    roll = chance.random()
    if roll < high:
        return 5 if chance.random() < 0.65 else 4
    return 3 if roll < high + 0.5 * (1 - high) else chance.choice((1, 2))


def review_of(chance: random.Random, rating: int, thing: str, *, chinese: bool) -> str:
    """A sentence or two that agree with the rating."""
    mood = "good" if rating >= 4 else "fair" if rating == 3 else "bad"
    openings, reasons = (_CHINESE if chinese else _ENGLISH)[mood]
    text = chance.choice(openings).format(thing=thing)
    if chance.random() < 0.8:
        text += ("" if chinese else " ") + chance.choice(reasons)
    return text
