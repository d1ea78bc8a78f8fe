from datetime import UTC, datetime

import pytest

from service.core.change import Kind
from service.core.change.derive import derive
from service.core.event import read_event
from service.core.standing.history import Entry, History
from service.events_of_2025 import read_year
from service.examples import KINDS, NoExample, example

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_event_causes_its_kind(kind):
    *before, last = [Entry(read_event(one), NOW, NOW) for one in example(kind, NOW)]
    subject = "measure:example" if hasattr(_data(before, last), "importer") else "track:example"
    history = History(subject)
    for entry in before:
        history = history.with_entry(entry)
    change = derive(last, history)
    assert change.headline == kind
    assert change.mode == "test"


def _data(before, last):
    first = before[0] if before else last
    return first.event.data


def test_every_kind_has_an_example_but_those_that_time_brings():
    missing = {kind.value for kind in Kind} - set(KINDS)
    assert missing == {"entered_into_force", "upcoming", "threat_lapsed", "in_transit_closed"}


def test_each_call_makes_new_events():
    later = NOW.replace(microsecond=1)
    first, second = example("claim_denied", NOW), example("claim_denied", later)
    identities = [{(one["source"], one["id"]) for one in made} for made in (first, second)]
    assert not identities[0] & identities[1]
    assert first[1]["data"]["about"] == {"source": first[0]["source"], "id": first[0]["id"]}


def test_an_example_shares_no_name_with_a_real_measure():
    names = ("measure", "aliases", "programme")
    held = {
        name: {str(event["data"][name]) for event in read_year() if name in event["data"]}
        for name in names
    }
    for kind in KINDS:
        for event in example(kind, NOW):
            for name in names:
                assert str(event["data"].get(name)) not in held[name]


def test_a_kind_without_an_example_names_the_others():
    with pytest.raises(NoExample, match="rate_increased"):
        example("upcoming", NOW)
