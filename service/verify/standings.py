"""Standings: every history folded again gives the outcomes, changes and counts recorded."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from service.core.change.rebuild import Heard, Kept, rebuild
from service.store.audit import read_subjects
from service.store.standings.recorded import read_heard, read_kept
from service.verify.books import Books
from service.verify.finding import Finding

CHECK = "standings"
EVENTS = 2_000
"""Held in memory at once, unless one subject has more."""


async def check_standings(books: Books) -> AsyncIterator[Finding]:
    """Subject by subject, by key; the count is of events."""
    folded = 0
    async for rows in books.pages("subjects", read_subjects, "key"):
        for group in _groups(rows):
            keys = [row.key for row in group]
            kept, unreadable = await read_kept(books.session, keys)
            heard = await read_heard(books.session, keys)
            for number, said in unreadable.items():
                yield Finding(
                    CHECK, f"event {number}", f"has a content that cannot be read: {said}"
                )
            for row in group:
                for one in _judge(row, kept.get(row.key, []), heard.get(row.key, [])):
                    yield one
            folded += sum(map(len, kept.values()))
            books.counted[CHECK] = folded
            books.tell(CHECK, folded)


def _groups(rows: Sequence[Any]) -> Iterator[list[Any]]:
    """Some subjects at a time."""
    group: list[Any] = []
    held = 0
    for row in rows:
        if group and held + row.events > EVENTS:
            yield group
            group, held = [], 0
        group.append(row)
        held += row.events
    if group:
        yield group


def _judge(row: Any, kept: Sequence[Kept], heard: Sequence[Heard]) -> Iterator[Finding]:
    found = rebuild(row.key, kept, heard)
    for one, said in found.misfits:
        source, name = one.entry.identity
        yield Finding(CHECK, f"event {one.number} ({source} {name})", said)
    history = found.history
    counts = {
        "events": (row.events, history.size),
        "changes": (row.sequence, history.sequence),
        "last change": (row.last_change, history.last_change),
    }
    for what, (recorded, made) in counts.items():
        if recorded != made:
            said = f"records {recorded} as its {what}, and its events give {made}"
            yield Finding(CHECK, f"subject {row.key}", said)
            return
