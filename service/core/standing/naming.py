"""Which subject an event is about: its key, else an alias, else importer + programme + origin.

Product scope is never part of a key: one measure may grow and shrink.
"""

import hashlib
import re
from dataclasses import astuple, dataclass, field

from service.core.event import Identity, Measure, Origin

_PLAIN = re.compile(r"[^a-z0-9]+")
MARK = 12  # hex digits that set a flagged measure apart


@dataclass(frozen=True, slots=True)
class Name:
    """Importer, programme and origin, as they stand in the books."""

    importer: str
    programme: str
    origin: str

    @property
    def key(self) -> str:
        """`us-s232-autos-all`."""
        return "-".join(_PLAIN.sub("-", part.lower()).strip("-") for part in astuple(self))


def name_of(measure: Measure) -> Name:
    """What a measure is called when it comes without a key."""
    return Name(measure.importer, measure.programme or "unspecified", _origin(measure.origin))


def _origin(origin: Origin) -> str:
    return "all" if origin.kind == "all" else "+".join(sorted(origin.members))


@dataclass(slots=True)
class Directory:
    """The subjects known so far; `resolve` adds those it names."""

    keys: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    names: dict[Name, set[str]] = field(default_factory=dict)
    new_names: dict[str, Name] = field(default_factory=dict)
    new_aliases: dict[str, str] = field(default_factory=dict)
    flagged: set[str] = field(default_factory=set)

    def resolve(self, measure: Measure, identity: Identity, *, enter: bool = True) -> str:
        """The subject of the event, as `measure:<key>`; a new one is entered, if wanted."""
        meant = self._find(measure)
        subject = meant.pop() if len(meant) == 1 else self._coin(measure, identity, among=meant)
        if enter:
            self._enter(subject, measure)
        return subject

    def _enter(self, subject: str, measure: Measure) -> None:
        if subject not in self.keys:
            self.keys.add(subject)
            self.new_names[subject] = name_of(measure)
            self.names.setdefault(name_of(measure), set()).add(subject)
        for alias in measure.aliases:
            if alias not in self.aliases:
                self.aliases[alias] = self.new_aliases[alias] = subject

    def _find(self, measure: Measure) -> set[str]:
        """The subjects that could be meant."""
        if measure.measure:
            subject = f"measure:{measure.measure}"
            return {subject if subject in self.keys else self.aliases.get(measure.measure, subject)}
        found = {self.aliases[alias] for alias in measure.aliases if alias in self.aliases}
        return found or set(self.names.get(name_of(measure), ()))

    def _coin(self, measure: Measure, identity: Identity, among: set[str]) -> str:
        """Where several could be meant, one more is kept and flagged: never merged by guess."""
        plain = f"measure:{name_of(measure).key}"
        if not among and plain not in self.keys:
            return plain
        source, name = identity
        digest = hashlib.sha256(f"{len(source)}:{source}{name}".encode()).hexdigest()
        subject = f"{plain}#{digest[:MARK]}"
        self.flagged.add(subject)
        return subject
