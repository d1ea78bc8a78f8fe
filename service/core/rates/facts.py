"""What the asker tells of the goods; what is missing and matters is asked for, never guessed."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from service.core.moment import read_moment

Value = bool | Decimal | datetime | str

IN_SCOPE = "in_scope:"
EXEMPT = "exempt:"
"""Facts about goods that a measure, or an exemption of one, has in words only: `in_scope:KEY`."""
INSTANTS = frozenset({"loaded_at", "entered_at"})
MODE = "mode"
TEXTS = frozenset({"exporter", MODE})
_MODES = {
    "vessel": "vessel ship sea ocean maritime boat",
    "air": "air plane aircraft aeroplane airplane flight",
    "truck": "truck road lorry",
    "rail": "rail train railway",
}
_NAME = re.compile(r"[a-z0-9][a-z0-9_]*(:[\x21-\x7e]+)?")
_WORDS = re.compile(r"[a-z0-9]+")
_BOOLS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_NUMBERS = ("_pct", "_usd")
LONGEST = 300
LARGEST = Decimal("1e12")


@dataclass(frozen=True, slots=True)
class Supposed:
    """What one branch supposes of a fact; `said` is a clause for after "if"."""

    fact: str
    value: str
    said: str


@dataclass(frozen=True)
class Facts:
    """Those told, and those that a branch supposes.

    `loaded` bounds the instant of loading in a branch: not before the first, before the second.
    """

    told: Mapping[str, Value] = field(default_factory=dict)
    loaded: tuple[datetime | None, datetime | None] = (None, None)

    def number(self, name: str) -> Decimal | None:
        """A percentage or an amount, if told."""
        found = self.told.get(name)
        return found if isinstance(found, Decimal) else None

    def is_so(self, name: str, said: tuple[str, str], *, is_vague: bool = False) -> bool:
        """A yes or no. `said`: both, as clauses; `is_vague`: goods that are known in words only."""
        found = self.told.get(name)
        if isinstance(found, bool):
            return found
        options = (
            (Supposed(name, "false", said[1]), self._with(name, value=False)),
            (Supposed(name, "true", said[0]), self._with(name, value=True)),
        )
        raise Undecided(name, options, is_vague=is_vague)

    def is_loaded_before(self, limit: datetime) -> bool:
        """Whether they were on their way before then."""
        at = self.told.get("loaded_at")
        if isinstance(at, datetime):
            return at < limit
        first, last = self.loaded
        if last is not None and last <= limit:
            return True
        if first is not None and first >= limit:
            return False
        written = limit.isoformat()
        after = Supposed("loaded_at", f"from {written}", f"they were loaded from {written} on")
        before = Supposed("loaded_at", f"before {written}", f"they were loaded before {written}")
        options = (
            (after, replace(self, loaded=(limit, last))),
            (before, replace(self, loaded=(first, limit))),
        )
        raise Undecided("loaded_at", options)

    def came_by(self, modes: Iterable[str]) -> bool:
        """Whether they came in one of these ways."""
        wanted = {read_mode(one) for one in modes}
        found = self.told.get(MODE)
        if isinstance(found, str):
            return found in wanted
        other = (Supposed(MODE, "", "they came another way"), self._with(MODE, value=""))
        options = [
            (Supposed(MODE, one, f"they came by {one}"), self._with(MODE, value=one))
            for one in sorted(wanted)
        ]
        raise Undecided(MODE, (other, *options))

    def named(self, name: str, names: Iterable[str]) -> str | None:
        """Which of `names` it is; None: another one."""
        found = self.told.get(name)
        if isinstance(found, str):
            return next((one for one in names if one.casefold() == found.casefold()), None)
        other = (Supposed(name, "", "another exporter made them"), self._with(name, value=""))
        options = [
            (Supposed(name, one, f"{one} made them"), self._with(name, value=one)) for one in names
        ]
        raise Undecided(name, (other, *options))

    def _with(self, name: str, *, value: Value) -> "Facts":
        return replace(self, told={**self.told, name: value})


def read_mode(text: str) -> str:
    """However a means of transport is named; one that we do not know stays as it is."""
    plain = text.strip().casefold()
    return next((mode for mode, names in _MODES.items() if plain in names.split()), plain)


def fact_of(condition: str) -> str:
    """The fact that settles a condition, however an event words it."""
    return "_".join(_WORDS.findall(condition.lower())) or "condition"


class Undecided(Exception):
    """A fact that is missing, and what it may be."""

    def __init__(
        self, fact: str, options: tuple[tuple[Supposed, Facts], ...], *, is_vague: bool = False
    ) -> None:
        self.fact = fact
        self.options = options
        self.is_vague = is_vague
        super().__init__(fact)


def read_fact(name: str, text: str, importer: str) -> Value:
    """From how it is written; ValueError says how to mend it."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        message = f"{name[:60]!r} is no name of a fact: write it as in usmca_qualifying"
        raise ValueError(message)
    if name in INSTANTS:
        return read_moment(text.strip().replace(" ", "+"), importer).at
    if name == MODE:
        return read_mode(text[:LONGEST])
    if name in TEXTS:
        return text[:LONGEST]
    if name.endswith(_NUMBERS):
        return _read_number(name, text)
    if text.lower() not in _BOOLS:
        message = f"{name} is true or false, not {text[:40]!r}"
        raise ValueError(message)
    return _BOOLS[text.lower()]


def _read_number(name: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("nan")
    most = Decimal(100) if name.endswith("value_pct") else LARGEST
    if not found.is_finite() or not 0 <= found <= most:
        message = f"{name} is a number from 0 to {most:f}, such as 2.5; not {text[:40]!r}"
        raise ValueError(message)
    return found
