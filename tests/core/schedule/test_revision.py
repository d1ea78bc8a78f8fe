"""From one revision to the next, only what differs."""

from datetime import UTC, date, datetime, timedelta

import pytest

from service.core.event import read_event
from service.core.schedule import (
    Revision,
    find_lines,
    lost_lines,
    measures_of,
    on_lines_of,
    read_held,
    read_rows,
    steps_between,
)
from service.core.shapes import as_json
from service.core.standing import standing
from service.core.standing.history import Entry, History
from tests.core.schedule.export import ROWS, bytes_of, row

FIRST = Revision("basic", date(2025, 1, 1), date(2025, 1, 1))
SECOND = Revision("revision 9", date(2025, 4, 9), date(2025, 4, 8))


def measures(rows, revision):
    return measures_of(
        find_lines(read_rows(bytes_of(rows))).by_digits.values(), revision.effective
    ).measures


def held_after(steps, at):
    """What the books answer when they have these events, as the next load reads it."""
    histories = {}
    for step in steps:
        event = read_event(step)
        key = f"measure:{event.data.measure}"
        history = histories.get(key, History(key))
        histories[key] = history.with_entry(Entry(event, event.knownfrom, event.knownfrom))
    found = {}
    for key, history in histories.items():
        view = standing(history, at, datetime.max.replace(tzinfo=UTC) - timedelta(days=1))
        item = {"subject": key, "key": key.partition(":")[2]} | as_json(view)
        if held := read_held(item):
            found[held.key] = held
    return found


LATER = datetime(2025, 4, 10, tzinfo=UTC)
BEGUN = list(steps_between({}, measures(ROWS, FIRST), FIRST))


def test_the_first_revision_begins_everything():
    assert {step["data"]["action"] for step in BEGUN} == {"imposed"}
    assert {step["handling"] for step in BEGUN} == {"history"}
    assert len({step["id"] for step in BEGUN}) == len(BEGUN)


def test_what_was_loaded_is_read_back_as_it_was_wanted():
    assert held_after(BEGUN, LATER) == measures(ROWS, FIRST)


def test_the_same_revision_again_is_the_same_events_or_none():
    assert list(steps_between({}, measures(ROWS, FIRST), FIRST)) == BEGUN
    assert not list(steps_between(held_after(BEGUN, LATER), measures(ROWS, SECOND), SECOND))


@pytest.mark.parametrize(
    ("changed", "action"),
    [
        (row("8803.00.00", "3%", "Free (C,K,CA)", "35%"), "increased"),
        (row("8803.00.00", "2%", "Free (C,K,CA)", "35%"), "decreased"),
        (row("8803.00.00", "1¢/kg", "Free (C,K,CA)", "35%"), "amended"),
        (row("8803.00.00", "See a note", "Free (C,K,CA)", "35%"), "amended"),
    ],
)
def test_a_rate_that_differs_is_one_event_from_the_day_of_the_revision(changed, action):
    rows = [changed if one["htsno"] == "8803.00.00" else one for one in ROWS]
    (step,) = steps_between(held_after(BEGUN, LATER), measures(rows, SECOND), SECOND)
    assert step["data"]["action"] == action
    assert step["data"]["effective_at"] == "2025-04-09"
    assert step["knownfrom"] == "2025-04-08T00:00:00-04:00"
    after = held_after([*BEGUN, step], LATER)
    assert after == measures(rows, SECOND)
    before = held_after([*BEGUN, step], datetime(2025, 4, 8, tzinfo=UTC))
    assert before == measures(ROWS, FIRST)


MANY = [row(f"8803.{place:02}.00", "2%", "", "35%") for place in range(100)]


@pytest.mark.parametrize(("lost", "is_refused"), [(0, False), (20, False), (21, True), (99, True)])
def test_a_file_that_lacks_too_many_lines_is_no_whole_schedule(lost, is_refused):
    held, wanted = measures(MANY, FIRST), measures(MANY[lost:], SECOND)
    found = lost_lines(held, wanted)
    assert len(found) == (lost if is_refused else 0)
    assert found[:1] == (["88030000"] if is_refused else [])


def test_a_twentieth_of_a_large_schedule_may_end():
    large = [row(f"88{place // 10:02}.{place % 10}0.00", "2%", "", "35%") for place in range(500)]
    held = measures(large, FIRST)
    assert len({one.line for one in held.values()}) == 500
    assert lost_lines(held, measures(large[25:], SECOND)) == []
    assert len(lost_lines(held, measures(large[26:], SECOND))) == 26


def test_of_a_part_only_its_own_lines_are_compared():
    held, wanted = measures(MANY, FIRST), measures(MANY[:3], SECOND)
    assert {one.line for one in on_lines_of(held, wanted).values()} == {
        "88030000",
        "88030100",
        "88030200",
    }
    assert not list(steps_between(on_lines_of(held, wanted), wanted, SECOND))


def test_a_line_that_vanishes_ends_and_may_come_back():
    rows = [one for one in ROWS if one["htsno"] != "7208.10.15.00"]
    gone = list(steps_between(held_after(BEGUN, LATER), measures(rows, SECOND), SECOND))
    assert {step["data"]["action"] for step in gone} == {"terminated"}
    assert {step["data"]["measure"] for step in gone} == {
        *("us-hts-72081015-mfn", "us-hts-72081015-column-2")
    }
    left = held_after([*BEGUN, *gone], LATER)
    assert left == measures(rows, SECOND)
    on_the_first_day = held_after([*BEGUN, *gone], datetime(2025, 1, 2, tzinfo=UTC))
    assert not list(steps_between(on_the_first_day, measures(ROWS, FIRST), FIRST))
    third = Revision("revision 10", date(2025, 4, 20), date(2025, 4, 20))
    back = list(steps_between(left, measures(ROWS, third), third))
    assert {step["data"]["action"] for step in back} == {"imposed"}
    at = datetime(2025, 4, 21, tzinfo=UTC)
    assert held_after([*BEGUN, *gone, *back], at) == measures(ROWS, third)


def test_a_rate_that_goes_and_returns_is_three_events_with_three_names():
    other = [one | {"general": "9%"} if one["htsno"] == "8703.23.01" else one for one in ROWS]
    (up,) = steps_between(measures(ROWS, FIRST), measures(other, SECOND), SECOND)
    third = Revision("revision 10", date(2025, 4, 20), date(2025, 4, 20))
    (down,) = steps_between(measures(other, SECOND), measures(ROWS, third), third)
    assert down["data"]["duty"] == {"components": [{"kind": "ad_valorem", "amount": "2.5"}]}
    assert len({one["id"] for one in (*BEGUN, up, down)}) == len(BEGUN) + 2


@pytest.mark.parametrize(
    "differs",
    [
        {"subject": "measure:us-fentanyl-cn"},
        {"programme": "IEEPA-fentanyl"},
        {"status": "terminated"},
        {"duty": None},
    ],
)
def test_what_is_not_of_a_schedule_or_does_not_stand_is_not_held(differs):
    item = {
        "subject": "measure:us-hts-01012100-mfn",
        "key": "us-hts-01012100-mfn",
        "programme": "MFN",
        "status": "in_force",
        "origin": {"kind": "all", "members": [], "except": []},
        "product": {"scope": "codes", "nomenclature": "HTS", "include": ["01012100"]},
        "duty": {"components": [], "combine": "sum", "basis": "additional", "said": "x"},
        "expires_at": None,
    }
    assert read_held(item)
    assert read_held(item | differs) is None
