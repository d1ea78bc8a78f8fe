"""When a newer alert is sent instead of one that was not."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.sending.superseding import Step, gives_way, reason_for

OLDER, NEWER = Step(1, "live"), Step(2, "live")
STOPPED = {"halt:0196d0c4", "halt:0196d0c4/sub_a", "recall:0196d0c4"}
owners = st.frozensets(st.sampled_from(["dst_a", "sub_a", "sub_b", "sending"]))


@pytest.mark.parametrize(
    ("older", "newer", "gives"),
    [
        ({}, {}, True),
        ({"change": 3}, {}, False),
        ({"change": 2}, {}, False),
        ({"mode": "test"}, {}, False),
        ({"mode": "simulated"}, {"mode": "simulated"}, True),
        ({"holders": {"dst_a"}}, {}, True),
        ({"holders": {"dst_a"}}, {"holders": {"dst_a"}}, True),
        ({"holders": {"sub_a"}}, {"holders": {"sub_a", "sub_b"}}, True),
        ({"holders": {"sub_a", "sub_b"}}, {"holders": {"sub_a"}}, False),
        ({}, {"holders": {"sub_a"}}, False),
        *(({"holders": {one}}, {"holders": {one}}, False) for one in sorted(STOPPED)),
    ],
)
def test_an_older_one_gives_way_or_not(older, newer, gives):
    older, newer = (
        replace(one, **({**said, "holders": frozenset(said.get("holders", ()))}))
        for one, said in ((OLDER, older), (NEWER, newer))
    )
    assert gives_way(older, newer, {"a"}, {"a"}) is gives


@pytest.mark.parametrize(
    ("behind", "latest", "gives"),
    [
        ({"a", "b"}, {"a", "b", "c"}, True),
        ({"a", "b"}, {"a"}, False),
        ({"replay"}, {"a"}, False),
        (set(), {"a"}, False),
    ],
)
def test_all_who_asked_for_the_older_want_the_latest(behind, latest, gives):
    assert gives_way(OLDER, NEWER, behind, latest) is gives


@given(owners, owners, st.sampled_from(["", "sub_a", "sub_b", "dst_a", "sending"]))
def test_news_never_waits_for_longer_than_it_would_have(older, newer, released):
    """Whoever lets the older one go lets the newer one go too."""
    steps = Step(1, "live", older), Step(2, "live", newer)
    if gives_way(*steps, {"a"}, {"a"}):
        was_free = not older or released in older
        assert not was_free or not newer or released in newer


def test_the_reason_names_the_successor():
    heir = UUID(int=7)
    assert str(heir) in reason_for(heir)
