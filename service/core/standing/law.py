"""The law layer of a measure: its terms, pauses, exemptions and end, as the texts left them.

Built only from events that can move law (certainty `instrument` or `announced`, no threats), in
fold order. Nothing here depends on the instant asked; `measure.py` reads the book at an instant.
"""

from collections.abc import Callable, Iterable

from service.core.certainty import Certainty
from service.core.event import Action, Measure
from service.core.moment import Moment
from service.core.standing import beside, terms
from service.core.standing.book import Book
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
    if _is_same(said.announced_at, text.announced_at, unknown=False):
        return _is_same(said.effective_at, text.effective_at, unknown=True)
    states_figure = said.duty is not None and said.duty == text.duty
    if said.effective_at is None:  # that neither is dated makes no step of the two
        return states_figure and text.effective_at is None
    same_start = _is_same(said.effective_at, text.effective_at, unknown=False)
    return same_start and said.duty == text.duty


def _is_same(one: Moment | None, other: Moment | None, *, unknown: bool) -> bool:
    if one is None or other is None:
        return unknown and one is other
    return one.is_same_start(other)


_ABOUT_SOME_GOODS = frozenset(
    {Action.EXEMPTED, Action.EXEMPTION_ENDED, Action.SCOPE_EXTENDED, Action.SCOPE_REDUCED}
)


_BESIDE_THE_RATE = _ABOUT_SOME_GOODS | {Action.RULED_UNLAWFUL}


_HANDLERS: dict[Action, Callable[[Book, Entry, Measure], None]] = {
    Action.IMPOSED: terms.set_term,
    Action.INCREASED: terms.set_term,
    Action.DECREASED: terms.set_term,
    Action.AMENDED: terms.set_term,
    Action.CORRECTED: terms.correct,
    Action.SCOPE_EXTENDED: beside.rescope,
    Action.SCOPE_REDUCED: beside.rescope,
    Action.EXEMPTED: beside.exempt,
    Action.EXEMPTION_ENDED: beside.end_exemption,
    Action.SUSPENDED: beside.suspend,
    Action.RESUMED: beside.resume,
    Action.DELAYED: terms.delay,
    Action.EXTENDED: beside.extend,
    Action.TERMINATED: beside.end,
    Action.EXPIRED: beside.end,
    Action.STRUCK_DOWN: beside.end,
    Action.RULED_UNLAWFUL: beside.rule,
    Action.AUTHORISED: terms.authorise,
    Action.INVESTIGATION_OPENED: terms.investigate,
    Action.DETERMINATION_PRELIMINARY: terms.determine,
    Action.DETERMINATION_FINAL: terms.determine,
}
