"""Notices: their steps, their ids, and what they tell of a destination."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.sending.notice import (
    STEPS,
    Kind,
    is_notice,
    notice_cause,
    notice_id,
    place_of,
    reach,
)

SINCE = datetime(2025, 4, 9, 20, tzinfo=UTC)
PATIENCE = timedelta(hours=72)


@pytest.mark.parametrize(
    ("hours", "step"),
    [(-5, 0), (0, 0), (35.9, 0), (36, 50), (50.3, 50), (50.4, 70), (64.8, 90), (500, 90)],
)
def test_the_highest_step_that_was_reached_counts(hours, step):
    assert reach(SINCE, SINCE + timedelta(hours=hours), PATIENCE) == step


@given(st.floats(-1e6, 1e6), st.floats(0, 1e6), st.floats(0.01, 1e4))
def test_steps_only_go_up(hours, more, patience):
    patient = timedelta(hours=patience)
    first, then = (
        reach(SINCE, SINCE + timedelta(hours=one), patient) for one in (hours, hours + more)
    )
    assert first <= then
    assert {first, then} <= {0, *STEPS}


def test_an_id_follows_from_what_is_told():
    marks = (SINCE.isoformat(), 50)
    same = {notice_id("dst", Kind.FAILING, *marks) for _ in range(2)}
    others = {
        notice_id("dst", Kind.FAILING, SINCE.isoformat(), 70),
        notice_id("other", Kind.FAILING, *marks),
        notice_id("dst", Kind.DISABLED, *marks),
    }
    assert (len(same), len(same | others)) == (1, 4)


def test_a_cause_tells_a_notice_from_an_alert():
    assert is_notice(notice_cause(Kind.FAILING, notice_id("dst", Kind.FAILING)))
    assert not is_notice("")
    assert not is_notice("recall:0196d0c4-58a0-7000-8000-000000000001")


@pytest.mark.parametrize(
    ("kind", "address", "said"),
    [
        ("webhook", "https://hooks.example.com/T0/secret?key=1", "https://hooks.example.com"),
        ("webhook", "http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080"),
        ("email", "ops@example.org", "ops@example.org"),
        ("pull", "pull:dst_1", "pull:dst_1"),
    ],
)
def test_of_a_url_no_more_is_told_than_its_host(kind, address, said):
    assert place_of("dst_1", "orders", kind, address).address == said
