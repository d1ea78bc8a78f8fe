"""What goes out, and how it is kept."""

from uuid import UUID

import pytest

from service.core.change import change_id, read_change, write_change
from service.core.event import Stage, Verdict
from tests.core.builders import SUBJECT, TRACK, claim, entry, measure, replay, step, threat


def only(*entries, subject=SUBJECT):
    return replay(entries, subject)[1][-1].change


def test_a_database_restored_from_backup_re_creates_the_same_ids():
    assert change_id(("https://a.example", "1"), SUBJECT) == UUID(
        "bc4ebbf6-7a04-5f53-b9a2-31f106e28382"
    )
    entries = [entry(measure("1", rate="10"), "2025-01-01"), entry(threat("2"), "2025-02-01")]
    once, again = replay(entries)[1], replay(entries)[1]
    assert [one.change.id for one in once] == [one.change.id for one in again]


def test_ids_tell_events_and_subjects_apart():
    ids = {
        change_id(("a", "b:c"), SUBJECT),
        change_id(("a:b", "c"), SUBJECT),
        change_id(("a", "b:c"), TRACK),
    }
    assert len(ids) == 3


@pytest.mark.parametrize(
    "entries",
    [
        [entry(measure("1", rate="10", effective_at="2025-02-01"), "2025-01-01")],
        [entry(threat("1", condition={"deadline": "2025-02-01"}), "2025-01-01")],
        [
            entry(measure("1", rate="10.50", announced_at="2025-01-01"), "2025-01-02"),
            entry(claim("2", "1", "denied"), "2025-02-01"),
        ],
    ],
)
def test_a_change_is_read_from_the_books_as_it_was_written(entries):
    change = only(*entries)
    assert read_change(write_change(change)) == change


@pytest.mark.parametrize("stage", list(Stage))
def test_the_action_of_a_step_is_its_stage(stage):
    steps = [entry(step("1", stage, terms={"quota": [1, 2.5]}), "2025-01-01")]
    change = only(*steps, subject=TRACK)
    again = read_change(write_change(change))
    assert again == change
    assert again.action is stage


def test_the_action_of_a_claim_is_its_verdict():
    denied = only(entry(threat("1"), "2025-01-01"), entry(claim("2", "1", "denied"), "2025-02-01"))
    assert read_change(write_change(denied)).action is Verdict.DENIED
