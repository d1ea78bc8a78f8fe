"""`tariffwire schedule load` against a service in a process of its own."""

import gzip
import json
import re

import httpx
import pytest

from tests.cli.processes import tariffwire
from tests.core.schedule.export import ROWS, bytes_of

BOOK = "basic.json.gz"
WITHOUT_STEEL = [one for one in ROWS if one["htsno"] != "7208.10.15.00"]
NEXT = [one | {"general": "9%"} if one["htsno"] == "8703.23.01" else one for one in WITHOUT_STEEL]


@pytest.fixture
def export(folder):
    """Write an export into the working folder; its name."""

    def write(rows, name=BOOK):
        packed = gzip.compress(bytes_of(rows)) if name.endswith(".gz") else bytes_of(rows)
        (folder / name).write_bytes(packed)
        return name

    return write


def load(*words, at=None):
    result = tariffwire("schedule", "load", *words, "--json", at=at)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def read(service, key, **asked):
    return httpx.get(f"{service.url}/v1/measures/{key}", params=asked).json()["standing"]


def test_a_schedule_is_loaded_once_and_its_next_revision_by_what_differs(service, export):
    first = load(export(ROWS), "--effective", "2025-01-01", at=service)
    count = sum(first["measures"].values())
    assert first["sent"] == {
        "accepted": count,
        "duplicates": 0,
        "unchanged": 0,
        "actions": {"imposed": count},
    }
    again = load(export(ROWS), "--effective", "2025-01-01", at=service)
    assert again["sent"] == {"accepted": 0, "duplicates": 0, "unchanged": count, "actions": {}}

    words = ("--effective", "2025-04-09", "--known", "2025-04-08", "--revision", "rev 9")
    differs = load(export(NEXT, "rev_9.json"), *words, at=service)
    assert differs["revision"] == "rev 9"
    assert differs["sent"] == {
        "accepted": 3,
        "duplicates": 0,
        "unchanged": count - 3,
        "actions": {"terminated": 2, "increased": 1},
    }
    car = "us-hts-87032301-mfn"
    assert read(service, car, at="2025-04-08")["duty"]["components"][0]["amount"] == "2.5"
    assert read(service, car, at="2025-04-10")["duty"]["components"][0]["amount"] == "9"
    known = {"at": "2025-04-10", "known_at": "2025-04-01"}
    assert read(service, car, **known)["duty"]["components"][0]["amount"] == "2.5"
    assert read(service, "us-hts-72081015-mfn", at="2025-04-10")["status"] == "terminated"


def test_a_part_of_a_schedule_ends_nothing_unless_it_is_said_to_be_whole(
    monkeypatch, fresh, export
):
    from service.core.schedule import revision

    monkeypatch.setattr(revision, "FEW_LINES", 1)
    load(export(ROWS), "--effective", "2025-01-01", at=fresh)
    day = ("--effective", "2025-04-09")
    part = export([one for one in NEXT if one["htsno"] == "8703.23.01"], "cars.json")
    refused = tariffwire("schedule", "load", part, *day, at=fresh)
    assert refused.exit_code == 5
    assert "cars.json lacks 7 lines that the books have" in refused.output
    assert "--part" in refused.output
    assert read(fresh, "us-hts-88030000-mfn", at="2025-04-10")["status"] == "in_force"
    both = tariffwire("schedule", "load", part, *day, "--part", "--whole", at=fresh)
    assert both.exit_code == 2
    assert load(part, *day, "--part", at=fresh)["sent"]["actions"] == {"increased": 1}
    whole = load(part, *day, "--whole", at=fresh)["sent"]["actions"]
    assert set(whole) == {"terminated"}
    assert whole["terminated"] >= 7


def test_a_load_alerts_nobody(service, export):
    load(export(ROWS), "--effective", "2025-01-01", at=service)
    changes = httpx.get(f"{service.url}/v1/changes", params={"limit": 200}).json()["items"]
    assert not [one for one in changes if one["subject"].startswith("measure:us-hts-")]


def test_people_read_what_was_found_and_what_was_left_out(export):
    result = tariffwire("schedule", "load", export(ROWS), "--effective", "2025-01-01", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "basic: 8 lines" in result.stdout
    assert re.search(r"general +7 +1 +87\.50%", result.stdout)
    assert "8 MFN, 8 column_2" in result.stdout
    assert "left out: 2 rows of chapter 99" in result.stdout
    assert "accepted" not in result.stdout


def test_people_read_what_was_sent(service, export):
    load(export(ROWS), "--effective", "2025-01-01", at=service)
    result = tariffwire("schedule", "load", BOOK, "--effective", "2025-01-01", at=service)
    assert "0 accepted as history, 0 known before, " in result.stdout
    assert "unchanged" in result.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot read rates.json: No such file"),
        (b"htsno,general", "rates.json: not JSON"),
        (bytes_of([ROWS[0]]), "none of its 1 rows states a rate"),
    ],
)
def test_a_wrong_file_is_refused_in_words(folder, content, says):
    if content is not None:
        (folder / "rates.json").write_bytes(content)
    result = tariffwire("schedule", "load", "rates.json", "--effective", "2025-01-01")
    assert result.exit_code == 5
    assert says in result.output


def test_a_wrong_day_is_refused_in_words(export):
    result = tariffwire("schedule", "load", export(ROWS), "--effective", "9 April")
    assert result.exit_code == 2
    assert "write it as 2025-04-09" in result.output


def test_events_that_are_never_taken_up_are_named(monkeypatch, service, export):
    from service.cli import schedule

    monkeypatch.setattr(schedule, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(schedule, "_waiting", lambda _: 1234)
    result = tariffwire("schedule", "load", export(ROWS), "--effective", "2025-01-01", at=service)
    assert result.exit_code == 6
    assert "1,234 events still wait to be taken up" in result.output
