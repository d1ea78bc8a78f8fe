"""What was recorded comes out again, and what was not is named."""

import json
from dataclasses import replace

import pytest

from service.core.change import write_change
from service.core.change.derive import weigh
from service.core.change.rebuild import Heard, Kept, rebuild
from service.core.event import Handling
from service.core.standing import History
from tests.core.builders import SUBJECT, claim, entry, measure, ref, replay, threat

EVENTS = [
    entry(threat("said", rate="10"), "2025-04-01"),
    entry(threat("again", rate="10"), "2025-04-02"),
    entry(measure("law", rate="25", effective_at="2025-04-10"), "2025-04-03"),
    entry(claim("gone", "law"), "2025-04-04"),
]


def books_of(entries=EVENTS, order=None):
    """As a consumer would have recorded them, folded in this order (else that of their numbers)."""
    folded = order or entries
    _, found = replay(folded)
    by_name = dict(zip((one.identity for one in folded), found, strict=True))
    return [
        Kept(
            number,
            replace(one, change=made.change.id if made.change else None),
            made.outcome,
            write_change(made.change) if made.change else None,
        )
        for number, one in enumerate(entries, 1)
        for made in [by_name[one.identity]]
    ]


def misfits(kept):
    return [(one.number, said) for one, said in rebuild(SUBJECT, kept).misfits]


def test_books_as_they_were_kept_fit():
    found = rebuild(SUBJECT, books_of())
    assert found.misfits == []
    assert len(found.history.entries) == 4
    assert found.history.sequence == 3


def test_claims_that_came_first_are_folded_behind_what_they_are_about():
    said, so, no = (
        entry(threat("said"), "2025-04-01"),
        entry(claim("so", "said", "confirmed"), "2025-04-02"),
        entry(claim("no", "so", "denied"), "2025-04-03"),
    )
    assert misfits(books_of([no, so, said], order=[said, so, no])) == []


def test_a_claim_about_nothing_in_its_subject_is_named():
    kept = books_of()
    assert misfits([kept[3]]) == [
        (4, "was folded, but https://ustr.example/notices law is no event of its subject")
    ]


def test_another_outcome_is_named():
    kept = books_of()
    kept[1] = replace(kept[1], outcome="weaker_claim")
    ((number, said),) = misfits(kept)
    assert number == 2
    assert said.startswith("was recorded as weaker_claim, and is evidence_only: ")


@pytest.mark.parametrize("place", [0, 2])
def test_another_change_is_named(place):
    kept = books_of()
    other = kept[2 - place].entry.change
    kept[place] = replace(kept[place], entry=replace(kept[place].entry, change=other))
    assert misfits(kept) == [
        (place + 1, f"names change {other}, and made change {books_of()[place].entry.change}")
    ]


def test_a_change_forgotten_is_named():
    kept = books_of()
    kept[0] = replace(kept[0], entry=replace(kept[0].entry, change=None))
    ((_, said),) = misfits(kept)
    assert said.startswith("names no change, and made change")


def test_an_event_that_changed_nothing_made_no_change():
    kept = books_of()
    kept[1] = replace(kept[1], entry=replace(kept[1].entry, change=kept[0].entry.change))
    ((_, said),) = misfits(kept)
    assert said.endswith(", and made no change")


def test_the_first_field_that_differs_is_named():
    kept = books_of()
    kept[0] = replace(kept[0], change=kept[0].change.replace(b'"sequence":1', b'"sequence":7'))
    ((_, said),) = misfits(kept)
    assert said.endswith("whose sequence was recorded as 7, and is 1")


def test_bytes_that_say_the_same_otherwise_are_the_same():
    kept = books_of()
    kept[0] = replace(kept[0], change=kept[0].change.replace(b'"sequence":1', b'"sequence": 1'))
    assert misfits(kept) == []


def test_a_content_that_cannot_be_read_is_named():
    kept = books_of()
    kept[0] = replace(kept[0], change=b"{")
    ((_, said),) = misfits(kept)
    assert said.endswith("whose content cannot be read")


def test_a_change_that_is_not_at_hand_is_not_compared():
    kept = books_of()
    kept[0] = replace(kept[0], change=None)
    assert misfits(kept) == []


def test_history_is_rebuilt_without_changes():
    old = entry(threat("said", handling=Handling.HISTORY.value), "2025-04-01")
    assert misfits(books_of([old])) == []


def without(given, *names):
    """As a release wrote it that did not know these names, however deep they stand."""
    if isinstance(given, list):
        return [without(one, *names) for one in given]
    if isinstance(given, dict):
        return {name: without(one, *names) for name, one in given.items() if name not in names}
    return given


CARRIED = [
    entry(threat("said", rate="10"), "2025-04-01"),
    entry(measure("law", rate="10", effective_at="2025-04-10", realises=ref("said")), "2025-04-03"),
]


def test_what_was_heard_of_other_subjects_is_heard_again_before_the_event_that_it_came_with():
    said, done = CARRIED
    again = entry(threat("again", rate="10"), "2025-04-05")
    made = weigh(said, History(SUBJECT))
    heard = made.history.with_echo(done)
    later = weigh(again, heard)
    kept = [
        Kept(1, replace(said, change=made.change.id), made.outcome, write_change(made.change)),
        Kept(4, replace(again, change=later.change.id), later.outcome, write_change(later.change)),
    ]
    for since in (2, 4):
        found = rebuild(SUBJECT, kept, [Heard(since, done)])
        assert found.misfits == []
        assert found.history.size == 3
    for echoes in ([], [Heard(5, done)]):
        ((_, wrong),) = rebuild(SUBJECT, kept, echoes).misfits
        assert wrong.startswith("was recorded as changed, and is evidence_only")


def test_what_it_named_of_other_subjects_is_said_again():
    said, done = CARRIED
    made = weigh(done, History(SUBJECT), {said.identity: said})
    kept = Kept(
        2, replace(done, change=made.change.id), made.outcome, write_change(made.change), (said,)
    )
    assert misfits([kept]) == []
    ((_, wrong),) = misfits([replace(kept, elsewhere=())])
    assert "whose carries_out was recorded as" in wrong


def test_what_an_earlier_release_did_not_write_is_no_difference():
    kept = books_of(CARRIED)
    assert b'"ended_by":["' in kept[1].change
    older = without(json.loads(kept[1].change), "carries_out", "ended_at", "ended_by", "met")
    kept[1] = replace(kept[1], change=json.dumps(older).encode())
    assert misfits(kept) == []


def test_what_an_earlier_release_did_write_is_still_compared():
    kept = books_of(CARRIED)
    older = without(json.loads(kept[1].change), "ended_at", "ended_by")
    older["after"]["claims"][0]["state"] = "open"
    kept[1] = replace(kept[1], change=json.dumps(older).encode())
    ((_, said),) = misfits(kept)
    assert "whose after was recorded as " in said
    del older["after"]["claims"][0]
    kept[1] = replace(kept[1], change=json.dumps(older).encode())
    assert len(misfits(kept)) == 1
