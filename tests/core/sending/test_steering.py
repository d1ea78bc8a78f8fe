"""Which word follows from which, and what is in doubt."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.certainty import Certainty
from service.core.duty import Duty
from service.core.event import Handling
from service.core.sending.steering import (
    STOPPED,
    Act,
    Gate,
    NotPossible,
    Word,
    decide,
    is_replay,
    recall_cause,
    refuse_sending,
    takes_back,
    told_percent,
)
from tests.core.message.golden.written import changes_of_2025

POSSIBLE = {
    (Act.APPROVE, Word.AWAITING): Word.APPROVED,
    (Act.REJECT, Word.AWAITING): Word.REJECTED,
    (Act.HALT, Word.FREE): Word.HALTED,
    (Act.HALT, Word.APPROVED): Word.HALTED,
    (Act.HALT, Word.HALTED): Word.HALTED,
    (Act.RESUME, Word.HALTED): Word.APPROVED,
    (Act.RECALL, Word.FREE): Word.RECALLED,
    (Act.RECALL, Word.APPROVED): Word.RECALLED,
    (Act.RECALL, Word.HALTED): Word.RECALLED,
}


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("word", Word)
def test_a_word_follows_or_is_refused_in_words(act, word):
    if (act, word) in POSSIBLE:
        assert decide(act, word) is POSSIBLE[act, word]
    else:
        with pytest.raises(NotPossible, match=f"^cannot {act.value} this change: "):
            decide(act, word)


@given(st.lists(st.sampled_from(Act)))
def test_what_was_rejected_or_recalled_stays_so(acts):
    word = Word.FREE
    for act in acts:
        before = word
        try:
            word = decide(act, word)
        except NotPossible:
            assert word is before
        assert before not in {Word.REJECTED, Word.RECALLED} or word is before


@pytest.mark.parametrize("word", Word)
def test_nothing_is_sent_of_what_is_stopped(word):
    if word in STOPPED:
        with pytest.raises(NotPossible, match="nothing is sent of this change"):
            refuse_sending(word)
    else:
        refuse_sending(word)


@pytest.mark.parametrize(
    ("certainty", "place", "said"),
    [
        ("instrument", 1, "its source is new (event 1)"),
        ("instrument", 10, "its source is new (event 10)"),
        ("instrument", 11, ""),
        ("announced", 11, "it is only announced"),
        ("official_statement", 2, "its source is new (event 2) and it is only official statement"),
    ],
)
def test_new_sources_and_unsure_changes_are_in_doubt(certainty, place, said):
    change = replace(changes_of_2025()[0], certainty=Certainty(certainty))
    assert Gate(100, 10).doubt(change, place) == said


def test_a_recall_has_a_cause_of_its_own():
    assert recall_cause(UUID(int=7)) == "recall:00000000-0000-0000-0000-000000000007"
    assert takes_back(recall_cause(UUID(int=7)))
    assert not takes_back("")


@pytest.mark.parametrize(
    ("duty", "mode", "told"),
    [
        ({"components": [{"kind": "ad_valorem", "amount": "12.5"}]}, Handling.LIVE, "12.5"),
        ({"components": [{"kind": "ad_valorem", "amount": "12.5"}]}, Handling.TEST, None),
        ({"components": []}, Handling.LIVE, None),
        (None, Handling.LIVE, None),
    ],
)
def test_a_rate_is_told_where_there_is_one(duty, mode, told):
    assert told_percent(duty and Duty.model_validate(duty), mode) == told


def test_what_a_person_sent_is_told_from_what_was_subscribed_to():
    assert is_replay(b'[{"subscription": "replay", "reason": "replayed by kim"}]')
    assert not is_replay(b'[{"subscription": "sub_1", "name": "replay"}]')
    assert not is_replay(b"[]")
