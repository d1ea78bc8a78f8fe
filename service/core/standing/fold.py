"""What counts of a history, in the order in which facts build up, retracted events taken out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from service.core.event import ClaimAssessed, Identity, Measure, NegotiationStep, Verdict
from service.core.event.envelope import ClaimEvent, ClockEvent, MeasureEvent, StepEvent
from service.core.standing.book import Book
from service.core.standing.entry import Entry
from service.core.standing.law import extend_book, keep_book

FoldKey = tuple[datetime, datetime, str, str]


@dataclass(frozen=True, slots=True)
class Ending:
    """What became of a threat or claim, by the event that says so: taken back, or carried out."""

    by: Entry
    data: Measure
    is_withdrawal: bool


@dataclass(frozen=True)
class Fold:
    """Measures or steps in fold order, and what later events said of them."""

    measures: tuple[tuple[Entry, Measure], ...] = ()
    claims: tuple[tuple[Entry, Measure], ...] = ()  # those measures that move no law
    steps: tuple[tuple[Entry, NegotiationStep], ...] = ()
    verdicts: Mapping[Identity, ClaimAssessed] | None = None  # the latest of each event
    endings: tuple[tuple[Entry, Measure], ...] = ()  # those that take back, or carry out
    gone: frozenset[Identity] = frozenset()
    sources: frozenset[str] = frozenset()  # of the measures
    last: FoldKey | None = None

    @cached_property
    def book(self) -> Book:
        """The law layer of a measure; it does not depend on the instant asked."""
        return keep_book(self.measures)

    @cached_property
    def denied(self) -> frozenset[Identity]:
        """Events whose latest verdict is a denial."""
        verdicts = (self.verdicts or {}).items()
        return frozenset(about for about, one in verdicts if one.verdict is Verdict.DENIED)

    @cached_property
    def ends(self) -> Mapping[Identity, Sequence[Ending]]:
        """By threat or claim, what took it back or carried it out, and was not denied since.

        Only law carries out, and nothing is taken back by who is less sure than who said it.
        """
        found: dict[Identity, list[Ending]] = {}
        sureness = {entry.identity: data.certainty for entry, data in self.claims}
        for entry, data in self.endings:
            for ended in () if entry.identity in self.denied else data.ends:
                is_withdrawal = data.withdraws is ended
                said = sureness.get(ended.identity, data.certainty)
                if data.certainty >= said if is_withdrawal else data.moves_law:
                    end = Ending(entry, data, is_withdrawal)
                    found.setdefault(ended.identity, []).append(end)
        return found

    @cached_property
    def withdrawn(self) -> frozenset[Identity]:
        """Threats and claims that were taken back."""
        ends = self.ends.items()
        return frozenset(ended for ended, by in ends if any(one.is_withdrawal for one in by))

    def verdict_on(self, identity: Identity) -> ClaimAssessed | None:
        """The latest verdict on an event, if it was assessed."""
        return self.verdicts.get(identity) if self.verdicts else None

    def after(self, entry: Entry) -> "Fold | None":
        """The fold with one more event that comes last; None where all must be folded again."""
        event, key = entry.event, entry.fold_key
        if isinstance(event, ClockEvent):
            return self
        if (self.last and key <= self.last) or isinstance(event, ClaimEvent):
            return None
        if entry.identity in self.gone:
            return None
        if isinstance(event, StepEvent):
            return replace(self, steps=(*self.steps, (entry, event.data)), last=key)
        data = event.data
        longer = Fold(  # spelt out: `replace` would look every field up, for each event
            (*self.measures, (entry, data)),
            self.claims if data.moves_law else (*self.claims, (entry, data)),
            self.steps,
            self.verdicts,
            (*self.endings, (entry, data)) if data.ends else self.endings,
            self.gone,
            self.sources if event.source in self.sources else self.sources | {event.source},
            key,
        )
        book = extend_book(self.book, self.measures, entry, data)
        if book:
            longer.__dict__["book"] = book
        return longer


def fold_entries(entries: Iterable[Entry], echoes: Iterable[Entry] = ()) -> Fold:
    """In fold order, each event once, without those that a standing retraction takes out.

    The clock's own are left out: they would say again what the dates say. Of `echoes`, which other
    subjects are about, only what they say of these events counts.
    """
    own = {entry.identity: entry for entry in entries if not entry.is_tick}
    known = {entry.identity: entry for entry in echoes} | own
    ordered = sorted(known.values(), key=lambda entry: entry.fold_key)
    gone = _retracted(ordered)
    kept = [entry for entry in ordered if entry.identity not in gone]
    said = [(entry, entry.event.data) for entry in kept if isinstance(entry.event, MeasureEvent)]
    measures = tuple((entry, data) for entry, data in said if entry.identity in own)
    steps = tuple((entry, entry.event.data) for entry in kept if isinstance(entry.event, StepEvent))
    return Fold(
        measures,
        tuple((entry, data) for entry, data in measures if not data.moves_law),
        steps,
        {claim.about.identity: claim for claim in _claims(kept)},
        tuple((entry, data) for entry, data in said if data.ends),
        frozenset(gone),
        frozenset(entry.event.source for entry, _ in measures),
        ordered[-1].fold_key if ordered else None,
    )


def _retracted(entries: list[Entry]) -> set[Identity]:
    """What is taken out; a retraction can itself be retracted, and then takes out nothing.

    Those that no open retraction is about count first, whatever their dates.
    """
    gone: set[Identity] = set()
    pending = {
        entry.identity: entry.event.data.about.identity
        for entry in entries
        if isinstance(entry.event, ClaimEvent) and entry.event.data.verdict is Verdict.RETRACTED
    }
    while settled := pending.keys() - set(pending.values()):
        gone.update(pending[one] for one in settled - gone)
        pending = {one: about for one, about in pending.items() if one not in settled}
    return gone


def _claims(entries: list[Entry]) -> Iterator[ClaimAssessed]:
    for entry in entries:
        if isinstance(entry.event, ClaimEvent):
            yield entry.event.data
