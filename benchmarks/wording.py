"""What it costs to say a change, in each language: once a change and language, and each time.

The changes are those of 2025. A body is prepared once for all receivers who read one language;
writing it and a letter are done for each. The baseline of other languages is English.
"""

from collections.abc import Callable, Sequence
from time import process_time
from uuid import UUID

from benchmarks.figures import Figure
from benchmarks.rooms import Ground
from service.core.change import Change
from service.core.change.derive import weigh
from service.core.event import read_event
from service.core.language import Language, Tongue, tongue_for
from service.core.message import Addressed, Told, prepare, write_body
from service.core.message.letter import letter
from service.core.standing.history import Entry, History
from service.events_of_2025 import read_year

TOLD = Told("sub_1", "Everything of China", "it is on goods of China")
ADDRESSED = Addressed(UUID(int=1), "urn:b", "http://b/schema", "http://b", (TOLD,))


async def measure(_ground: Ground, *, quick: bool) -> list[Figure]:
    changes, rounds = read_changes(), 5 if quick else 30
    figures: list[Figure] = []
    for language in Language:
        english = figures[:3]
        found = _measure_one(changes, tongue_for(language), rounds)
        figures += [
            Figure(
                name=f"{what}, {language}",
                value=micros,
                unit="µs of CPU",
                baseline=english[place].value if english else None,
                ratio_at_most=2 if english else None,
            )
            for place, (what, micros) in enumerate(found)
        ]
    return figures


def read_changes() -> list[Change]:
    """All that the events of the year make."""
    held: dict[str, History] = {}
    found = []
    for raw in read_year():
        event = read_event(raw)
        subject, known = str(event.subject), event.knownfrom
        if known is None:
            continue
        derived = weigh(Entry(event, known, known), held.get(subject, History(subject)))
        held[subject] = derived.history
        if derived.change:
            found.append(derived.change)
    return found


def _measure_one(changes: Sequence[Change], tongue: Tongue, rounds: int) -> list[tuple[str, float]]:
    prepared = [prepare(one, tongue) for one in changes]
    deeds: dict[str, Callable[[], object]] = {
        "prepare a change": lambda: [prepare(one, tongue) for one in changes],
        "write a body": lambda: [write_body(one, ADDRESSED) for one in prepared],
        "write a letter": lambda: [letter(one, ADDRESSED, None, tongue) for one in changes],
    }
    return [(name, _best(deed, rounds) / len(changes) * 1e6) for name, deed in deeds.items()]


def _best(deed: Callable[[], object], rounds: int) -> float:
    """CPU seconds, the best of several: what is slower was disturbed."""
    seconds = []
    for _ in range(rounds):
        begun = process_time()
        deed()
        seconds.append(process_time() - begun)
    return min(seconds)
