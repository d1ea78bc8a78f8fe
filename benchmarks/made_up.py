"""Made-up events and followers, skewed like life: four of five concern imports of the US."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from service.core.codes.harmonized import HS_DIGITS, descriptions

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
IMPORTERS = ("US", "EU", "CN", "GB", "JP", "IN", "BR", "MX")
SHARE_OF_US = 0.8
ORIGINS = ("CN", "VN", "MX", "CA", "DE", "JP", "KR", "IN", "TH", "IT")
SUBHEADINGS = [code for code in descriptions() if len(code) == HS_DIGITS]
SOURCE = "https://events.example/desk"


def importer(chance: random.Random) -> str:
    """Four times of five the US."""
    return "US" if chance.random() < SHARE_OF_US else chance.choice(IMPORTERS[1:])


def codes(count: int, chance: random.Random) -> list[str]:
    """Six-digit codes spread over all chapters."""
    return chance.choices(SUBHEADINGS, k=count)


def rate_events(count: int, measures: int, *, run: str = "r") -> Iterator[dict[str, Any]]:
    """Each moves the rate of one of `measures`, and was known a second after the one before."""
    chance = random.Random(2025)
    kept = [_measure(number, run, chance) for number in range(measures)]
    for number in range(count):
        data = kept[number % measures]
        step = number // measures
        day = EPOCH + timedelta(days=step)
        yield {
            "specversion": "1.0",
            "id": f"{run}-{number}",
            "source": SOURCE,
            "type": "tariff.measure",
            "time": (EPOCH + timedelta(seconds=number)).isoformat(),
            "knownfrom": (EPOCH + timedelta(seconds=number)).isoformat(),
            "data": data
            | {
                "action": "increased" if step else "imposed",
                "duty": {
                    "components": [{"kind": "ad_valorem", "amount": str(10 + step % 80)}],
                    "basis": "component_total" if step else "additional",
                },
                "announced_at": day.date().isoformat(),
                "effective_at": (day + timedelta(hours=5, minutes=1)).isoformat(),
            },
        }


def _measure(number: int, run: str, chance: random.Random) -> dict[str, Any]:
    levies = importer(chance)
    origin = chance.choice([one for one in ORIGINS if one != levies])
    return {
        "measure": f"{levies.lower()}-{run}-{number}",
        "importer": levies,
        "origin": {"kind": "country", "members": [origin]},
        "product": {"scope": "codes", "include": sorted(set(codes(3, chance)))},
        "programme": f"S301-{number % 7}",
        "certainty": "instrument",
        "instrument": {"kind": "federal_register", "number": f"2025-{number:05}"},
        "evidence": [{"kind": "instrument", "url": f"https://law.example/{number}"}],
    }


def as_lines(events: list[dict[str, Any]], size: int) -> list[bytes]:
    """NDJSON bodies of `size` events each."""
    return [
        "\n".join(json.dumps(one) for one in events[start : start + size]).encode()
        for start in range(0, len(events), size)
    ]
