"""The books of these tests: the events of 2025, and the partners that those leave out.

`partners.csv` has, for 70 partners, the rate first listed on 2 April, that of the legal text
(Annex I of EO 14257) and that of August (Annex I of EO 14326), each in percent, with its heading.
"""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from service.core.event import read_event
from service.core.rates import Dossier, Rules, packaged_rules, read_rules
from service.core.standing import Entry, History
from service.events_of_2025 import read_year

FOLDER = Path(__file__).parent
LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""When all of it is known."""
NEW_YORK = "America/New_York"
SOURCE = "urn:example:partners"
ANNEX_1, PAUSE, AUGUST = (
    "2025-04-09T00:01:00-04:00",
    "2025-04-10T00:01:00-04:00",
    "2025-08-07T00:01:00-04:00",
)
PAUSED_UNTIL = (
    ("EO 14266", "2025-04-09", PAUSE, "2025-07-09T00:01:00-04:00"),
    ("EO 14316", "2025-07-07", "2025-07-09T00:01:00-04:00", "2025-08-01T00:01:00-04:00"),
    ("EO 14326", "2025-07-31", "2025-08-01T00:01:00-04:00", AUGUST),
)
COVERS = {
    "covers": [
        {
            "id": "us-ieepa-2025",
            "importer": "US",
            "programmes": ["IEEPA-*", "MFN", "preference", "column_2"],
            "from": "2025-02-01",
            "until": "2025-11-01",
        },
        {
            "id": "us-s232-2025",
            "importer": "US",
            "programmes": ["S232-*"],
            "from": "2025-03-12",
            "until": "2025-11-01",
        },
    ]
}


@cache
def rules() -> Rules:
    """The packaged relations; coverage as wide as these books."""
    return read_rules(json.dumps(COVERS), "covers.json", packaged_rules())


@cache
def partners() -> tuple[dict[str, str], ...]:
    return tuple(csv.DictReader((FOLDER / "partners.csv").read_text("utf-8").splitlines()))


def history_of(events) -> History:
    entries = []
    for raw in events:
        event = read_event(raw)
        entries.append(Entry(event, event.knownfrom, event.knownfrom))
    return History(raw["subject"], tuple(entries))


@cache
def dossiers() -> tuple[Dossier, ...]:
    """Every measure, as known by the end."""
    by_subject: dict[str, list] = {}
    for raw in [*read_year(), *events_of_partners()]:
        by_subject.setdefault(raw["subject"], []).append(raw)
    return tuple(
        Dossier(history_of(events))
        for subject, events in by_subject.items()
        if subject.startswith("measure:")
    )


@cache
def dossiers_as_known(known_at: datetime) -> tuple[Dossier, ...]:
    found = (Dossier.as_known(one.history, known_at) for one in dossiers())
    return tuple(one for one in found if one.history.entries)


def events_of_partners() -> Iterator[dict]:
    """Of those that the events of 2025 leave out."""
    known = {raw["subject"] for raw in read_year()}
    for partner in partners():
        subject = f"measure:us-reciprocal-{partner['code'].lower()}"
        if subject not in known:
            yield from events_of(partner, subject)


def events_of(partner: dict[str, str], subject: str) -> Iterator[dict]:
    """Listed, corrected in print, paused three times over, and given the rate of August."""
    say = _Speaker(partner["code"], subject)
    if partner["annex_1"]:
        listed = partner["first_listed"]
        yield say("imposed", "EO 14257", "2025-04-02", ANNEX_1, rate=listed)
        if listed != partner["annex_1"]:
            yield say("corrected", "EO 14257", "2025-04-07", ANNEX_1, rate=partner["annex_1"])
        for place, (order, known, start, until) in enumerate(PAUSED_UNTIL):
            action = "extended" if place else "suspended"
            yield say(action, order, known, start, until=until)
    if partner["august"]:
        action = "amended" if partner["annex_1"] else "imposed"
        yield say(action, "EO 14326", "2025-07-31", AUGUST, rate=partner["august"])


class _Speaker:
    def __init__(self, code: str, subject: str) -> None:
        self.code, self.subject, self.count = code, subject, 0

    def __call__(self, action, order, known, start, *, rate=None, until=None) -> dict:
        self.count += 1
        data = {
            "measure": self.subject.removeprefix("measure:"),
            "importer": "US",
            "origin": {"kind": "country", "members": [self.code]},
            "product": {"scope": "all"},
            "programme": "IEEPA-reciprocal",
            "action": action,
            "certainty": "instrument",
            "announced_at": {"day": known, "zone": NEW_YORK},
            "effective_at": start,
            "instrument": {"kind": "executive_order", "number": order},
        }
        if rate:
            data["duty"] = {
                "components": [{"kind": "ad_valorem", "amount": rate}],
                "basis": "additional_in_lieu",
            }
            end = "2025-10-05T00:01:00-04:00" if start == AUGUST else None
            data["apply"] = {"in_transit": {"loaded_before": start, "entered_before": end}}
        if until:
            data["until"] = until
        return {
            "specversion": "1.0",
            "id": f"{self.subject}/{self.count}",
            "source": SOURCE,
            "type": "tariff.measure",
            "subject": self.subject,
            "knownfrom": f"{known}T00:00:00-04:00",
            "data": data,
        }
