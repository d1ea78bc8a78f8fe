"""How soon a person should look."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.certainty import Certainty
from service.core.change import Kind
from service.core.change.severity import grade


@pytest.mark.parametrize(
    ("severity", "kind", "certainty", "delta", "days"),
    [
        ("critical", "rate_increased", "instrument", "41", 1),
        ("critical", "rate_decreased", "announced", "-10", 14),
        ("critical", "measure_announced", "instrument", "25", -3),
        ("high", "rate_increased", "instrument", "41", 15),
        ("high", "rate_increased", "instrument", "9.9", 1),
        ("high", "rate_increased", "instrument", None, 1),
        ("high", "rate_increased", "instrument", "41", None),
        ("medium", "rate_increased", "instrument", "0.5", 1),
        ("high", "rate_increased", "official_statement", "41", 1),
        ("medium", "rate_increased", "reported", "41", 1),
        ("medium", "threat_issued", "official_statement", None, None),
        ("info", "threat_issued", "rumour", None, None),
        ("info", "claim_made", "unnamed", "0.5", None),
        ("medium", "stage_advanced", "official_statement", None, None),
    ],
)
def test_severity_follows_kind_size_nearness_and_certainty(severity, kind, certainty, delta, days):
    points = Decimal(delta) if delta else None
    assert grade((Kind(kind),), Certainty(certainty), points, days) == severity


@given(
    st.sampled_from(Kind),
    st.none() | st.decimals(-200, 200, places=1),
    st.none() | st.integers(-400, 400),
)
def test_less_sure_is_never_more_severe(kind, delta, days):
    order = ["info", "medium", "high", "critical"]
    levels = [order.index(grade((kind,), rung, delta, days)) for rung in Certainty]
    assert levels == sorted(levels, reverse=True)
