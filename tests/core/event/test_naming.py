"""What an input calls itself: whatever is JSON is read, however it was written."""

import json

import pytest

from service.core.event.naming import names_of

EVENT = {"source": "urn:desk", "id": "zür ich/1", "data": {"id": "inner", "source": "urn:other"}}
NAMED = frozenset({("urn:desk", "zür ich/1")})


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (json.dumps(EVENT), NAMED),
        (json.dumps(EVENT, ensure_ascii=False), NAMED),
        (json.dumps(EVENT).replace("/", r"\/"), NAMED),
        ("\ufeff" + json.dumps(EVENT), NAMED),
        ('{"source": "urn:desk", "id": "zür ich/1", "n": NaN}', NAMED),
        (json.dumps([EVENT, "zür", {"id": "e2"}]), NAMED | {("", "e2")}),
        ('{"id": "a", "id": "b"}', {("", "a"), ("", "b")}),
        ('{"id": 17, "source": "s"}', {("s", "17")}),
        ('{"id": {"id": "a"}}', frozenset()),
        ('"urn:desk"', frozenset()),
        ("{", None),
        ("[" * 100_000, None),
    ],
)
def test_source_and_id_are_read_wherever_they_are_those_of_an_event(value, names):
    assert names_of(value.encode()) == names


def test_what_is_no_text_has_no_names():
    assert names_of(b"\xff\xfe{") is None


def test_in_binary_mode_they_travel_as_headers():
    headers = (("CE_ID", "zür ich/1".encode()), ("ce_source", b"urn:desk"))
    plain = (*headers, ("content-type", b"application/json"))
    assert names_of(b'{"id": "of the data"}', plain) == NAMED
    assert names_of(b"no JSON", headers[:1]) == {("", "zür ich/1")}
    whole = (*headers, ("Content-Type", b"application/cloudevents+json"))
    assert names_of(b'{"id": "e1"}', whole) == {("", "e1")}
