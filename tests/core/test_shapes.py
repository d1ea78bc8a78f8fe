"""How values look in answers."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest

from service.core.duty import Duty
from service.core.moment import read_moment
from service.core.shapes import as_json, pick
from tests.core.builders import percent


class Colour(StrEnum):
    RED = "red"


@dataclass
class Held:
    event: tuple[str, str]
    conflicts: list[tuple[tuple[str, str], ...]]
    other: int = 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (Decimal("12.50"), "12.5"),
        (datetime(2025, 4, 9, 17, 5, tzinfo=UTC), "2025-04-09T17:05:00+00:00"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (Colour.RED, "red"),
        ({1: Decimal(3), "two": (Colour.RED,)}, {"1": "3", "two": ["red"]}),
        (read_moment("2025-04-09"), {"at": "2025-04-09T00:00:00+00:00", "precision": "day"}),
        ("text", "text"),
        (None, None),
    ],
)
def test_a_value_is_shown_as_json_has_it(value, shown):
    found = as_json(value)
    assert found | shown == found if isinstance(shown, dict) else found == shown


def test_a_duty_says_itself_beside_its_figures():
    assert as_json(Duty.model_validate(percent("25")))["said"] == "25 %"


def test_identities_are_named_where_they_stand():
    held = Held(("urn:a", "1"), [(("urn:a", "1"), ("urn:b", "2"))])
    first, second = {"source": "urn:a", "id": "1"}, {"source": "urn:b", "id": "2"}
    assert as_json(held) == {"event": first, "conflicts": [[first, second]], "other": 1}
    assert pick(held, ["event"]) == {"event": first}
