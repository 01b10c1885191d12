"""Identifiers become one person's by evidence, within limits, and every join can be undone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oneshelf.insight.people.identity import (
    IDENTIFIERS_MAX,
    LIMITS,
    Edge,
    Graph,
    Joined,
    Known,
    Parted,
    Refused,
    Shared,
)
from oneshelf.words.people import kind_of


def graph(**given) -> Graph:
    return Graph(Known(**given))


def people_of(graph: Graph, identifiers) -> set[frozenset[str]]:
    return {frozenset(graph.cluster(graph.person_of(one)) & set(identifiers)) for one in identifiers}


def test_a_card_and_a_web_account_with_one_mailbox_are_one_person_under_the_stronger_id() -> None:
    known = graph()
    assert known.claim("card:1", "email:x") == [
        Joined(edge=Edge("card:1", "email:x"), person_id="card:1", absorbed="email:x")
    ]
    assert known.claim("ann", "email:x") == [
        Joined(edge=Edge("ann", "email:x"), person_id="ann", absorbed="card:1")
    ]
    assert known.cluster("ann") == {"ann", "card:1", "email:x"}
    assert known.claim("ann", "card:1") == []


def test_of_two_equally_strong_ids_the_one_seen_first_gives_the_name() -> None:
    known = graph(first_seen={"card:a": 20.0, "card:b": 10.0})
    known.claim("card:a", "email:x")
    known.claim("card:b", "email:x")
    assert known.person_of("card:a") == "card:b"


@pytest.mark.parametrize(
    "thing", ["anonymous:tablet", "card:family", "email:ours", "phone:ours", "payment:ours"]
)
def test_two_members_never_become_one_by_a_thing_that_they_share(thing: str) -> None:
    known = graph()
    known.claim("ann", thing)
    refused = known.claim("bob", thing)
    assert refused == [
        Refused(edge=Edge("bob", thing), person_id="bob", owner="ann", reason="limit", kind="user")
    ]
    assert known.claim("bob", thing) == [], "the same claim again is nothing new"
    assert (known.person_of("ann"), known.person_of("bob"), known.person_of(thing)) == ("ann", "bob", "ann")


@pytest.mark.parametrize("thing", ["anonymous:kiosk", "card:family", "email:test", "device:phone"])
def test_what_a_third_person_claims_is_nobodys_and_its_history_leaves_the_first(thing: str) -> None:
    known = graph()
    known.claim("ann", thing)
    known.claim("bob", thing)
    changes = known.claim("cid", thing)
    assert [type(change) for change in changes] == [Refused, Shared, Parted]
    assert changes[2] == Parted(
        person_id=thing, left="ann", identifiers=frozenset({thing}), edges=frozenset({Edge("ann", thing)})
    )
    assert known.person_of(thing) == thing
    assert known.claim("ann", thing) == known.claim("dan", thing) == []


def test_a_test_account_cannot_chain_a_thousand_strangers() -> None:
    known = graph()
    for number in range(1_000):
        known.claim(f"member-{number}", "email:t")
        known.claim(f"member-{number}", "anonymous:kiosk")
    assert all(known.cluster(f"member-{number}") == {f"member-{number}"} for number in range(1_000))


def test_nobody_has_more_identifiers_of_a_kind_than_a_person_has() -> None:
    known = graph()
    for number in range(50):
        known.claim("ann", f"card:{number}")
    cards = [one for one in known.cluster("ann") if kind_of(one) == "card"]
    assert len(cards) == LIMITS["card"].per_person


def test_a_cluster_stops_growing_at_its_limit_whoever_decides() -> None:
    known = graph(clusters={"ann": {"ann", *(f"device:{n}" for n in range(IDENTIFIERS_MAX - 1))}})
    assert [type(change) for change in known.join("ann", "bob")] == [Refused]
    assert [change.reason for change in known.claim("ann", "email:x")] == ["size"]
    assert known.claim("ann", "email:x") == []


def test_a_reviewer_may_join_two_members_and_take_it_back() -> None:
    known = graph(first_seen={"ann": 1.0, "anne": 2.0})
    known.claim("anne", "card:2")
    known.join("ann", "anne")
    known.claim("anne", "email:x")
    assert known.cluster("ann") == {"ann", "anne", "card:2", "email:x"}
    assert known.part("ann", "anne") == [
        Parted(
            person_id="anne",
            left="ann",
            identifiers=frozenset({"anne", "card:2", "email:x"}),
            edges=frozenset({Edge("ann", "anne")}),
        )
    ]


def test_what_was_parted_is_not_joined_again_by_a_rule_but_by_a_reviewer() -> None:
    known = graph()
    known.claim("ann", "anonymous:x")
    known.part("ann", "anonymous:x")
    assert known.claim("ann", "anonymous:x") == []
    assert known.person_of("anonymous:x") == "anonymous:x"
    assert [type(change) for change in known.join("ann", "anonymous:x")] == [Joined]


def test_strangers_who_are_told_apart_beforehand_stay_apart() -> None:
    known = graph()
    assert known.part("card:1", "card:2") == []
    known.claim("card:1", "email:x")
    assert known.claim("card:2", "email:x") == []


IDENTIFIERS = [f"{kind}:{n}" for kind in ("card", "email", "phone", "anonymous") for n in range(3)]
PAIRS = st.lists(
    st.tuples(st.sampled_from(IDENTIFIERS), st.sampled_from(IDENTIFIERS)).filter(
        lambda pair: pair[0] != pair[1]
    ),
    max_size=25,
)


def components(pairs) -> set[frozenset[str]]:
    """Who belongs together, by the plainest method: merge sets until nothing changes."""
    groups = {frozenset((one,)) for one in IDENTIFIERS}
    for pair in pairs:
        touching = {group for group in groups if group & set(pair)}
        groups = groups - touching | {frozenset().union(*touching)}
    return groups


@given(pairs=PAIRS)
def test_below_the_limits_people_are_the_connected_components_of_all_claims(pairs) -> None:
    known = graph()
    for one, other in pairs:
        known.claim(one, other)
    assert people_of(known, IDENTIFIERS) == components(pairs)


@given(pairs=PAIRS, undone=st.data())
def test_undoing_a_join_leaves_what_the_other_joins_tie_together(pairs, undone) -> None:
    known = graph()
    joined = [change.edge for pair in pairs for change in known.claim(*pair)]
    if not joined:
        return
    edge = undone.draw(st.sampled_from(joined))
    known.part(*edge)
    assert people_of(known, IDENTIFIERS) == components([other for other in joined if other != edge])


@given(pairs=PAIRS, undone=st.data())
def test_a_person_is_named_by_one_of_their_own_identifiers_always(pairs, undone) -> None:
    known = graph()
    edges = [change.edge for pair in pairs for change in known.claim(*pair)]
    for edge in undone.draw(st.lists(st.sampled_from(edges), max_size=3)) if edges else ():
        known.part(*edge)
    for one in IDENTIFIERS:
        assert one in known.cluster(known.person_of(one))
        assert known.person_of(known.person_of(one)) == known.person_of(one)


def test_where_no_join_holds_there_is_nothing_to_undo() -> None:
    graph = Graph(
        Known(clusters={"ann": {"ann", "card:1"}})
    )  # as books of before kept links, without the join behind them
    assert graph.part("ann", "card:1") == []
    assert graph.part("ann", "ann") == []
