"""What stood at each month end of 2025, asked through the API, against the table."""

from collections import defaultdict
from datetime import datetime

import pytest

from service.events_of_2025 import read_year
from tests.journey.running import run_service

OF_LAW = {"instrument", "announced"}
THREATS = {"threatened", "threat_withdrawn"}
OF_CLAIMS = {"threatened", "never_implemented", "withdrawn", "proposed"}


def percent_of(duty):
    return duty["components"][0]["amount"] if duty else ""


def is_moment(found, said):
    """A bare date in the table is a day, and an instant is that instant."""
    if not said:
        return found is None
    if "T" not in said:
        return found["precision"] == "day" and found["at"].startswith(said)
    return datetime.fromisoformat(found["at"]) == datetime.fromisoformat(said)


def differences(row, found):
    """Which columns of a row the answer contradicts."""
    if not row["status"]:
        return [] if found is None else ["status"]
    said = {
        "status": found["status"],
        "own_rate": percent_of(found["duty"]),
        "applied_rate": percent_of(found["applied"]),
    }
    wrong = [name for name, text in said.items() if text != row[name]]
    if row["basis"] != "component_total":  # a restated rate keeps the basis that it has
        wrong += [] if row["basis"] == (found["duty"] or {"basis": ""})["basis"] else ["basis"]
    starts = {"term_starts": found["effective_at"], "until": found["until"]}
    return wrong + [name for name, moment in starts.items() if not is_moment(moment, row[name])]


def test_every_month_end_stands_as_the_table_says(year, rows):
    found = {
        (row["measure"], row["month_end"]): differences(
            row, year.standings[row["measure"], row["month_end"]]
        )
        for row in rows
    }
    assert not {key: wrong for key, wrong in found.items() if wrong}
    assert len(found) == len(rows) == 144


@pytest.fixture(scope="module")
def known():
    """By measure, its events as (known from, data), in that order."""
    found = defaultdict(list)
    for event in read_year():
        if event["type"] == "tariff.measure":
            key = event["data"]["measure"]
            found[key].append((datetime.fromisoformat(event["knownfrom"]), event["data"]))
    return found


def law_by(known, key, day):
    """What could move the law of a measure and was known by the end of a day."""
    end = datetime.fromisoformat(f"{day}T23:59:59+00:00")
    return [
        data
        for since, data in known[key]
        if since <= end and data["certainty"] in OF_LAW and data["action"] not in THREATS
    ]


def test_a_threat_is_never_in_force(year, known):
    seen = set()
    for day, measures in year.lists.items():
        for one in measures:
            if not law_by(known, one["key"], day):
                seen.add(one["key"])
                assert one["status"] in OF_CLAIMS, (one["key"], day)
                assert one["duty"] is one["applied"] is None
    assert seen == {"us-unspecified-cn", "us-unspecified-eu", "us-unspecified-mx"}


def test_announced_and_not_yet_effective_is_scheduled(year, known):
    seen = set()
    for day, measures in year.lists.items():
        end = datetime.fromisoformat(f"{day}T23:59:59+00:00")
        for one in measures:
            start = one["effective_at"] and datetime.fromisoformat(one["effective_at"]["at"])
            if law_by(known, one["key"], day) and start and start > end:
                seen.add((one["key"], day))
                assert (one["status"], one["applied"]) == ("scheduled", None), (one["key"], day)
    assert seen >= {
        ("us-fentanyl-mx", "2025-02-28"),
        ("us-s232-autos", "2025-03-31"),
        ("us-reciprocal-gb", "2025-07-31"),
        ("us-s232-trucks", "2025-10-31"),
    }


def test_paused_is_suspended_and_only_then(year, known):
    pausing = {"suspended", "extended"}
    for day, measures in year.lists.items():
        for one in measures:
            pauses = [
                data
                for data in law_by(known, one["key"], day)
                if data["action"] in pausing and runs(data, day)
            ]
            assert (one["status"] == "suspended") == bool(pauses), (one["key"], day)


def runs(data, day):
    """Whether a pause runs at the end of a day; one of a day begins when that day has."""
    start, until = (instant_of(data[name]) for name in ("effective_at", "until"))
    end = datetime.fromisoformat(f"{day}T23:59:59+00:00")
    return start <= end and (until is None or end < until)


def instant_of(given):
    if not isinstance(given, dict):
        return given and datetime.fromisoformat(given)
    return datetime.fromisoformat(f"{given['day']}T00:00:00+00:00")


async def test_the_past_can_be_asked_as_it_was_known_then(new_place):
    """Read from EO 14345: Japan's floor, signed in September, reaches back to August."""
    async with run_service(new_place()) as service:
        await service.send(*(event | {"handling": "history"} for event in read_year()))
        await service.settle()
        august, september = "2025-08-31T23:59:59Z", "2025-09-30T23:59:59Z"
        path = "/v1/measures/us-reciprocal-jp"
        then = await service.ask(path, at=august, known_at=august)
        later = await service.ask(path, at=august, known_at=september)
    assert then["standing"]["duty"]["basis"] == "additional_in_lieu"
    assert later["standing"]["duty"]["basis"] == "total_floor"


async def test_a_rate_moves_at_its_minute(service):
    """84 % to 125 % on 10 April 2025, 00:01 New York: neither a minute early nor late."""
    await service.send(*(event | {"handling": "history"} for event in read_year()))
    await service.settle()
    path = "/v1/measures/us-reciprocal-cn"
    before = await service.ask(path, at="2025-04-10T00:00:59-04:00", known_at="2025-04-10")
    after = await service.ask(path, at="2025-04-10T00:01:00-04:00", known_at="2025-04-10")
    assert percent_of(before["standing"]["applied"]) == "84"
    assert percent_of(after["standing"]["applied"]) == "125"
