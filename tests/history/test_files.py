"""The files themselves: every line is an event, every record is accounted for."""

import json
from datetime import datetime
from importlib.resources import files

import pytest

from service import events_of_2025
from service.core.event import read_event
from service.core.standing.track import track_key
from service.events_of_2025 import read_records

FILES = ("tariffs.ndjson", "negotiations.ndjson", "article_000.ndjson")


def lines_of(name):
    return (files(events_of_2025) / name).read_bytes().splitlines()


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_an_event(name):
    for line in lines_of(name):
        assert read_event(line).record


@pytest.mark.parametrize("name", FILES)
def test_no_line_says_how_it_is_to_be_handled(name):
    assert not [line for line in lines_of(name) if b'"handling"' in line]


def test_every_event_cites_a_record_and_every_other_record_says_why_it_has_none(year, article):
    cited = {event["record"] for event in year + article}
    records = read_records()
    assert cited == {record for record, reason in records.items() if not reason}
    assert len(records) == 97 + 15


def test_an_event_stands_in_the_files_once(year, article):
    identities = [(event["source"], event["id"]) for event in year + article]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("name", FILES[:2])
def test_events_stand_in_the_order_in_which_they_became_known(name):
    known = [datetime.fromisoformat(json.loads(line)["knownfrom"]) for line in lines_of(name)]
    assert known == sorted(known)


def test_the_year_is_both_topics_in_one_stream(year):
    known = [datetime.fromisoformat(event["knownfrom"]) for event in year]
    assert known == sorted(known)
    assert {event["type"] for event in year} == {
        "tariff.measure",
        "negotiation.step",
        "claim.assessed",
    }


def test_an_event_is_known_from_the_midnight_of_its_announcement(year):
    for event in map(read_event, year):
        said = getattr(event.data, "announced_at", None) or getattr(event.data, "occurs_at", None)
        assert said is None or said.at == event.knownfrom


def test_subjects_say_what_the_core_would_call_them(year, article):
    subjects = {(event["source"], event["id"]): event["subject"] for event in year + article}
    for event in map(read_event, year + article):
        if event.type == "tariff.measure":
            assert event.subject == f"measure:{event.data.measure}"
        elif event.type == "negotiation.step":
            assert event.subject == track_key(event.data)
        else:
            assert event.subject == subjects[event.data.about.identity]


def test_what_an_event_carries_out_or_takes_back_was_known_before_it(year):
    events = {event.identity: event for event in map(read_event, year)}
    for event in events.values():
        for name in ("realises", "withdraws", "about"):
            reference = getattr(event.data, name, None)
            assert reference is None or events[reference.identity].knownfrom <= event.knownfrom


def test_an_alias_names_one_measure_only(year):
    named = {}
    for event in year:
        for alias in event["data"].get("aliases", ()):
            named.setdefault(alias, set()).add(event["data"]["measure"])
    assert named
    assert all(len(measures) == 1 for measures in named.values())


def test_one_order_that_moves_many_measures_is_one_instrument(year):
    moved = {
        event["data"]["measure"]
        for event in year
        if event["data"].get("instrument", {}).get("number") == "EO 14266"
    }
    assert moved == {f"us-reciprocal-{partner}" for partner in ("cn", "eu", "il", "jp", "vn")}


def test_a_ruling_is_one_event_for_each_measure_that_existed(year):
    ruled = {"us-courts-ieepa-may": 8, "us-cafc-ieepa": 10}
    for record, count in ruled.items():
        events = [event for event in year if event["record"] == f"history_2025/{record}"]
        assert len(events) == count
        assert all(event["data"]["stayed"] for event in events)
