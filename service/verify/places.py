"""Places: bookmarks within the log, and outboxes that are moved on."""

from collections.abc import AsyncIterator, Mapping

from service.log import TOPICS, Log, LogUnavailable
from service.store.arrivals.progress import Place, list_places
from service.store.audit import find_outboxes
from service.verify.books import Books
from service.verify.finding import Finding, Kind


async def check_bookmarks(books: Books, log: Log | None) -> AsyncIterator[Finding]:
    """Each stands in this log, and not past its end, which is asked after the bookmark was."""
    places = await list_places(books.session)
    books.counted["bookmarks"] = len(places)
    if log is None or not places:
        return
    try:
        ends = {topic: await log.ends(topic) for topic in TOPICS}
        found = list(_judge(places, log.id, ends))
    except LogUnavailable as error:
        found = [Finding("bookmarks", "the log", f"was not looked at: {error}", Kind.NOTE)]
    for one in found:
        yield one


def _judge(
    places: Mapping[tuple[str, int], Place], log_id: str, ends: Mapping[str, Mapping[int, int]]
) -> list[Finding]:
    found = []
    for (topic, partition), place in sorted(places.items()):
        end = ends.get(topic, {}).get(partition, 0)
        said = ""
        if place.log_id != log_id:
            said = f"was set on log {place.log_id}, and this is log {log_id}"
        elif place.next > end:
            said = f"stands at {place.next}, and the log ends at {end}"
        if said:
            found.append(Finding("bookmarks", f"the bookmark of {topic}/{partition}", said))
    return found


async def check_outboxes(books: Books) -> AsyncIterator[Finding]:
    """Empty, or on the move."""
    outboxes = await find_outboxes(books.session)
    books.counted["outbox"] = sum(waiting for waiting, _ in outboxes.values())
    for topic, (waiting, since) in sorted(outboxes.items()):
        if books.is_overdue(since):
            said = (
                f"holds {waiting} events, the oldest since {since.isoformat()}, and nobody moves"
                " them on: does a process with the role publish run, and does it reach the log?"
            )
            yield Finding("outbox", f"the outbox of {topic}", said, Kind.OVERDUE)
