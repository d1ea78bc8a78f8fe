"""The law layer of a measure: its terms, pauses, exemptions and end, as the texts left them.

Built only from events that can move law (certainty `instrument` or `announced`, no threats), in
fold order. Nothing here depends on the instant asked; `standing.py` reads the book at an instant.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from service.core.certainty import Certainty
from service.core.duty import Basis, Duty
from service.core.event import Action, Instrument, Measure
from service.core.moment import Moment
from service.core.standing.book import Book, Exemption, Pause, Ruling, ScopeStep, Span, Term
from service.core.standing.entry import Entry


def keep_book(measures: Iterable[tuple[Entry, Measure]]) -> Book:
    """All law-moving events of one measure, in fold order, written into one book."""
    book = Book()
    for entry, data in law_among(measures):
        _write(book, entry, data)
    return book


def extend_book(
    book: Book, measures: Iterable[tuple[Entry, Measure]], entry: Entry, data: Measure
) -> Book | None:
    """The book of `measures` after one more event; None where an earlier one gives way to it."""
    if not data.moves_law:
        return book
    if data.certainty is Certainty.INSTRUMENT:
        declared = (other for _, other in measures if other.certainty is Certainty.ANNOUNCED)
        if any(gives_way(other, data) for other in declared):  # of one action: it moves law too
            return None
    elif any(gives_way(data, other) for _, other in measures if other.moves_law):
        return book
    longer = book.copy()
    _write(longer, entry, data)
    return longer


def _write(book: Book, entry: Entry, data: Measure) -> None:
    _HANDLERS[data.action](book, entry, data)
    if data.expires_at:
        book.expires_at = data.expires_at
    if data.action not in _ABOUT_SOME_GOODS or book.last is None:
        book.last = data
    if data.action not in _BESIDE_THE_RATE or book.certainty is None:
        book.certainty = data.certainty


def law_among(measures: Iterable[tuple[Entry, Measure]]) -> list[tuple[Entry, Measure]]:
    """The events that make law: a declaration gives way to the legal text of the same step."""
    law = [one for one in measures if one[1].moves_law]
    return [
        (entry, data)
        for entry, data in law
        if data.certainty is Certainty.INSTRUMENT
        or not any(gives_way(data, other) for _, other in law)
    ]


def gives_way(said: Measure, text: Measure) -> bool:
    """Whether `text` is the law of what `said` declares, whichever of the two is heard first."""
    if said.certainty >= text.certainty or said.action is not text.action:
        return False
    same_start = _is_same(said.effective_at, text.effective_at, unknown=True)
    return same_start and (
        said.duty == text.duty or _is_same(said.announced_at, text.announced_at, unknown=False)
    )


def _is_same(one: Moment | None, other: Moment | None, *, unknown: bool) -> bool:
    if one is None or other is None:
        return unknown and one is other
    return one.is_same_start(other)


def start_of(entry: Entry, data: Measure) -> Moment:
    """When it takes effect; where nothing is stated, when it was announced or known."""
    return data.effective_at or data.announced_at or Moment(entry.known_at)


def law_of(data: Measure) -> tuple[Instrument, ...]:
    """Everything the event cites, its own instrument first."""
    return ((data.instrument,) if data.instrument else ()) + data.citations


def _set_term(book: Book, entry: Entry, data: Measure) -> None:
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
        _own_duty(book, data.duty),
        entry.identity,
        law_of(data),
        provisional=data.action is Action.DETERMINATION_PRELIMINARY,
    )
    book.terms = [other for other in book.terms if not _displaces(term, other)] + [term]


def _begin_again(book: Book, start: Moment) -> None:
    """Imposed anew: what had run out by then stays over, and the measure lives again."""
    over = book.ended[0] if book.ended else book.expires_at
    if over and over.at <= start.at:
        book.terms = [_cut(one, over) for one in book.terms if one.start and one.start.at < over.at]
        book.pauses = [_cut(one, over) for one in book.pauses if one.start.at < over.at]
        book.expires_at = None
    book.ended = None


def _cut(span: Span, end: Moment) -> Span:
    return replace(span, until=end) if span.until is None or span.until.at > end.at else span


def _own_duty(book: Book, duty: Duty | None) -> Duty | None:
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


def _delay(book: Book, entry: Entry, data: Measure) -> None:
    """Moves the term still ahead: the one of the same duty, else the next to come."""
    moment = (data.announced_at or Moment(entry.known_at)).at
    ahead = [one for one in book.terms if one.start is None or one.start.at > moment]
    duty = _own_duty(book, data.duty)
    alike = [one for one in ahead if duty and one.duty == duty]
    chosen = (alike or ahead or book.terms)[:1]
    if not chosen:
        _set_term(book, entry, data)
        return
    moved = replace(
        chosen[0],
        start=data.effective_at,
        duty=duty or chosen[0].duty,
        law=law_of(data),
        cause=entry.identity,
    )
    book.terms = [one for one in book.terms if one is not chosen[0]] + [moved]


def _suspend(book: Book, entry: Entry, data: Measure) -> None:
    book.pauses.append(
        Pause(start_of(entry, data), data.until, data.duty, entry.identity, law_of(data))
    )


def _resume(book: Book, entry: Entry, data: Measure) -> None:
    end = start_of(entry, data)
    book.pauses = [_cut(pause, end) for pause in book.pauses if pause.start.at < end.at]


def _extend(book: Book, entry: Entry, data: Measure) -> None:
    """A longer pause, else a longer temporary term, else a later end of the measure."""
    if data.until is None:
        return
    since = start_of(entry, data).at
    running = any(one.until is None or one.until.at >= since for one in book.pauses)
    temporary = bool(book.terms) and book.terms[-1].until is not None
    if running or (book.pauses and not temporary):
        last = book.pauses[-1]
        start = data.effective_at or last.until or last.start
        start = min(start, last.until or start, key=_instant)
        duty = data.duty or last.duty
        book.pauses.append(Pause(start, data.until, duty, entry.identity, law_of(data)))
    elif temporary:
        book.terms[-1] = replace(book.terms[-1], until=data.until, law=law_of(data))
    else:
        book.expires_at = data.until


def _instant(moment: Moment) -> datetime:
    return moment.at


def _end(book: Book, entry: Entry, data: Measure) -> None:
    status = {Action.EXPIRED: "expired", Action.STRUCK_DOWN: "struck_down"}
    book.ended = (start_of(entry, data), status.get(data.action, "terminated"))


def _rule(book: Book, entry: Entry, data: Measure) -> None:
    start = start_of(entry, data)
    book.rulings.append(Ruling(start, data.stayed, entry.identity))
    if data.stayed is False:
        book.ended = (start, "struck_down")
    elif data.stayed and book.ended and book.ended[1] == "struck_down":
        book.ended = None  # the stay gives the measure its effect back


def _exempt(book: Book, entry: Entry, data: Measure) -> None:
    start = start_of(entry, data)
    book.exemptions.append(Exemption(data.product, start, data.until, entry.identity))


def _end_exemption(book: Book, entry: Entry, data: Measure) -> None:
    start = start_of(entry, data)
    book.exemptions = [
        replace(one, until=start) if one.product == data.product and one.until is None else one
        for one in book.exemptions
    ]
    if not book.terms:
        # A measure known only by the end of an exemption charges something we were not told.
        _set_term(book, entry, data)


def _rescope(book: Book, entry: Entry, data: Measure) -> None:
    if not book.terms:
        _set_term(book, entry, data)
        return
    extended = data.action is Action.SCOPE_EXTENDED
    step = ScopeStep(data.product, start_of(entry, data), extended, entry.identity)
    book.scope_steps.append(step)


def _authorise(book: Book, _entry: Entry, _data: Measure) -> None:
    book.opening = "authorised_not_applied"


def _investigate(book: Book, entry: Entry, data: Measure) -> None:
    book.opening = "under_investigation"
    if data.duty is not None:
        _set_term(book, entry, data)


_MAY_LEAVE_RATE = frozenset({Action.AMENDED, Action.CORRECTED, Action.EXEMPTION_ENDED})


_ABOUT_SOME_GOODS = frozenset(
    {Action.EXEMPTED, Action.EXEMPTION_ENDED, Action.SCOPE_EXTENDED, Action.SCOPE_REDUCED}
)


_BESIDE_THE_RATE = _ABOUT_SOME_GOODS | {Action.RULED_UNLAWFUL}


_HANDLERS: dict[Action, Callable[[Book, Entry, Measure], None]] = {
    Action.IMPOSED: _set_term,
    Action.INCREASED: _set_term,
    Action.DECREASED: _set_term,
    Action.AMENDED: _set_term,
    Action.CORRECTED: _set_term,
    Action.SCOPE_EXTENDED: _rescope,
    Action.SCOPE_REDUCED: _rescope,
    Action.EXEMPTED: _exempt,
    Action.EXEMPTION_ENDED: _end_exemption,
    Action.SUSPENDED: _suspend,
    Action.RESUMED: _resume,
    Action.DELAYED: _delay,
    Action.EXTENDED: _extend,
    Action.TERMINATED: _end,
    Action.EXPIRED: _end,
    Action.STRUCK_DOWN: _end,
    Action.RULED_UNLAWFUL: _rule,
    Action.AUTHORISED: _authorise,
    Action.INVESTIGATION_OPENED: _investigate,
    Action.DETERMINATION_PRELIMINARY: _investigate,
    Action.DETERMINATION_FINAL: _investigate,
}
