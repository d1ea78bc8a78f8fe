"""What we hold of one subject: its events, append-only, and how many changes they made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from uuid import UUID

from service.core.event import Identity
from service.core.standing.entry import Entry
from service.core.standing.fold import Fold, fold_entries

__all__ = ["Entry", "History"]


@dataclass(frozen=True)
class History:
    """All kept events of one subject, in any order, and how many changes they made.

    `sequence` counts the subject's changes without gaps; `last_change` is the latest of them.
    `echoes` are events of other subjects that count here too: those that carry out or take back
    what was said here, and the verdicts on them. They make no change here, and state no fact of it.
    """

    subject: str
    entries: tuple[Entry, ...] = ()
    sequence: int = 0
    last_change: UUID | None = None
    echoes: tuple[Entry, ...] = ()

    @property
    def size(self) -> int:
        """How many events count in it: its own, and the echoes."""
        return len(self.entries) + len(self.echoes)

    @property
    def every(self) -> tuple[Entry, ...]:
        """Its own events and the echoes."""
        return self.entries + self.echoes

    def with_echo(self, entry: Entry) -> "History":
        """The history once it has heard of this event of another subject."""
        if entry.identity in self.heard:
            return self
        longer = replace(self, echoes=(*self.echoes, entry))
        longer.__dict__.update(by_identity=self.by_identity, heard=self.heard | {entry.identity})
        return longer

    def with_entry(self, entry: Entry) -> "History":
        """The history after `entry`, which is not in it yet."""
        entries = (*self.entries, entry)
        longer = History(self.subject, entries, self.sequence, self.last_change, self.echoes)
        fold = self.fold.after(entry)
        if fold:  # most events come last and take nothing out: no need to fold all again
            longer.__dict__["fold"] = fold
        known, seen = self.latest_known, self.latest_seen
        if not entry.is_tick:
            known = max(known or entry.known_at, entry.known_at)
            seen = max(seen or entry.seen_at, entry.seen_at)
        longer.__dict__.update(
            by_identity={**self.by_identity, entry.identity: entry},
            latest_known=known,
            latest_seen=seen,
        )
        return longer

    def crediting(self, change: UUID) -> "History":
        """The same, its last event having caused `change`."""
        former = self.entries[-1]
        known, seen, recorded = former.known_at, former.seen_at, former.recorded_at
        last = Entry(former.event, known, seen, change, recorded)
        entries = (*self.entries[:-1], last)
        credited = History(self.subject, entries, self.sequence + 1, change, self.echoes)
        credited.__dict__.update(
            fold=self.fold,
            by_identity={**self.by_identity, last.identity: last},
            latest_known=self.latest_known,
            latest_seen=self.latest_seen,
        )
        return credited

    def as_recorded(self, recorded_at: datetime) -> "History":
        """What the books held by then, whatever has come to be known of that time since."""
        return self.only(lambda one: bool(one.recorded_at and one.recorded_at <= recorded_at))

    def as_known(self, known_at: datetime) -> "History":
        """What was known by then, of whatever it holds now."""
        if self.latest_known is None or self.latest_known <= known_at:
            return self
        return self.only(lambda one: one.known_at <= known_at)

    def only(self, counts: Callable[[Entry], bool]) -> "History":
        """Without the events that do not count."""
        return replace(
            self,
            entries=tuple(filter(counts, self.entries)),
            echoes=tuple(filter(counts, self.echoes)),
        )

    def fold_at(self, known_at: datetime) -> Fold:
        """The fold of what was known by then."""
        return self.as_known(known_at).fold

    @cached_property
    def fold(self) -> Fold:
        """The fold of everything that is known."""
        return fold_entries(self.entries, self.echoes)

    @cached_property
    def latest_known(self) -> datetime | None:
        """The latest instant at which anything here became known."""
        return max((one.known_at for one in self.every if not one.is_tick), default=None)

    @cached_property
    def by_identity(self) -> Mapping[Identity, Entry]:
        """Its own events by (source, id); an event stands in a history once."""
        return {entry.identity: entry for entry in self.entries}

    @cached_property
    def heard(self) -> frozenset[Identity]:
        """Which events the echoes are."""
        return frozenset(one.identity for one in self.echoes)

    @cached_property
    def latest_seen(self) -> datetime | None:
        """The latest instant at which anything here was judged."""
        return max((one.seen_at for one in self.every if not one.is_tick), default=None)
