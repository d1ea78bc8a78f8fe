"""Whether a database and a log belong together, judged from what each says of the other.

Pure: no question is asked here. What a verdict says to do is done in `identity`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.log import Mark, Position

Place = tuple[str, int]
"""A topic and one of its partitions."""

ADOPT = "tariffwire adopt"
RELEASE = "tariffwire send release"


class WrongLog(Exception):
    """This database and this log do not belong together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDatabase:
    """What a database says of itself.

    `name` is the deployment's name under which it was served last, None before the first; `asked`
    the other name for which sending was held, until it is released. `judged` are the marks for
    which it was held: they are not judged again. `hold` is why sending is held now. `is_confirmed`:
    a person knows that it was restored, and has released sending.
    """

    deployment: str
    log_id: str | None = None
    bookmarks: Mapping[Place, Position] = field(default_factory=dict)
    judged: Mapping[Place, int] = field(default_factory=dict)
    name: str | None = None
    asked: str | None = None
    has_alerted: bool = False
    hold: str | None = None
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfLog:
    """What a log says of itself: its ends, and how far a database had come when it last said so.

    Marks are asked before the bookmarks and ends after them: in a pair that fits, mark ≤ bookmark
    ≤ end then holds however busy the pair is meanwhile.
    """

    id: str
    ends: Mapping[Place, int] = field(default_factory=dict)
    marks: Mapping[Place, Mark] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`refusal` says why not to serve, `hold` why nothing may be sent at first; empty: neither.

    `is_short`: it is refused because the log ends too early, which may pass: a broker just
    restarted needs a moment to know its ends. The rest is what the database is to remember.
    """

    refusal: str = ""
    is_short: bool = False
    hold: str = ""
    judged: Mapping[Place, int] = field(default_factory=dict)
    name: str | None = None
    asked: str | None = None


def fit(books: OfDatabase, log: OfLog, name: str) -> Verdict:
    """The verdict on serving `books` with `log` under this deployment name ("": any)."""
    refusal = _find_other_log(books, log) or _find_other_database(books, log)
    short = "" if refusal else _find_short(books, log)
    if refusal or short:
        return Verdict(refusal=refusal or short, is_short=bool(short))
    ahead = {place: mark.next for place, mark in log.marks.items() if _is_ahead(mark, place, books)}
    fresh = {place: mark for place, mark in ahead.items() if books.judged.get(place) != mark}
    # What was judged stays so: others may have asked for the marks before they were mended.
    judged = {**books.judged, **ahead}
    kept, asked = _name(books, name)
    reasons = [_say_restored(books, fresh)] if fresh and not books.is_confirmed else []
    if asked is not None and asked != books.asked:
        reasons.append(_say_renamed(books.name, asked))
    return Verdict(hold="; ".join(reasons), judged=judged, name=kept, asked=asked)


def _find_other_log(books: OfDatabase, log: OfLog) -> str:
    """Bookmarks mean nothing in a log that they were not set on."""
    theirs = {one.log_id for one in books.bookmarks.values()} | {books.log_id or log.id}
    others = sorted(theirs - {log.id})
    if not others:
        return ""
    return (
        f"{WrongLog.__doc__} Its bookmarks were set on log {others[0]}, and this is log {log.id}:"
        " open the log that belongs to this database (TARIFFWIRE_LOG_URL), or restore both from"
        f" one backup, or, to go on with this log from its start: {ADOPT}."
    )


def _find_other_database(books: OfDatabase, log: OfLog) -> str:
    """A mark without a name is of some other tool, and says nothing."""
    for (topic, partition), mark in sorted(log.marks.items(), key=_by_place):
        if mark.deployment not in {"", books.deployment}:
            return (
                f"Another database follows this log: deployment {mark.deployment} has read"
                f" {topic}/{partition} up to {mark.next}, and this is"
                f" {books.deployment or 'a new one'}. Give each"
                " database a log of its own (TARIFFWIRE_LOG_URL), or, if the other is gone for"
                f" good: {ADOPT}."
            )
    return ""


def _find_short(books: OfDatabase, log: OfLog) -> str:
    for (topic, partition), held in sorted(books.bookmarks.items(), key=_by_place):
        end = log.ends.get((topic, partition), 0)
        if held.next > end:
            return (
                f"The log is older than this database: {topic}/{partition} ends at {end}, and the"
                f" database has read up to {held.next}, {held.next - end} further. Restore a log"
                f" that was copied after the database, or say that they belong together: {ADOPT}."
                " What was consumed is safe in the database; the log is then read from its start,"
                " and what it repeats is known by its identity."
            )
    return ""


def _by_place(item: tuple[Place, object]) -> Place:
    return item[0]


def _is_ahead(mark: Mark, place: Place, books: OfDatabase) -> bool:
    held = books.bookmarks.get(place)
    return mark.deployment == books.deployment and mark.next > (held.next if held else 0)


def _say_restored(books: OfDatabase, marks: Mapping[Place, int]) -> str:
    (topic, partition), mark = max(marks.items(), key=lambda item: item[1])
    held = books.bookmarks.get((topic, partition))
    return (
        f"the database is older than its log: it had read {topic}/{partition} up to {mark}, and"
        f" stands at {held.next if held else 0} now, as after a restore. It reads the log again"
        " from there; what it sends may have been sent before, under the same ids"
    )


def _say_renamed(former: str | None, name: str) -> str:
    known = f"last served as {former!r}" if former is not None else "served without a name before"
    return f"the database was {known}, and this is {name!r}: a copy must not write to customers"


def _name(books: OfDatabase, given: str) -> tuple[str | None, str | None]:
    """The name to keep, and the one that waits for a release.

    A name that was asked for is taken once the hold is gone: a person has released it. Books that
    never alerted anyone take their first name at once; others may be a copy of nameless ones.
    """
    is_first = books.name is None and not books.has_alerted
    is_released = given == books.asked and books.hold is None
    if not given or given == books.name:
        return books.name, None
    if is_first or is_released:
        return given, None
    return books.name, given
