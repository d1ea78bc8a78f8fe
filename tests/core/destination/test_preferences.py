"""What an owner asks for is kept as it was said, and what cannot be is refused by name."""

import pytest
from pydantic import ValidationError

from service.core.destination.preferences import (
    NO_PREFERENCES,
    Preferences,
    read_preferences,
    write_preferences,
)

SAID = {
    "timezone": "Europe/Berlin",
    "digest": {"every": "week", "at": "07:30", "on": "friday"},
    "quiet_hours": {"from": "22:00", "to": "06:30"},
    "hourly_cap": 5,
    "group": True,
    "heartbeat": "day",
    "warn": "dst_1",
}


def test_what_was_asked_for_comes_back_from_a_row():
    asked = Preferences.model_validate(SAID)
    assert read_preferences(write_preferences(asked)) == asked
    assert asked.zone.key == "Europe/Berlin"
    assert asked.gathers == ("digest", "quiet_hours", "hourly_cap", "group")
    assert asked.tongue.language == "en"


def test_who_asks_for_nothing_has_an_empty_row():
    assert not write_preferences(NO_PREFERENCES)
    assert read_preferences("") is NO_PREFERENCES


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("timezone", "Europe/Bonn"),
        ("timezone", "../etc/passwd"),
        ("timezone", ""),
        ("digest", {"every": "month"}),
        ("digest", {"every": "day", "at": "25:00"}),
        ("digest", {"every": "day", "at": "07:00:30"}),
        ("digest", {"every": "day", "at": "07:00+02:00"}),
        ("quiet_hours", {"from": "22:00"}),
        ("hourly_cap", -1),
        ("heartbeat", "hour"),
    ],
)
def test_what_cannot_be_is_refused(field, given):
    with pytest.raises(ValidationError, match=field):
        Preferences.model_validate({field: given})
