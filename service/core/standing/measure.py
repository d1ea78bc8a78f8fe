"""What stands, at any instant and as known at any instant: one fold over the events.

`standing(history, at, known_at)` gives the present, the past, and the past as then known; with
`recorded_at`, as our books then held it. Nothing stores a status that time alone could change.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from service.core.certainty import Certainty
from service.core.duty import Duty
from service.core.event import Identity, Instrument, Measure, Origin, Product
from service.core.moment import Moment, When
from service.core.standing.book import Book, Exemption, Pause, Ruling, ScopeStep, Term
from service.core.standing.claims import Claim, claim_of, conflicts_of, status_of_claims, surest
from service.core.standing.entry import law_of
from service.core.standing.fold import Fold
from service.core.standing.history import History
from service.core.standing.track import TrackStanding, stand_track


@dataclass(frozen=True, slots=True)
class MeasureStanding:
    """One measure at an instant.

    `duty` is the measure's own rate in its present term (or, before that, its next one);
    `applied` is what it makes payable at the instant asked, None where nothing or unknown;
    `upcoming` the terms that begin later (last, one that has no date yet), `pauses` those that
    run or are to come.
    """

    subject: str
    importer: str
    origin: Origin
    product: Product
    programme: str | None
    status: str
    certainty: Certainty
    duty: Duty | None
    applied: Duty | None
    effective_at: When | None
    until: When | None
    expires_at: When | None
    upcoming: tuple[Term, ...]
    pauses: tuple[Pause, ...]
    exemptions: tuple[Exemption, ...]
    scope_steps: tuple[ScopeStep, ...]
    rulings: tuple[Ruling, ...]
    claims: tuple[Claim, ...]
    conflicts: tuple[tuple[Identity, ...], ...]
    citations: tuple[Instrument, ...]
    earlier_claims: int = 0  # left out of a snapshot, whose change must not grow with its subject

    @property
    def law(self) -> tuple[object, ...]:
        """All that moves only by law: a claim leaves every part of this as it was."""
        if self.status in _STATUS_OF_CLAIMS:
            return ()
        rates = (self.status, self.duty, self.applied, self.upcoming, self.pauses)
        dates = (self.effective_at, self.until, self.expires_at)
        return (*rates, *dates, self.exemptions, self.scope_steps, self.rulings)


Standing = MeasureStanding | TrackStanding


OVER = frozenset({"terminated", "expired", "struck_down", "never_implemented"})
_STATUS_OF_CLAIMS = frozenset(
    {"threatened", "withdrawn", "proposed", "carried_out", "never_implemented"}
)


def standing(
    history: History, at: datetime, known_at: datetime, recorded_at: datetime | None = None
) -> Standing | None:
    """What stood at `at` (legal time) by what was known at `known_at`; None before any event.

    With `recorded_at` only what our books held by then counts: a late, corrected or retracted
    event changes what `known_at` gives, and never this.
    """
    held = history if recorded_at is None else history.as_recorded(recorded_at)
    fold = held.fold_at(known_at)
    if history.subject.startswith("track:"):
        return stand_track(history.subject, fold) if fold.steps else None
    return _stand_measure(history.subject, fold, at) if fold.measures else None


def duty_applied(history: History, at: datetime, known_at: datetime) -> Duty | None:
    """What a measure makes payable at an instant; as `standing(…).applied`, and cheaper."""
    fold = history.fold_at(known_at)
    return phase_at(fold.book, at).applied if fold.measures else None


@dataclass(frozen=True, slots=True)
class Phase:
    """What the law says at an instant: as a standing has it, and by which term or pause."""

    status: str
    applied: Duty | None
    term: Term | None
    pause: Pause | None

    @property
    def is_over(self) -> bool:
        """Whether the law has ended, or was taken back before it began."""
        return self.status in OVER

    def is_same(self, other: "Phase") -> bool:
        """Whether nothing that is owed differs, nor why it is."""
        if self.status != other.status:
            return False
        mine, theirs = (one.applied and one.applied.figures for one in (self, other))
        return mine == theirs


def phase_at(book: Book, at: datetime) -> Phase:
    """The law alone, without the claims beside it; an empty status where there is no law."""
    term, pause = _term_at(book, at), _pause_at(book, at)
    status = _status(book, (), at, term, pause) if book.last else ""
    return Phase(status, _applied(status, term, pause), term, pause)


def _stand_measure(subject: str, fold: Fold, at: datetime) -> MeasureStanding:
    claims = tuple(claim_of(entry, data, fold, at) for entry, data in fold.claims)
    book = fold.book
    # Only a claim can be the latest word on a measure that no law event has touched.
    whole = book.last or fold.measures[-1][1]
    term, pause = _term_at(book, at), _pause_at(book, at)
    status = _status(book, claims, at, term, pause)
    ahead = _upcoming(book, at)
    shown = term or (ahead[0] if ahead else None)
    return MeasureStanding(
        subject=subject,
        importer=whole.importer,
        origin=whole.origin,
        product=whole.product,
        programme=whole.programme,
        status=status,
        certainty=book.certainty or surest(claims),
        duty=shown.duty if shown else None,
        applied=_applied(status, term, pause),
        effective_at=shown.start if shown else None,
        until=_until(book, status, term, pause),
        expires_at=book.first_end,
        upcoming=tuple(ahead),
        pauses=tuple(one for one in book.pauses if _open_at(one.until, at)),
        exemptions=tuple(one for one in book.exemptions if _open_at(one.until, at)),
        scope_steps=tuple(book.scope_steps),
        rulings=tuple(book.rulings),
        claims=claims,
        conflicts=conflicts_of(fold),
        citations=_citations(pause, shown, whole),
    )


def _citations(pause: Pause | None, term: Term | None, whole: Measure) -> tuple[Instrument, ...]:
    """What paused it first, then what set the rate."""
    cited = (*(pause.law if pause else ()), *(term.law if term else ()))
    return tuple(dict.fromkeys(cited)) or law_of(whole)


def _open_at(until: Moment | None, at: datetime) -> bool:
    return until is None or at < until.at


def _term_at(book: Book, at: datetime) -> Term | None:
    """The latest start that has come and not run out; of equal starts, the one written last."""
    found, since = None, _EARLIEST
    for one in book.terms:
        if one.start and since <= one.start.at <= at and _open_at(one.until, at):
            found, since = one, one.start.at
    return found


def _by_start(numbered: tuple[int, Term]) -> tuple[datetime, int]:
    place, term = numbered
    return (term.start.at if term.start else _LATEST, place)


def _pause_at(book: Book, at: datetime) -> Pause | None:
    """The pause written last among those that cover the instant."""
    covering = [one for one in book.pauses if one.start.at <= at and _open_at(one.until, at)]
    return covering[-1] if covering else None


def _until(book: Book, status: str, term: Term | None, pause: Pause | None) -> Moment | None:
    """When what applies now ends; a pause and the extension that follows on it are one."""
    if status != "suspended" or pause is None:
        return term.until if term else None
    end = pause.until
    for later in sorted(book.pauses, key=lambda one: one.start.at):
        if end and later.start.at <= end.at and not (later.until and later.until.at <= end.at):
            end = later.until
    return end


def _upcoming(book: Book, at: datetime) -> list[Term]:
    """What begins later, in its order; last what has no date yet."""
    ahead = [one for one in book.terms if one.start is None or one.start.at > at]
    return [term for _, term in sorted(enumerate(ahead), key=_by_start)]


_EARLIEST = datetime.min.replace(tzinfo=UTC)


_LATEST = datetime.max.replace(tzinfo=UTC)


def _status(
    book: Book, claims: tuple[Claim, ...], at: datetime, term: Term | None, pause: Pause | None
) -> str:
    """`term` and `pause` are those at the instant asked."""
    ended = _ended(book, at)
    if ended:
        return ended
    ahead = _upcoming(book, at)
    if pause and (term or ahead):
        return "suspended"
    if term:
        return "provisional" if term.provisional else "in_force"
    if ahead:
        return "scheduled" if ahead[0].start else "announced"
    if book.terms:
        return "expired"
    return book.opening or _status_without_terms(book, pause) or status_of_claims(claims)


def _status_without_terms(book: Book, pause: Pause | None) -> str | None:
    """Known only by a side fact (a pause, an exemption, a ruling): the measure must be there."""
    if book.last is None:
        return None
    return "suspended" if pause else "announced"


def _ended(book: Book, at: datetime) -> str | None:
    """By what ended it first; what ended before it began was never in force."""
    if any(start.at <= at < end.at for start, end in book.voids):
        return "struck_down"
    end, status = book.first_end, book.ended[1] if book.ended else "expired"
    if end is None or end.at > at:
        return None
    if book.expires_at and end is book.expires_at:
        status = "expired"
    first = min((one.start.at for one in book.terms if one.start), default=None)
    return "never_implemented" if first is not None and end.at <= first else status


def _applied(status: str, term: Term | None, pause: Pause | None) -> Duty | None:
    if status == "suspended":
        return pause.duty if pause else None
    return term.duty if term and status in {"in_force", "provisional"} else None
