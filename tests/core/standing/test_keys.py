"""The key of a record: one subject, one key, whoever appends it."""

import pytest

from service.core.event import Unreadable
from service.core.standing.keys import record_key, refuse_long_names
from tests.core.builders import SOURCE, claim, measure, read, ref, step


@pytest.mark.parametrize(
    ("event", "key"),
    [
        (measure("e"), "measure:us-test-cn"),
        (measure("e", measure=None, aliases=["9903.01", "x"]), "measure:9903.01"),
        (measure("e", measure=None), "measure:us-s301-test-cn"),
        (step("e", "outreach"), "track:CN-US"),
        (claim("e", "law"), f"{SOURCE}/law"),
    ],
)
def test_a_record_travels_under_its_subject_or_under_what_it_assesses(event, key):
    assert record_key(read(event)) == key


LONG = "🛃" * 199
"""Of four bytes each."""
FAR = ref(LONG, "🛃" * 499)
MANY = [f"{number}{'🛃' * 40}" for number in range(40)]


@pytest.mark.parametrize(
    "event",
    [measure("e"), step("e", "outreach"), claim("e", "law"), measure(LONG), claim("e", LONG)],
)
def test_names_that_an_index_can_hold_are_taken(event):
    refuse_long_names(read(event))


@pytest.mark.parametrize(
    ("event", "where"),
    [
        (measure(LONG, source="🛃" * 499), "id"),
        (measure("e", measure=None, origin={"kind": "pseudo", "members": MANY}), "data.origin"),
        (claim("e", LONG) | {"data": claim("e", LONG)["data"] | {"about": FAR}}, "data.about"),
        (measure("e", realises=FAR), "data.realises"),
        (measure("e", withdraws=FAR), "data.withdraws"),
    ],
)
def test_a_name_that_no_index_can_hold_is_refused_with_its_place(event, where):
    with pytest.raises(Unreadable, match="a name may have 2500 bytes") as caught:
        refuse_long_names(read(event))
    assert [fault.where for fault in caught.value.faults] == [where]
