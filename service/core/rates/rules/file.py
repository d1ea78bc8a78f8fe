"""The file of relations and coverage: read, checked, and laid over the one that comes with us."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from service.core.duty import Frozen
from service.core.event.fields import ProductDigits
from service.core.event.unreadable import Fault, faults_of
from service.core.rates.rules.coverage import Cover, Gap
from service.core.rates.rules.relations import Relation

PACKAGED = "relations.json"
MOST = 5000
Entry = TypeVar("Entry", Relation, Cover, Gap)
Digits = Annotated[tuple[ProductDigits, ...], Field(max_length=20_000)]


class BadRelations(ValueError):
    """A file of relations cannot be used: it says which entry, which field, and how to mend it."""

    def __init__(self, name: str, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{name}: {fault}" for fault in self.faults))


class RuleFile(Frozen):
    """As written. `packaged` false: the entries that come with us are left out.

    `undivided` lists codes that are all of their six-digit subheading, by nomenclature.
    """

    packaged: bool = True
    relations: Annotated[tuple[Relation, ...], Field(max_length=MOST)] = ()
    covers: Annotated[tuple[Cover, ...], Field(max_length=MOST)] = ()
    gaps: Annotated[tuple[Gap, ...], Field(max_length=MOST)] = ()
    undivided: Mapping[str, Digits] = {}


@dataclass(frozen=True, slots=True)
class Rules:
    """All that the computation is told beside the measures; entries in the order of their ids."""

    relations: tuple[Relation, ...] = ()
    covers: tuple[Cover, ...] = ()
    gaps: tuple[Gap, ...] = ()
    undivided: Mapping[str, frozenset[str]] | None = None

    def whole(self, code: str, nomenclature: str | None) -> str:
        """The shortest code that means the same goods.

        A pair of zeros past the sixth digit says that the list does not divide what is above it.
        """
        while len(code) > SHARED and code.endswith("00"):
            code = code[:-2]
        is_alone = code in (self.undivided or {}).get(nomenclature or "", ())
        return code[:SHARED] if is_alone else code


SHARED = 6


def read_rules(text: str, name: str, under: Rules | None = None) -> Rules:
    """Parse a file; its entries go over those of `under` that have the same id."""
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadRelations(name, [Fault(where, f"this is no JSON: {error.msg}")]) from error
    try:
        read = RuleFile.model_validate(given)
    except ValidationError as error:
        raise BadRelations(name, _explain(error, given)) from error
    _refuse_twice(name, read)
    below = under if under and read.packaged else Rules()
    wide = dict(below.undivided or {}) | {
        of: frozenset(all_) for of, all_ in read.undivided.items()
    }
    return Rules(
        _over(below.relations, read.relations),
        _over(below.covers, read.covers),
        _over(below.gaps, read.gaps),
        wide,
    )


@cache
def packaged_rules() -> Rules:
    """Those that come with us: facts of 2025, and for which of them the events of 2025 suffice."""
    text = (files("service.core.rates.rules") / PACKAGED).read_text("utf-8")
    return read_rules(text, PACKAGED)


def _over(below: Iterable[Entry], above: Iterable[Entry]) -> tuple[Entry, ...]:
    by_id = {one.id: one for one in below} | {one.id: one for one in above}
    return tuple(by_id[name] for name in sorted(by_id))


def _refuse_twice(name: str, read: RuleFile) -> None:
    for field in ("relations", "covers", "gaps"):
        seen: set[str] = set()
        for number, one in enumerate(getattr(read, field)):
            if one.id in seen:
                said = f"another entry has the id {one.id!r}; give each its own"
                raise BadRelations(name, [Fault(f"{field}[{number}].id", said)])
            seen.add(one.id)


def _explain(error: ValidationError, given: Any) -> list[Fault]:
    """Paths with the id of the entry beside its number, counted from 0."""
    return [Fault(_name_entry(one.where, given), one.what) for one in faults_of(error, RuleFile)]


def _name_entry(where: str, given: Any) -> str:
    field, bracket, rest = where.partition("[")
    number, _, _ = rest.partition("]")
    try:
        name = given[field][int(number)]["id"]
    except (KeyError, TypeError, ValueError, IndexError):
        return where
    return f"{field}[{number}] ({name}){where[len(field + bracket + number) + 1 :]}"


def describe(rules: Rules) -> dict[str, Any]:
    """As answered."""
    return {
        "relations": [_dump(one) for one in rules.relations],
        "covers": [_dump(one) for one in rules.covers],
        "gaps": [_dump(one) for one in rules.gaps],
    }


def _dump(one: BaseModel) -> dict[str, Any]:
    return one.model_dump(mode="json", exclude_none=True)
