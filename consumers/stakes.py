"""What a batch must keep from its rivals until it commits: identities, and names of subjects.

Another consumer may hold the next partition with events about the same things. What both look up
is held shared, what one of them is about to add is held alone; all of it is taken in one go, before
anything is looked up, so that nobody decides on what another is just changing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncSession

from consumers import negotiations, tariffs
from service.core.event import Event, named_by
from service.core.event.envelope import ClockEvent, MeasureEvent, StepEvent
from service.core.standing.naming import Directory, Name
from service.store.database import lock_names
from service.store.standings.events import Outpaced, find_directory, stake_of


@dataclass(frozen=True, slots=True)
class Sought:
    """What a batch looks up in the directory of subjects: keys, aliases, names."""

    keys: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    names: set[Name] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Stakes:
    """Names to lock: with others who only look, or alone."""

    shared: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()

    def __or__(self, other: "Stakes") -> "Stakes":
        """Both; what either needs alone is held alone."""
        alone = self.alone | other.alone
        return Stakes((self.shared | other.shared) - alone, alone)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to lock."""
        return not self.shared and not self.alone

    def is_in(self, held: "Stakes") -> bool:
        """Whether what is held suffices."""
        return self.alone <= held.alone and self.shared <= held.shared | held.alone


async def hold(session: AsyncSession, events: Sequence[Event]) -> Directory:
    """Keep from rivals all that the batch rests on; what is known of the subjects' names then."""
    sought = sought_by(events)
    directory = await find_directory(session, sought.keys, sought.aliases, sought.names)
    of_names = stakes_of_names(events, directory)
    held = stakes_of_identities(events) | of_names
    await lock_names(session, held.shared, held.alone)
    if of_names.is_empty:
        return directory
    directory = await find_directory(session, sought.keys, sought.aliases, sought.names)
    if not stakes_of_names(events, directory).is_in(held):
        raise Outpaced
    return directory


def sought_by(events: Iterable[Event]) -> Sought:
    """What must be looked up to name the subjects of these events."""
    sought = Sought()
    for event in events:
        if isinstance(event, MeasureEvent):
            keys, aliases, names = tariffs.names_of(event)
            sought.keys.update(keys)
            sought.aliases.update(aliases)
            sought.names.update(names)
        elif isinstance(event, StepEvent):
            sought.keys.add(negotiations.subject_of(event))
        elif isinstance(event, ClockEvent):
            sought.keys.add(event.data.subject)
    return sought


def stakes_of_identities(events: Iterable[Event]) -> Stakes:
    """An event holds its identity with others; what names an event holds that alone.

    So either it finds the event, or the event finds that it was named. A test is weighed beside the
    other tests of its source, which nothing else holds.
    """
    shared = set[str]()
    alone = set[str]()
    for event in events:
        shared.add(stake_of(event.identity))
        named = named_by(event)
        alone.update(map(stake_of, named))
        if not event.is_kept:
            sources = {event.source, *(source for source, _ in named)}
            alone.update(f"tests\n{source}" for source in sources)
    return Stakes(frozenset(shared), frozenset(alone))


def stakes_of_names(events: Sequence[Event], known: Directory) -> Stakes:
    """What the events would enter into the directory, and what they rest on not being there."""
    draft = Directory(
        set(known.keys), dict(known.aliases), {name: set(of) for name, of in known.names.items()}
    )
    shared = set[str]()
    alone = set[str]()
    for event in events:
        if isinstance(event, MeasureEvent):
            subject = draft.resolve(event.data, event.identity, enter=event.is_kept)
            shared.update(_absent_for(event, subject, known))
        elif isinstance(event, StepEvent):
            key = negotiations.subject_of(event)
            if key not in known.keys:
                (alone if event.is_kept else shared).add(_key(key))
    for key, name in draft.new_names.items():
        alone.update((_key(key), _alias(key.removeprefix("measure:")), _name(name)))
    alone.update(map(_alias, draft.new_aliases))
    return Stakes(frozenset(shared - alone), frozenset(alone))


def _absent_for(event: MeasureEvent, subject: str, known: Directory) -> Iterator[str]:
    """What a rival could enter that would give this event another subject."""
    keys, aliases, names = tariffs.names_of(event)
    if subject not in known.keys:
        yield _key(subject)
    elif event.data.measure and subject == f"measure:{event.data.measure}":
        aliases = set(event.data.aliases)  # a key goes before an alias, and stays
    yield from map(_key, keys - known.keys)
    yield from map(_alias, aliases - known.aliases.keys())
    yield from map(_name, names)


def _key(key: str) -> str:
    return f"key\n{key}"


def _alias(alias: str) -> str:
    return f"alias\n{alias}"


def _name(name: Name) -> str:
    return f"name\n{name.importer}\n{name.programme}\n{name.origin}"
