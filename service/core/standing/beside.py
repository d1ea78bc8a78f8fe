"""Writing what stands beside the rate: pauses, the end, rulings, and whose goods it is not on."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from service.core.event import Action, Measure, Product
from service.core.moment import Moment, instant_of
from service.core.standing.book import Book, Exemption, Pause, Ruling, ScopeStep, Term
from service.core.standing.entry import Entry, law_of, start_of
from service.core.standing.terms import NEVER, cut, own_duty, set_term, start_key


def suspend(book: Book, entry: Entry, data: Measure) -> None:
    """From its start no rate is owed but the one that it states."""
    book.pauses.append(
        Pause(start_of(entry, data), data.until, data.duty, entry.identity, law_of(data))
    )


def resume(book: Book, entry: Entry, data: Measure) -> None:
    """Ends the pause that runs, with what prolongs it; where none runs, those to come."""
    end = start_of(entry, data)
    over = _running(book.pauses, end) or [one for one in book.pauses if one.start.at >= end.at]
    book.pauses = [cut(one, end) if one in over else one for one in book.pauses]
    book.pauses = [one for one in book.pauses if not one.until or _begins(one, one.until)]
    current = _begun(book.terms, end)
    if data.duty and current and own_duty(book, data.duty) != current.duty:
        set_term(book, entry, data.model_copy(update={"effective_at": end}))


def _running(pauses: Iterable[Pause], at: Moment) -> list[Pause]:
    """Those that cover the instant, and those that follow on them without a gap."""
    found: list[Pause] = []
    last: datetime | None = None
    for one in sorted(pauses, key=start_key):
        end = one.until.at if one.until else NEVER
        covers = one.start.at < at.at < end
        if covers or (last and one.start.at <= last):
            found.append(one)
            last = max(last or end, end)
    return found


def _begun(terms: Iterable[Term], at: Moment) -> Term | None:
    """The one that began last by then."""
    found = [one for one in terms if one.start and one.start.at <= at.at]
    return max(found, key=start_key, default=None)


def extend(book: Book, entry: Entry, data: Measure) -> None:
    """Another end of a pause, else of a temporary term, else of the measure; mostly a later one."""
    if data.until is None:
        return
    since = start_of(entry, data).at
    running = any(one.until is None or one.until.at >= since for one in book.pauses)
    temporary = bool(book.terms) and book.terms[-1].until is not None
    if running or (book.pauses and not temporary and not book.expires_at):
        _end_pause(book, entry, data, data.until)
    elif temporary:
        book.terms[-1] = replace(book.terms[-1], until=data.until, law=law_of(data))
    else:
        book.expires_at = data.until


def _end_pause(book: Book, entry: Entry, data: Measure, end: Moment) -> None:
    """Prolongs the pause that runs, or ends it earlier; where none runs, that about then."""
    said = data.announced_at or Moment(entry.known_at)
    meant = _running(book.pauses, said) or _running(book.pauses, end)
    meant = meant or [one for one in book.pauses if _begins(one, end)] or book.pauses[-1:]
    last = max(meant, key=_end_key)
    duty = data.duty or last.duty
    start = data.effective_at or last.until or last.start
    start = min(start, last.until or start, key=instant_of)
    if end.at < _end_key(last):
        book.pauses = [cut(one, end) if one in meant else one for one in book.pauses]
        book.pauses = [one for one in book.pauses if not one.until or _begins(one, one.until)]
        start = max(data.effective_at or said, said, key=instant_of)
    if duty != last.duty or _end_key(last) < end.at:
        book.pauses.append(Pause(start, end, duty, entry.identity, law_of(data)))


def _end_key(pause: Pause) -> datetime:
    return pause.until.at if pause.until else NEVER


def _begins(pause: Pause, end: Moment) -> bool:
    return pause.start.at < end.at


def end(book: Book, entry: Entry, data: Measure) -> None:
    """What ended it is what it is called from then on."""
    status = {Action.EXPIRED: "expired", Action.STRUCK_DOWN: "struck_down"}
    book.ended = (start_of(entry, data), status.get(data.action, "terminated"))


def rule(book: Book, entry: Entry, data: Measure) -> None:
    """A ruling in effect strikes down; a stay gives the effect back from then on."""
    start = start_of(entry, data)
    book.rulings.append(Ruling(start, data.stayed, entry.identity))
    if data.stayed is False:
        book.ended = (start, "struck_down")
    elif data.stayed and book.ended and book.ended[1] == "struck_down":
        if book.ended[0].at < start.at:
            book.voids.append((book.ended[0], start))
        book.ended = None  # the stay gives the measure its effect back, from then on


def exempt(book: Book, entry: Entry, data: Measure) -> None:
    """Some goods are let off; the rate stays."""
    start = start_of(entry, data)
    book.exemptions.append(Exemption(data.product, start, data.until, entry.identity))


def end_exemption(book: Book, entry: Entry, data: Measure) -> None:
    """Of the goods that it names; what an exemption lets off beside them it goes on to let off."""
    start = start_of(entry, data)
    book.exemptions = [
        part for one in book.exemptions for part in _without(one, data.product, start)
    ]
    if not book.terms:
        # A measure known only by the end of an exemption charges something we were not told.
        set_term(book, entry, data)


def _without(one: Exemption, gone: Product, start: Moment) -> Iterator[Exemption]:
    """The exemption up to `start`, and from then on what is left of it."""
    if one.until and one.until.at <= start.at:
        yield one
        return
    left = _rest_of(one.product, gone)
    if left == one.product:
        yield one
        return
    yield replace(one, until=start)
    if left:
        yield replace(one, product=left, start=max(one.start, start, key=instant_of))


def _rest_of(product: Product, gone: Product) -> Product | None:
    """What is left of the goods without others; None: nothing. By words only the same are meant."""
    if gone.scope == "all" and not gone.excluded:
        return None
    if product == gone:
        return None
    are_codes = product.scope in {"all", "codes"} and gone.scope == "codes"
    if not are_codes or gone.excluded or product.condition != gone.condition:
        return product
    include = tuple(one for one in product.include if not one.startswith(gone.include))
    if product.scope == "codes" and not include:
        return None
    inside = (one for one in gone.include if product.scope == "all" or one.startswith(include))
    fresh = [one for one in inside if not one.startswith(product.excluded)]
    if include == product.include and not fresh:
        return product
    return product.model_copy(update={"include": include, "excluded": (*product.excluded, *fresh)})


def rescope(book: Book, entry: Entry, data: Measure) -> None:
    """Goods that come in or go out; of a measure that we never heard of it is the first word."""
    if not book.terms:
        set_term(book, entry, data)
        return
    extended = data.action is Action.SCOPE_EXTENDED
    step = ScopeStep(data.product, start_of(entry, data), extended, entry.identity)
    book.scope_steps.append(step)
