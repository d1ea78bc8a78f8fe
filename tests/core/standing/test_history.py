"""What is held of a subject, what counts of it, and in which order it folds."""

from uuid import uuid4

from service.core.standing.history import History
from tests.core.builders import (
    SOURCE,
    SUBJECT,
    claim,
    entry,
    history,
    measure,
    on,
    ref,
    step,
    threat,
)


def kept(held, known):
    fold = held.fold_at(on(known))
    return [one.event.id for one, _ in (*fold.measures, *fold.steps)]


def test_events_fold_by_announcement_else_by_when_they_were_known():
    late = entry(measure("late", announced_at="2025-02-01"), "2025-06-01")
    early = entry(measure("early"), "2025-03-01")
    assert kept(history(early, late), "2025-07-01") == ["late", "early"]


def test_of_equal_announcements_the_first_known_folds_first_then_source_then_id():
    first = entry(measure("z", announced_at="2025-02-01"), "2025-02-02")
    second = entry(measure("a", announced_at="2025-02-01"), "2025-02-03")
    third = entry(measure("b", announced_at="2025-02-01"), "2025-02-03")
    other = entry(measure("a", announced_at="2025-02-01", source="https://a.example"), "2025-02-03")
    assert kept(history(third, second, other, first), "2025-07-01") == ["z", "a", "a", "b"]
    fold = history(second, other).fold
    assert [one.event.source for one, _ in fold.measures] == ["https://a.example", SOURCE]


def test_what_was_not_known_yet_does_not_count():
    held = history(entry(measure("1"), "2025-03-01"), entry(step("2", "outreach"), "2025-04-01"))
    assert kept(held, "2025-02-28") == []
    assert kept(held, "2025-03-01") == ["1"]
    assert kept(held, "2025-04-01") == ["1", "2"]


def test_a_retraction_takes_the_event_out_from_then_on():
    held = history(entry(measure("1"), "2025-03-01"), entry(claim("2", "1"), "2025-04-01"))
    assert kept(held, "2025-03-31") == ["1"]
    assert kept(held, "2025-04-01") == []


def test_a_retraction_of_a_retraction_restores_the_event():
    held = history(
        entry(measure("1"), "2025-03-01"),
        entry(claim("2", "1"), "2025-04-01"),
        entry(claim("3", "2"), "2025-05-01"),
        entry(claim("4", "3"), "2025-06-01"),
    )
    assert [len(kept(held, f"2025-0{month}-01")) for month in (3, 4, 5, 6)] == [1, 0, 1, 0]


def test_a_retraction_of_a_retraction_counts_whatever_their_dates_and_names():
    held = history(
        entry(measure("1"), "2025-03-01"),
        entry(claim("9", "1"), "2025-04-01"),
        entry(claim("2", "9"), "2025-04-01"),
    )
    assert kept(held, "2025-04-01") == ["1"]


def test_an_event_that_comes_after_its_retraction_is_still_taken_out():
    held = history(entry(measure("1"), "2025-03-01"), entry(claim("3", "2"), "2025-04-01"))
    assert kept(held, "2025-04-01") == ["1"]
    assert kept(held.with_entry(entry(measure("2"), "2025-05-01")), "2025-05-01") == ["1"]


def test_retractions_of_each_other_take_out_nothing():
    held = history(
        entry(measure("1"), "2025-03-01"),
        entry(claim("2", "3"), "2025-04-01"),
        entry(claim("3", "2"), "2025-04-01"),
    )
    assert kept(held, "2025-04-01") == ["1"]


def test_two_retractions_of_one_event_need_two_to_restore_it():
    held = history(
        entry(measure("1"), "2025-03-01"),
        entry(claim("2", "1"), "2025-04-01"),
        entry(claim("3", "1"), "2025-04-02"),
        entry(claim("4", "2"), "2025-04-03"),
    )
    assert kept(held, "2025-04-03") == []


def test_the_latest_verdict_on_an_event_counts_unless_retracted():
    held = history(
        entry(threat("1"), "2025-03-01"),
        entry(claim("2", "1", "confirmed"), "2025-04-01"),
        entry(claim("3", "1", "denied"), "2025-05-01"),
        entry(claim("4", "3"), "2025-06-01"),
    )
    folds = [held.fold_at(on(f"2025-0{month}-01")) for month in (3, 4, 5, 6)]
    found = [said.verdict if (said := fold.verdict_on((SOURCE, "1"))) else None for fold in folds]
    assert found == [None, "confirmed", "denied", "confirmed"]


def test_what_was_taken_back_or_carried_out_is_known_by_its_event():
    held = history(
        entry(threat("1"), "2025-03-01"),
        entry(measure("2", realises=ref("1")), "2025-04-01"),
        entry(measure("3", "threat_withdrawn", withdraws=ref("1")), "2025-05-01"),
    )
    assert held.fold.withdrawn == {(SOURCE, "1")}
    ends = held.fold.ends[SOURCE, "1"]
    assert [(one.by.event.id, one.is_withdrawal) for one in ends] == [("2", False), ("3", True)]


def test_a_history_counts_its_changes_and_remembers_the_last():
    empty, change = History(SUBJECT), uuid4()
    one = empty.with_entry(entry(measure("1"), "2025-03-01")).crediting(change)
    two = one.with_entry(entry(measure("2"), "2025-04-01"))
    assert (empty.sequence, one.sequence, two.sequence) == (0, 1, 1)
    assert two.last_change == change
    assert two.by_identity[(SOURCE, "1")].change == change
    assert two.by_identity[(SOURCE, "2")].change is None


def test_a_history_knows_when_anything_in_it_was_last_judged():
    assert History(SUBJECT).latest_seen is None
    held = history(
        entry(measure("1"), "2025-03-01", "2025-06-01"), entry(measure("2"), "2025-04-01")
    )
    assert held.latest_seen == on("2025-06-01")
