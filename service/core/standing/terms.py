"""Writing the terms of a measure: from when on it charges what."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from service.core.duty import Basis, Duty
from service.core.event import Action, Measure
from service.core.moment import Moment
from service.core.standing.book import Book, Pause, Span, Term
from service.core.standing.entry import Entry, law_of, start_of

NEVER = datetime.max.replace(tzinfo=UTC)


_MAY_LEAVE_RATE = frozenset({Action.AMENDED, Action.CORRECTED, Action.EXEMPTION_ENDED})


def set_term(book: Book, entry: Entry, data: Measure) -> None:
    """A duty from a date, or until one; a later word for the same start takes its place."""
    if data.duty is None and data.action in _MAY_LEAVE_RATE and book.terms:
        return
    start = data.effective_at
    if data.action is Action.IMPOSED:
        _begin_again(book, start_of(entry, data))
    for other in book.terms:
        if start and other.start and start.is_same_start(other.start):
            start = start.finer(other.start)
    term = Term(
        start,
        data.until,
        own_duty(book, data.duty),
        entry.identity,
        law_of(data),
        provisional=data.action is Action.DETERMINATION_PRELIMINARY,
    )
    book.terms = [other for other in book.terms if not _displaces(term, other)] + [term]


def _begin_again(book: Book, start: Moment) -> None:
    """Imposed anew: what had run out by then stays over, and the measure lives again.

    A source that is late with a start which we hold brings nothing back.
    """
    over = book.first_end
    is_held = any(one.start and one.start.is_same_start(start) for one in book.terms)
    if over and is_held and start.at < over.at:
        return
    if over and over.at <= start.at:
        book.terms = [cut(one, over) for one in book.terms if one.start and one.start.at < over.at]
        book.pauses = [cut(one, over) for one in book.pauses if one.start.at < over.at]
        book.expires_at = None
    book.ended = None


def cut(span: Span, end: Moment) -> Span:
    """To end then, if it lasts longer."""
    return replace(span, until=end) if span.until is None or span.until.at > end.at else span


def own_duty(book: Book, duty: Duty | None) -> Duty | None:
    """A restated total keeps the basis that the measure had."""
    if duty is None or duty.basis is not Basis.COMPONENT_TOTAL:
        return duty
    former = next((term.duty.basis for term in reversed(book.terms) if term.duty), Basis.ADDITIONAL)
    return duty.on_basis(former)


def _displaces(new: Term, other: Term) -> bool:
    """A later text for the same start replaces the former; a date replaces "no date yet"."""
    if other.start is None:
        return True
    same_start = new.start is not None and new.start.is_same_start(other.start)
    return same_start and (new.until is None or other.until is not None)


def correct(book: Book, entry: Entry, data: Measure) -> None:
    """Restates a term: the figure of that which was written last, or the date of the only one."""
    start, duty = data.effective_at, own_duty(book, data.duty)
    if duty is None or not book.terms:
        set_term(book, entry, data)
        return
    former = book.terms[-1]
    if start:
        held = [one for one in book.terms if one.start and one.start.is_same_start(start)]
        alike = [one for one in book.terms if one.duty == duty]
        if held or len(alike) != 1:
            set_term(book, entry, data)
            return
        former = alike[0]
    restated = replace(
        former,
        start=start or former.start,
        until=data.until or former.until,
        duty=duty,
        law=law_of(data),
        cause=entry.identity,
    )
    book.terms = [one for one in book.terms if one is not former] + [restated]


def delay(book: Book, entry: Entry, data: Measure) -> None:
    """Moves what is still ahead: a term, else a pause, else the end; else what began last."""
    moment = (data.announced_at or Moment(entry.known_at)).at
    duty = own_duty(book, data.duty)
    ahead = [one for one in book.terms if one.start is None or one.start.at > moment]
    pauses = [one for one in book.pauses if one.start.at > moment]
    if ahead:
        _delay_term(book, entry, data, _alike(ahead, duty)[0])
    elif pauses:
        _delay_pause(book, data, min(pauses, key=start_key))
    elif book.ended and book.ended[0].at > moment:
        book.ended = (data.effective_at, book.ended[1]) if data.effective_at else None
    elif book.terms:
        _delay_term(book, entry, data, _alike(book.terms, duty)[-1])
    else:
        set_term(book, entry, data)


def _alike(terms: Iterable[Term], duty: Duty | None) -> list[Term]:
    """In the order of their starts, without a date last; of the named duty, if any has that."""
    ordered = sorted(terms, key=start_key)
    return [one for one in ordered if duty and one.duty == duty] or ordered


def start_key(span: Span) -> datetime:
    """To order by; without a date it comes last."""
    return span.start.at if span.start else NEVER


def _delay_term(book: Book, entry: Entry, data: Measure, term: Term) -> None:
    duty = own_duty(book, data.duty) or term.duty
    cause, law = entry.identity, law_of(data)
    moved = replace(term, start=data.effective_at, duty=duty, law=law, cause=cause)
    book.terms = [one for one in book.terms if one is not term] + [moved]


def _delay_pause(book: Book, data: Measure, pause: Pause) -> None:
    """Without a new date nobody can say that it will begin."""
    start = data.effective_at
    later = [replace(pause, start=start, law=law_of(data))] if start else []
    book.pauses = [one for one in book.pauses if one is not pause] + later


def authorise(book: Book, _entry: Entry, _data: Measure) -> None:
    """It may be applied, and is not."""
    book.opening = "authorised_not_applied"


def investigate(book: Book, _entry: Entry, _data: Measure) -> None:
    """What is asked for, or owed meanwhile under another law, is no rate of it yet."""
    book.opening = "under_investigation"


def determine(book: Book, entry: Entry, data: Measure) -> None:
    """A rate, for the time being or for good; without one it is still looked into."""
    book.opening = "under_investigation"
    if data.duty is not None:
        set_term(book, entry, data)
