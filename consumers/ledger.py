"""The account of one batch while it is folded: what was known, and all that must be written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson

from consumers.arrival import Arrival, read_arrival
from service.core.change import Change, write_change
from service.core.change.derive import Derivation, Outcome, weigh
from service.core.event import CLOCK, ClaimAssessed, Event, Handling, Identity, named_by
from service.core.event.envelope import ClaimEvent, MeasureEvent
from service.core.standing.history import Entry, History
from service.core.standing.naming import Directory
from service.log import Record
from service.store.standings.events import Echoed, Effects, Recorded, Row
from service.store.standings.histories import entry_of
from service.store.standings.mentions import Naming, Waiting

__all__ = ["OF_A_TEST", "Arrival", "Ledger", "changed_histories", "read_arrival"]

MEASURE = "tariff.measure"
OF_A_TEST = "it assesses a test event: send it with handling `test`"


@dataclass(slots=True)
class Ledger:
    """Filled from the books before folding, and into the books after it."""

    topic: str
    partition: int
    now: datetime
    recorded: dict[Identity, Recorded]
    waiting: dict[Identity, list[Waiting]]
    directory: Directory
    namings: dict[Identity, list[Naming]] = field(default_factory=dict)  # of what is named
    echoing: dict[Identity, set[str]] = field(default_factory=dict)  # in which other subjects
    named: dict[Identity, str] = field(default_factory=dict)  # subjects of the batch's new events
    histories: dict[str, History] = field(default_factory=dict)
    effects: Effects = field(default_factory=Effects)
    outcomes: list[Outcome] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    touched: set[str] = field(default_factory=set)
    reminded: dict[str, datetime] = field(default_factory=dict)  # subject → from when on
    fresh: dict[Identity, Row] = field(default_factory=dict)
    tests: dict[str, dict[Identity, Entry]] = field(default_factory=dict)  # by subject

    def subject_of(self, identity: Identity) -> str | None:
        """The subject that an event of the books or of this batch is about."""
        known = self.recorded.get(identity)
        return known.subject if known else None

    def handling_of(self, identity: Identity) -> str | None:
        """How that event was handled; None while it has not been seen."""
        known = self.recorded.get(identity)
        return known.handling if known else None

    def quarantine(self, arrival: Arrival, reason: str) -> None:
        """Set the input aside, with its bytes and its place."""
        record = arrival.record
        self.outcomes.append(Outcome.QUARANTINED)
        self.effects.quarantined.append(
            {
                "id": f"{self.topic}-{self.partition}-{record.offset}",
                "topic": self.topic,
                "partition": self.partition,
                "position": record.offset,
                "reason": _storable(reason[:2000]),
                "key": record.key and _storable(record.key),
                "value": record.value,
                "headers": _write_headers(record),
                "state": "open",
                "at": self.now,
            }
        )

    def is_repeat(self, arrival: Arrival, event: Event) -> bool:
        """The same event again is no event; the same identity with other content is an error."""
        known = self.recorded.get(event.identity)
        if known is None:
            return False
        if known.digest == arrival.digest or event.source == CLOCK:  # whose name says it all
            self.outcomes.append(Outcome.DUPLICATE)
        else:
            source, name = event.identity
            reason = (
                f"{source} {name} was recorded with other content; give the new event its own id"
            )
            self.quarantine(arrival, reason)
        return True

    def fold(self, arrival: Arrival, event: Event, subject: str) -> None:
        """Weigh the event against its subject's history, then the claims that waited for it.

        Its subject hears first what was said of it elsewhere before it came; then other subjects
        hear of it, where it speaks of what was said there.
        """
        entry = entry_of(event, arrival.record.at or self.now)
        row = self._record(arrival, event, entry, subject)
        if isinstance(event, MeasureEvent) and event.is_kept:
            self._hear(event.identity, subject, row)
        derivation = self._take(entry, subject)
        change = derivation.change
        self._conclude(event.identity, subject, derivation.outcome, derivation.reason, change)
        self._spread(entry, subject, row)
        self._fold_waiting(event, subject, row)

    def keep_waiting(self, arrival: Arrival, event: Event, about: Identity) -> None:
        """A claim about an event not yet seen: folded when that arrives."""
        entry = entry_of(event, arrival.record.at or self.now)
        source, name = about
        reason = f"waits for {source} {name}, which has not been seen yet"
        self._record(arrival, event, entry, None)
        self._conclude(event.identity, None, Outcome.WAITING, reason, None)
        claim = Waiting(event, arrival.record.at or self.now)
        self.waiting.setdefault(about, []).append(claim)

    def _take(self, entry: Entry, subject: str) -> Derivation:
        elsewhere = self._named_elsewhere(entry, subject)
        derivation = weigh(entry, self._history_for(entry, subject), elsewhere)
        change = derivation.change
        if change:
            self.changes.append(change)
            self.effects.changes.append(self._change_row(change))
        if entry.event.is_kept:
            self.histories[subject] = derivation.history
            self.touched.add(subject)
            is_live = entry.event.handling is Handling.LIVE
            self.remind(subject, entry.seen_at if is_live else self.now)
        else:
            made = replace(entry, change=change.id if change else None)
            self.tests.setdefault(subject, {})[entry.identity] = made
        return derivation

    def remind(self, subject: str, after: datetime) -> None:
        """What its dates bring later than `after` is to be told; a replay tells of no past."""
        self.reminded[subject] = min(after, self.reminded.get(subject, after))

    def _history_for(self, entry: Entry, subject: str) -> History:
        """A test is weighed as if the tests of its source, and those it assesses, had happened."""
        history = self.histories[subject]
        if entry.event.is_kept:
            return history
        tests = self.tests.get(subject, {})
        assessed = _assessed_by(entry, tests)
        for identity, test in tests.items():
            if test.event.source == entry.event.source or identity in assessed:
                history = history.with_entry(test)
        return history

    def _named_elsewhere(self, entry: Entry, subject: str) -> dict[Identity, Entry]:
        """Of the events that it names, those of other subjects that are known."""
        found: dict[Identity, Entry] = {}
        for identity in named_by(entry.event):
            place = self.subject_of(identity)
            if place and place != subject:
                held = self._history_for(entry, place).by_identity.get(identity)
                found |= {identity: held} if held else {}
        return found

    def _spread(self, entry: Entry, subject: str, since: Row) -> None:
        """Into the histories of other subjects in which it counts, now that `since` has come."""
        if not entry.event.is_kept:
            return
        naming = Naming(entry, subject, self.fresh[entry.identity])
        for named in named_by(entry.event):
            for place in self._places_of(named, entry) - {subject}:
                self._echo(place, naming, since)
            self.namings.setdefault(named, []).append(naming)

    def _places_of(self, named: Identity, entry: Entry) -> set[str]:
        """Where what an event says of `named` counts: a verdict, wherever that does."""
        if isinstance(entry.event, ClaimEvent):
            return self.echoing.get(named, set())
        known = self.recorded.get(named)
        counts = known and known.type == MEASURE and known.handling != Handling.TEST
        return {known.subject} if known and known.subject and counts else set()

    def _hear(self, identity: Identity, subject: str, since: Row) -> None:
        """What other subjects had said of this event, and the verdicts on that."""
        heard = [one for one in self.namings.get(identity, ()) if one.subject != subject]
        while heard:
            one = heard.pop()
            self._echo(subject, one, since)
            said = self.namings.get(one.entry.identity, ())
            heard += [verdict for verdict in said if isinstance(verdict.entry.event, ClaimEvent)]

    def _echo(self, place: str, naming: Naming, since: Row) -> None:
        history = self.histories[place]
        self.histories[place] = history.with_echo(naming.entry)
        if self.histories[place] is not history:
            self.echoing.setdefault(naming.entry.identity, set()).add(place)
            self.effects.echoes.append(Echoed(place, naming.row, since))
            self.touched.add(place)
            is_live = since["handling"] == Handling.LIVE
            self.remind(place, since["accepted_at"] if is_live else self.now)

    def _change_row(self, change: Change) -> Row:
        return {
            "id": change.id,
            "subject": change.subject,
            "sequence": change.sequence,
            "kind": change.headline,
            "severity": change.severity,
            "certainty": change.certainty,
            "mode": change.mode,
            "recorded_at": self.now,
            "body": write_change(change),
        }

    def _record(self, arrival: Arrival, event: Event, entry: Entry, subject: str | None) -> Row:
        data = event.data
        about = data.about.identity if isinstance(data, ClaimAssessed) else (None, None)
        row: Row = {
            "source": event.source,
            "id": event.id,
            "digest": arrival.digest,
            "type": event.type,
            "handling": event.handling,
            "known_at": entry.known_at,
            "accepted_at": arrival.record.at or self.now,
            "body": arrival.body,
            "about_source": about[0],
            "about_id": about[1],
            "topic": self.topic,
            "partition": self.partition,
            "position": arrival.record.offset,
        }
        self.effects.events.append(row)
        self.fresh[event.identity] = row
        self.recorded[event.identity] = Recorded(
            arrival.digest, subject, event.handling, self.topic, event.type
        )
        self.effects.mentions += [(row, named) for named in named_by(event)]
        return row

    def _fold_waiting(self, about: Event, subject: str, since: Row) -> None:
        """The claims that waited for `about`, and those that waited for them."""
        for claim in self.waiting.pop(about.identity, []):
            identity = claim.event.identity
            if identity not in self.fresh:  # it is in the books already, and only its end is new
                source, name = identity
                self.fresh[identity] = {"source": source, "id": name, "number": claim.number}
                self.effects.settled.append(self.fresh[identity])
            if claim.event.is_kept and not about.is_kept:
                self._conclude(identity, None, Outcome.QUARANTINED, OF_A_TEST, None)
            else:
                self._end_waiting(claim, subject, since)

    def _end_waiting(self, claim: Waiting, subject: str, since: Row) -> None:
        identity = claim.event.identity
        entry = entry_of(claim.event, claim.accepted_at)
        found = self._take(entry, subject)
        if identity in self.recorded:
            self.recorded[identity] = replace(self.recorded[identity], subject=subject)
        self._conclude(identity, subject, found.outcome, found.reason, found.change)
        self._spread(entry, subject, since)
        self._fold_waiting(claim.event, subject, since)

    def _conclude(
        self,
        identity: Identity,
        subject: str | None,
        outcome: Outcome,
        reason: str,
        change: Change | None,
    ) -> None:
        self.outcomes.append(outcome)
        self.fresh[identity] |= {
            "subject": subject,
            "outcome": outcome,
            "reason": reason,
            "change_id": change.id if change else None,
        }

    def close(self) -> Effects:
        """The effects, with the counts of every subject that was touched."""
        self.effects.subjects = [
            {
                "of": key,
                "held": self.histories[key].size,
                "counted": self.histories[key].sequence,
                "latest": self.histories[key].last_change,
            }
            for key in sorted(self.touched)
        ]
        return self.effects


def _write_headers(record: Record) -> str:
    """As JSON, a byte of a value as a code point: any byte survives."""
    pairs = [(_storable(name), value.decode("latin-1")) for name, value in record.headers]
    return orjson.dumps(pairs).decode()


def _storable(text: str) -> str:
    """Without what no database keeps in a text: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def _assessed_by(entry: Entry, tests: Mapping[Identity, Entry]) -> set[Identity]:
    """What a verdict is about, and what that is about, if it is a verdict too."""
    found: set[Identity] = set()
    held: Entry | None = entry
    while held is not None and isinstance(held.event.data, ClaimAssessed):
        about = held.event.data.about.identity
        held = tests.get(about) if about not in found else None
        found.add(about)
    return found


def changed_histories(ledger: Ledger) -> Mapping[str, History]:
    """The histories as they stand after the batch."""
    return {key: ledger.histories[key] for key in ledger.touched}
