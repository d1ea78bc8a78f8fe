"""The reader's word, as a machine of states: a yes takes a reader, and a no stays a no."""

from hypothesis import given
from hypothesis import strategies as st

from service.core.destination.optin import (
    ACTIVE,
    ASKED,
    PAUSED,
    PAUSED_BY_READER,
    UNCONFIRMED,
    UNSUBSCRIBED,
    UNSUBSCRIBED_BY_READER,
    Act,
    follow,
    why_owner_may_not,
    why_unwelcome,
)

STATES = (ACTIVE, PAUSED, UNCONFIRMED, UNSUBSCRIBED, "disabled")
REASONS = ("", PAUSED_BY_READER, UNSUBSCRIBED_BY_READER, "no mail reaches this address")


def walk(state, reason, acts):
    for act in acts:
        state, reason = follow(act, state, reason) or (state, reason)
    return state, reason


@given(st.sampled_from(STATES), st.lists(st.sampled_from(Act)), st.lists(st.sampled_from(Act)))
def test_a_no_is_the_end_whatever_links_are_clicked_after_it(state, before, after):
    acts = [*before, Act.UNSUBSCRIBE, *after]
    assert walk(state, "", acts) == (UNSUBSCRIBED, UNSUBSCRIBED_BY_READER) or state == UNSUBSCRIBED


@given(st.lists(st.sampled_from([Act.PAUSE, Act.RESUME])))
def test_nothing_but_a_confirmation_makes_a_reader(acts):
    assert walk(UNCONFIRMED, ASKED, acts) == (UNCONFIRMED, ASKED)


@given(st.sampled_from(STATES), st.sampled_from(REASONS), st.sampled_from(Act))
def test_an_act_done_twice_is_done_once(state, reason, act):
    once = walk(state, reason, [act])
    assert walk(*once, [act]) == once


@given(st.sampled_from(STATES), st.sampled_from([ACTIVE, PAUSED]))
def test_an_owner_moves_what_no_reader_has_spoken_about(state, wanted):
    may = why_owner_may_not(state, "", wanted) is None
    assert may == (state not in {UNCONFIRMED, UNSUBSCRIBED})


def test_an_owner_leaves_alone_what_its_reader_paused():
    assert why_owner_may_not(PAUSED, PAUSED_BY_READER, ACTIVE)
    assert why_owner_may_not(PAUSED, PAUSED_BY_READER, PAUSED) is None


def test_not_even_a_test_goes_to_who_has_not_said_yes():
    assert [one for one in STATES if why_unwelcome(one)] == [UNCONFIRMED, UNSUBSCRIBED]
