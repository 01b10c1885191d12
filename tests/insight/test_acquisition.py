"""Acquisition: people by the channel of their first order, beside what was spent on it."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis
import pytest

from oneshelf.events.catalogue import Body, CampaignSpent, Line, OrderCompleted, OrderRefunded
from oneshelf.events.envelope import Event
from oneshelf.insight.people.acquisition import acquisition
from oneshelf.words.people import Who
from oneshelf.words.places import Channel

START = datetime(2026, 1, 1, 12, tzinfo=UTC)
FIRST, LAST = date(2026, 1, 1), date(2026, 1, 31)


def happened(
    day: int, who: str | None, body: Body, channel: Channel = "web", *, simulated: bool = False
) -> Event:
    return Event(
        id=f"{day}-{who}-{channel}-{id(body)}",
        source="test",
        happened_at=START + timedelta(days=day),
        who=Who(user_id=who) if who else Who(),
        channel=channel,
        body=body,
        simulated=simulated,
    )


def bought(day: int, who: str | None, amount: int, channel: Channel = "web", currency: str = "EUR") -> Event:
    line = Line(product_id="p", amount_minor=amount)
    return happened(
        day, who, OrderCompleted(order_id=f"{day}{who}", currency=currency, lines=(line,)), channel
    )


def gave_back(day: int, who: str, amount: int) -> Event:
    line = Line(product_id="p", amount_minor=amount)
    return happened(day, who, OrderRefunded(refund_id=f"r{day}", currency="EUR", lines=(line,)))


def spent(
    day: int, amount: int, channel: Channel = "web", currency: str = "EUR", campaign: str = "spring"
) -> Event:
    body = CampaignSpent(campaign_id=campaign, amount_minor=amount, currency=currency)
    return happened(day, None, body, channel)


@pytest.fixture
def asked(
    tables_of: Callable[[Sequence[Event]], dict[str, Any]], links_of: Callable[[dict[str, str]], Any]
) -> Callable[..., dict[str, dict[str, Any]]]:
    def ask(events: Sequence[Event], links: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
        tables = tables_of(events)
        rows = acquisition(
            tables["order.completed"],
            tables["order.refunded"],
            tables["campaign.spent"],
            links=links_of(links or {}),
            currency="EUR",
            first=FIRST,
            last=LAST,
        )
        found = ibis.duckdb.connect().to_pyarrow(rows).to_pylist()
        return {row.pop("channel"): row for row in found}

    return ask


def test_a_person_is_won_by_the_channel_of_the_first_order(asked: Any) -> None:
    found = asked(
        [
            bought(0, "ann", 500),
            bought(3, "ann", 700, "store"),
            gave_back(4, "ann", 100),
            bought(5, "bob", 900, "store"),
            bought(-20, "old", 100, "store"),
            bought(6, "old", 100, "web"),
            bought(40, "later", 100),
            bought(7, None, 5_000),
            spent(1, 3_000),
            spent(2, -500, campaign="refund of the advertisement"),
            spent(2, 9_999, currency="USD"),
            spent(-5, 9_999),
        ]
    )
    nothing = {"simulated": False}
    assert found["web"] == nothing | {
        "people": 1,
        "spent_minor": 2_500,
        "campaigns": 2,
        "value_minor": 1_100,
        "orders": 2,
    }
    assert found["store"] == nothing | {
        "people": 1,
        "spent_minor": None,
        "campaigns": 0,
        "value_minor": 900,
        "orders": 1,
    }


def test_money_that_won_nobody_is_told_too(asked: Any) -> None:
    assert asked([spent(1, 3_000, "app")]) == {
        "app": {
            "people": 0,
            "spent_minor": 3_000,
            "campaigns": 1,
            "value_minor": 0,
            "orders": 0,
            "simulated": False,
        }
    }
    assert asked([]) == {}


def test_a_person_under_two_identifiers_is_won_once(asked: Any) -> None:
    events = [bought(0, "browser", 500), bought(3, "ann", 700, "store")]
    found = asked(events, {"browser": "ann"})
    assert set(found) == {"web"}
    assert (found["web"]["people"], found["web"]["value_minor"]) == (1, 1_200)


def test_a_figure_says_when_any_event_of_it_was_simulated_not_the_first_order_alone(asked: Any) -> None:
    body = OrderCompleted(order_id="later", currency="EUR", lines=(Line(product_id="p", amount_minor=1),))
    later = happened(9, "anna", body, "store", simulated=True)
    found = asked([bought(1, "anna", 100), later, bought(2, "ben", 100, "store")])
    assert {channel: row["simulated"] for channel, row in found.items()} == {"web": True, "store": False}
