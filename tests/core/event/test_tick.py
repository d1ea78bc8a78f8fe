"""The clock's own events: made from what they say, and from nothing else."""

import json
from datetime import timedelta, timezone

import pytest

from service.core.clock import write_tick
from service.core.event import CLOCK, Handling, Tick, Turn, Unreadable, read_event, topic_of
from service.core.event.envelope import EVENTS
from service.core.standing.keys import record_key, refuse_long_names
from tests.core.builders import SUBJECT, claim, measure, on, ref

AT = on("2025-04-10T04:01")
TICK = Tick(subject=SUBJECT, turn=Turn.ENTERED_INTO_FORCE, at=AT)


def test_the_same_words_are_the_same_event_in_any_zone_and_for_ever():
    here = TICK.at.astimezone(timezone(timedelta(hours=-4)))
    again = Tick(subject=SUBJECT, turn="entered_into_force", at=here)
    assert again.identity == TICK.identity == (CLOCK, "7bbd8f1b-8586-5859-9e2b-a3ca566c6a3a")


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "measure:other"},
        {"turn": Turn.ENDED},
        {"at": AT + timedelta(seconds=1)},
        {"lead": 7},
        {"lead": 8},
    ],
)
def test_other_words_are_another_event(other):
    assert TICK.model_copy(update=other).identity != TICK.identity


def test_what_is_written_is_read_and_travels_beside_the_measures_events():
    raw = write_tick(TICK.model_copy(update={"lead": 7}), Handling.SIMULATED)
    event = read_event(raw)
    assert (event.data.lead, event.handling, event.is_kept) == (7, "simulated", True)
    assert EVENTS.validate_json(raw) == event
    assert (topic_of(event), record_key(event)) == ("tariffs", SUBJECT)
    refuse_long_names(event)


@pytest.mark.parametrize(
    ("event", "where"),
    [
        (json.loads(write_tick(TICK, Handling.LIVE)) | {"id": "mine"}, "id"),
        (json.loads(write_tick(TICK, Handling.LIVE)) | {"source": "urn:mine"}, "id"),
        (json.loads(write_tick(TICK, Handling.LIVE)) | {"handling": "test"}, "id"),
        (measure("e1") | {"source": CLOCK}, "source"),
        (
            claim("c1", "e1") | {"data": claim("c1", "e1")["data"] | {"about": ref("x", CLOCK)}},
            "data.about",
        ),
    ],
)
def test_nobody_takes_the_clocks_place_or_claims_what_it_says(event, where):
    with pytest.raises(Unreadable) as caught:
        read_event(event)
    assert [one.where for one in caught.value.faults] == [where]
