"""The clock's event as it stands on the log: for one tick always the same bytes, or nearly so."""

import json

from service.core.event import Handling, Tick


def write_tick(tick: Tick, handling: Handling) -> bytes:
    """Structured JSON. Only `handling` may differ from one writing to another."""
    source, name = tick.identity
    event = {
        "specversion": "1.0",
        "id": name,
        "source": source,
        "type": "tariff.clock",
        "subject": tick.subject[:300],
        "handling": handling.value,
        "data": tick.model_dump(mode="json", exclude_none=True),
    }
    return json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
