"""What time alone turns in a measure: a pure function of its fold.

At every date that the law layer names, the standing just before is compared with the standing
then: where the two do not differ, nothing turns, whatever the date was meant for.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from service.core.event import Action, Identity, Measure, Turn
from service.core.moment import Moment, read_moment
from service.core.standing.book import Book, Exemption, Pause, Term
from service.core.standing.entry import Entry, start_of
from service.core.standing.fold import Fold
from service.core.standing.measure import Phase, phase_at

AN_INSTANT = timedelta(microseconds=1)
"""How far before a date its eve is looked at: no date is stated more finely."""


@dataclass(frozen=True, slots=True)
class Turning:
    """`at` is the instant, `moment` the date as it was stated, `cause` the event that states it."""

    turn: Turn
    at: datetime
    moment: Moment
    cause: Identity


def turnings_of(fold: Fold, after: datetime) -> list[Turning]:
    """All that turns later than `after`, in the order of time."""
    if not fold.measures:
        return []
    found = [
        *_of_law(fold, after),
        *_of_exemptions(fold.book, after),
        *_of_threats(fold, after),
        *_of_transit(fold, after),
    ]
    return sorted(found, key=lambda one: (one.at, one.turn))


def turnings_at(fold: Fold, at: datetime) -> list[Turning]:
    """What turns at this very instant."""
    return [one for one in turnings_of(fold, eve_of(at)) if _is_at(one.at, at)]


def _is_at(one: datetime, other: datetime) -> bool:
    """Python holds an hour that a clock skips or says twice to equal nothing elsewhere."""
    return one.astimezone(UTC) == other.astimezone(UTC)


def eve_of(at: datetime) -> datetime:
    """The last instant before it, by no clock that is put back in autumn."""
    return at.astimezone(UTC) - AN_INSTANT


# The rate


def _of_law(fold: Fold, after: datetime) -> Iterator[Turning]:
    dates = {moment.at: moment for moment in _dates(fold.book) if moment.at > after}
    for at, moment in dates.items():
        eve, then = phase_at(fold.book, eve_of(at)), phase_at(fold.book, at)
        turn = _turn(eve, then)
        if turn:
            yield Turning(turn, at, moment, _cause(turn, fold, eve, then, at))


def _dates(book: Book) -> Iterator[Moment]:
    """Later ones of one instant count: a start is stated more exactly than another's end."""
    spans: list[Pause | Term] = [*book.pauses, *book.terms]
    ends = [one.until for one in spans] + [book.expires_at, book.ended and book.ended[0]]
    yield from (end for end in ends if end)
    yield from (end for _, end in book.voids)
    yield from (one.start for one in spans if one.start)


def _turn(eve: Phase, then: Phase) -> Turn | None:
    if eve.is_same(then):
        return None
    if then.status == "suspended":
        return Turn.SUSPENDED
    was_paused = eve.status == "suspended"
    if then.status in _IN_FORCE:
        is_back = was_paused and then.term is eve.term  # and no new rate in its place
        return Turn.RESUMED if is_back else Turn.ENTERED_INTO_FORCE
    if then.is_over:
        return None if eve.is_over else Turn.ENDED
    if was_paused:  # of a duty known by its pause alone, or before it ever began
        return Turn.RESUMED if then.status == "announced" else None
    return Turn.ENDED if eve.status in _IN_FORCE else None


_IN_FORCE = frozenset({"in_force", "provisional"})


def _cause(turn: Turn, fold: Fold, eve: Phase, then: Phase, at: datetime) -> Identity:
    """The event whose date it is."""
    if turn is Turn.ENTERED_INTO_FORCE and then.term:
        return then.term.cause
    pause = then.pause if turn is Turn.SUSPENDED else eve.pause
    if pause and turn is not Turn.ENDED:
        return pause.cause
    # A term runs out, or a pause that has outlived it, or what never had a day of its own.
    span = eve.term or eve.pause
    return _who_ends(fold, at) or (span.cause if span else fold.measures[-1][0].identity)


def _who_ends(fold: Fold, at: datetime) -> Identity | None:
    enders = (
        entry.identity for entry, data in reversed(fold.measures) if _is_end_of(entry, data, at)
    )
    return next(enders, None)


def _is_end_of(entry: Entry, data: Measure, at: datetime) -> bool:
    if not data.moves_law:
        return False
    expires = data.expires_at is not None and _is_at(data.expires_at.at, at)
    return expires or (data.action in _ENDING and _is_at(start_of(entry, data).at, at))


_ENDING = frozenset({Action.TERMINATED, Action.EXPIRED, Action.STRUCK_DOWN, Action.RULED_UNLAWFUL})


# Beside the rate


def _of_exemptions(book: Book, after: datetime) -> Iterator[Turning]:
    """Only while there is a duty to be let off, and where its goods are not let off anyway."""
    for one in book.exemptions:
        ends = ((Turn.EXEMPTION_GRANTED, one.start), (Turn.EXEMPTION_ENDED, one.until))
        for turn, moment in ends:
            if moment and moment.at > after and phase_at(book, moment.at).status in _IN_FORCE:
                eve, then = (_is_exempt(book, one, at) for at in (eve_of(moment.at), moment.at))
                if eve is not then and then is (turn is Turn.EXEMPTION_GRANTED):
                    yield Turning(turn, moment.at, moment, one.cause)


def _is_exempt(book: Book, like: Exemption, at: datetime) -> bool:
    return any(
        one.start.at <= at and (one.until is None or at < one.until.at)
        for one in book.exemptions
        if one.product == like.product
    )


def _of_threats(fold: Fold, after: datetime) -> Iterator[Turning]:
    """Deadlines of threats that nobody took back, carried out or denied."""
    settled = fold.denied.union(fold.ends)
    for entry, data in fold.claims:
        deadline = data.condition.deadline if data.condition else None
        is_open = data.action is Action.THREATENED and entry.identity not in settled
        if is_open and deadline and deadline.end > after:
            yield Turning(Turn.THREAT_LAPSED, deadline.end, deadline, entry.identity)


def _of_transit(fold: Fold, after: datetime) -> Iterator[Turning]:
    """Goods on their way are let off until then; a window is worth nothing while no duty is."""
    made = {one.cause for one in fold.book.terms}
    for entry, data in fold.measures:
        if data.apply and entry.identity in made:
            for moment in _windows(data):
                phase = phase_at(fold.book, moment.at)
                if moment.at > after and phase.status in _IN_FORCE:
                    yield Turning(Turn.IN_TRANSIT_CLOSED, moment.at, moment, entry.identity)


def in_transit(data: Measure) -> dict[str, Moment]:
    """`loaded_before` and `entered_before`, as far as they are stated and can be read.

    `apply` is passed on as it came: it may hold anything.
    """
    stated = (data.apply or {}).get("in_transit")
    found: dict[str, Moment] = {}
    for name in ("loaded_before", "entered_before"):
        with suppress(KeyError, TypeError, ValueError):
            found[name] = read_moment(stated[name], data.importer)  # type: ignore[index]
    return found


def _windows(data: Measure) -> Iterator[Moment]:
    """Where loading ends simply as the duty starts, that is told as its start."""
    for name, moment in in_transit(data).items():
        start = data.effective_at if name == "loaded_before" else None
        if start is None or not start.is_same_start(moment):
            yield moment
