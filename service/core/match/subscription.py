"""What a business asks to be told: lanes, and minima beside them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator
from pydantic.json_schema import SkipJsonSchema

from service.core.certainty import Certainty
from service.core.change import Kind
from service.core.codes import (
    find_country,
    find_nomenclature,
    find_product,
    format_product,
    unhinted,
)
from service.core.codes.harmonized import HEADING_DIGITS
from service.core.duty import AtMost, Frozen, Short
from service.core.event.fields import LONGEST_COMMON, Key

HS = "HS"
LEAD = "lead"
MAX_LANES = 100
MAX_CODES = 2000
MAX_FILTERS = 20_000
MOST_INDEXED = 2000
"""A lane on more goods is found by wider codes: rows only narrow."""

_country = unhinted(lru_cache(maxsize=4096)(find_country))
"""People write names and slips; a lane understands "UK" and "Vietnam"."""
_product = unhinted(lru_cache(maxsize=65536)(find_product))
_nomenclature = unhinted(find_nomenclature)


def _read_country(given: Any) -> Any:
    return _country(given) if isinstance(given, str) else given


Country = Annotated[str, BeforeValidator(_read_country)]


def _read_nomenclature(given: Any) -> Any:
    return _nomenclature(given) if isinstance(given, str) else given


def _read_code(given: str, info: ValidationInfo) -> str:
    """In full, such as "HTS 8703.23.01", until the lane has settled on one nomenclature."""
    return str(_product(given, info.data.get("nomenclature")))


Code = Annotated[str, AfterValidator(_read_code)]


def _not_empty(sentence: str) -> BeforeValidator:
    """Refuse an empty list in words that say how to mend it."""

    def check(given: Any) -> Any:
        if isinstance(given, list | tuple) and not given:
            raise ValueError(sentence)
        return given

    return BeforeValidator(check)


CatalogueName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]


class Heir(Frozen):
    """A code that follows `of`, which was split, merged or moved; `code` None: nothing follows.

    It matches changes that take effect from `since` on. `ends`: its owner has accepted that, and
    from that day `of` matches no more, unless something else turns into it. `by` is the table that
    says so: all that one table says happens at once.
    """

    code: str | None
    of: str
    since: date
    ends: bool = False
    by: str = ""


class ProductLane(Frozen):
    """Codes of one nomenclature, or a catalogue of yours; 2, 4 and 6 digits are common to all.

    `except` takes goods out again: 87 without 8711. `listed` and `heirs` are no owner's: they are
    what the catalogue holds, and what became of codes, written in when the rule is stored.
    """

    nomenclature: Annotated[str, BeforeValidator(_read_nomenclature)] | None = None
    codes: Annotated[
        tuple[Code, ...],
        AtMost(MAX_CODES),
        Field(json_schema_extra={"minItems": 1}),
        _not_empty("name at least one code; a lane without `product` follows all goods"),
    ] = ()
    excluded: Annotated[
        tuple[Code, ...], AtMost(MAX_CODES), Field(alias="except", serialization_alias="except")
    ] = ()
    catalogue: CatalogueName | None = None
    listed: SkipJsonSchema[tuple[str, ...]] = ()
    heirs: SkipJsonSchema[tuple[Heir, ...]] = ()

    @model_validator(mode="after")
    def _settle(self) -> Self:
        """Leave bare digits in the lists, beside the one nomenclature they are of."""
        _refuse_neither_nor_both(self.codes, self.catalogue)
        of = self.nomenclature  # a lane that was made already is settled again, and stays the same
        codes, excluded = _digits(self.codes, of), _digits(self.excluded, of)
        for code in codes:
            _refuse_void(code, excluded)
        named = _nomenclature_of((*self.codes, *self.excluded), of)
        # Still being made: frozen from here on.
        object.__setattr__(self, "nomenclature", named or _national(self.nomenclature))
        object.__setattr__(self, "codes", codes)
        object.__setattr__(self, "excluded", excluded)
        return self

    @property
    def own(self) -> tuple[str, ...]:
        """What the owner named: codes, or those that the catalogue holds."""
        return self.codes + self.listed

    @property
    def ever(self) -> tuple[str, ...]:
        """All that it follows on any day."""
        return tuple(dict.fromkeys([*self.own, *(heir.code for heir in self.heirs if heir.code)]))

    def followed(self, on: date) -> tuple[str, ...]:
        """What it follows on that day: its own codes, until they end, and the heirs there are."""
        return tuple(self.stands_for(on)) if self.heirs else self.own

    def stands_for(self, on: date) -> dict[str, tuple[str, ...]]:
        """By code that it follows on that day, the owner's codes that it now stands for.

        A table may move a code to one that moves itself, so its codes end before its heirs begin.
        """
        standing: dict[str, tuple[str, ...]] = {code: (code,) for code in self.own}
        ended: dict[str, tuple[str, ...]] = {}
        begun = (heir for heir in self.heirs if heir.since <= on)
        for _, heirs in groupby(begun, key=lambda heir: (heir.since, heir.by)):
            at_once = tuple(heirs)
            fresh = [
                (heir.code, standing.get(heir.of) or ended.get(heir.of, ())) for heir in at_once
            ]
            for heir in at_once:
                if heir.ends and heir.of in standing:
                    ended[heir.of] = standing.pop(heir.of)
            for code, owned in fresh:
                if code:
                    standing[code] = tuple(dict.fromkeys((*standing.get(code, ()), *owned)))
        return standing


def _refuse_neither_nor_both(codes: Iterable[str], catalogue: str | None) -> None:
    if not (codes or catalogue):
        message = "name `codes`, or a `catalogue` of yours; without `product` all goods are meant"
        raise ValueError(message)
    if codes and catalogue:
        message = "`codes` and `catalogue` in one lane: write a lane for each"
        raise ValueError(message)


def _digits(codes: Iterable[str], of: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_product(code, of).digits for code in codes))


def _nomenclature_of(codes: Iterable[str], of: str | None) -> str | None:
    named = {found for code in codes if (found := _product(code, of).nomenclature)}
    if len(named) > 1:
        message = f"these are codes of {' and '.join(sorted(named))}: write a lane for each"
        raise ValueError(message)
    return next(iter(named), None)


def _national(nomenclature: str | None) -> str | None:
    return None if nomenclature == HS else nomenclature


def _refuse_void(code: str, excluded: Iterable[str]) -> None:
    if around := next((wide for wide in excluded if code.startswith(wide)), None):
        said = format_product(code)
        message = f"{said} lies within your exception {format_product(around)}: drop one of them"
        raise ValueError(message)


def read_product(given: Any) -> Any:
    """Let "8703" and ["8703", "9401.61"] stand for `{codes: […]}`."""
    if isinstance(given, str):
        return {"codes": [given]}
    if isinstance(given, int | float):
        message = 'write a code as text, "8703": a number loses its zeros'
        raise ValueError(message)  # noqa: TRY004 - pydantic gathers only ValueError
    return {"codes": given} if isinstance(given, list | tuple) else given


class Lane(Frozen):
    """All stated fields must hold. `country` stands for any role; an empty lane is everything."""

    country: Country | None = None
    importer: Country | None = None
    origin: Country | None = None
    party: Country | None = None
    product: Annotated[ProductLane | None, BeforeValidator(read_product)] = None
    programmes: Annotated[tuple[Short, ...], AtMost(100)] = ()
    measures: Annotated[tuple[Key, ...], AtMost(500)] = ()

    @model_validator(mode="after")
    def _refuse_void(self) -> Self:
        if self.party and self.measure_field:
            message = (
                f"`party` asks for talks and `{self.measure_field}` for measures: write two lanes"
            )
            raise ValueError(message)
        return self

    @property
    def measure_field(self) -> str | None:
        """The first field that asks for what a negotiation does not have."""
        return next((name for name in _OF_MEASURES if getattr(self, name)), None)

    @property
    def only_measures(self) -> bool:
        """Whether negotiations are out of the question."""
        return self.measure_field is not None

    @property
    def roles(self) -> dict[str, str]:
        """Every country named, by the role it is named in."""
        return {role: code for role in _ROLES if (code := getattr(self, role))}

    @property
    def parties(self) -> frozenset[str]:
        """Every country named, whatever its role."""
        return frozenset(self.roles.values())


_ROLES = ("country", "importer", "origin", "party")
_OF_MEASURES = ("product", "programmes", "measures")


class Rule(Frozen):
    """Lanes (any may match) and the minima that all alerts of a subscription must pass.

    `blanket`: whether measures on every origin count. `possible`: whether a measure whose goods
    are only described, or unknown, reaches a product lane. `lead_times` are the days before an
    effect at which a change `upcoming` is wanted; without them none is.
    """

    lanes: Annotated[
        tuple[Lane, ...],
        AtMost(MAX_LANES),
        Field(json_schema_extra={"minItems": 1}),
        _not_empty("name at least one lane; the lane {} follows everything"),
    ]
    kinds: Annotated[tuple[Kind, ...], AtMost(len(Kind))] = ()
    min_certainty: Certainty | None = None
    min_delta_pp: Annotated[Decimal, Field(ge=0, le=10_000)] | None = None
    blanket: bool = True
    possible: bool = False
    lead_times: Annotated[tuple[Annotated[int, Field(ge=1, le=730)], ...], AtMost(10)] = ()


@dataclass(frozen=True, slots=True, order=True)
class FilterRow:
    """One indexed row of a lane; an empty column means "any".

    `layer` is `measure`, `track` (then `importer` and `origin` hold the sorted parties) or
    `subject` (then `subject` alone decides). Rows only narrow: `match` has the last word. Rows of
    the layer `lead` catch nothing: by them one finds which lead times (`code`) anybody asks for.
    """

    layer: str
    importer: str = ""
    origin: str = ""
    code: str = ""
    nomenclature: str = ""
    subject: str = ""
    possible: bool = False


def explode(rule: Rule) -> list[FilterRow]:
    """List the rows by which SQL finds this rule, and its lead times."""
    rows = {row for lane in rule.lanes for row in _rows(lane, possible=rule.possible)}
    return sorted(rows | {FilterRow(LEAD, code=str(days)) for days in rule.lead_times})


def _rows(lane: Lane, *, possible: bool) -> Iterator[FilterRow]:
    if lane.measures:
        yield from (FilterRow("subject", subject=f"measure:{key}") for key in lane.measures)
    elif not lane.party:
        yield from _measure_rows(lane, possible=possible)
    if not lane.only_measures:
        yield from _track_rows(lane)


def _measure_rows(lane: Lane, *, possible: bool) -> Iterator[FilterRow]:
    roles = [(lane.importer or "", lane.origin or "")]
    if lane.country:
        roles = [(lane.country, lane.origin or ""), (lane.importer or "", lane.country)]
    named = lane.product.nomenclature or "" if lane.product else ""
    for code in _index_codes(lane):
        nomenclature = named if len(code) > LONGEST_COMMON else ""
        for importer, origin in roles:
            yield FilterRow("measure", importer, origin, code, nomenclature, possible=possible)


def _index_codes(lane: Lane) -> Iterable[str]:
    """Have a national code found also by its first six digits, from another nomenclature.

    The rows of a catalogue are as few as will do: a wider code finds all that a longer one does.
    """
    if lane.product is None:
        return [""]
    codes = lane.product.ever
    shared = dict.fromkeys(code[:LONGEST_COMMON] for code in codes)
    if lane.product.catalogue is None:
        return dict.fromkeys([*codes, *shared])
    if len(shared) <= MOST_INDEXED:
        return shared
    return dict.fromkeys(code[:HEADING_DIGITS] for code in shared)


def _track_rows(lane: Lane) -> Iterator[FilterRow]:
    """Narrow by two named parties; of more than two, two suffice."""
    first, second = [*sorted(lane.parties), "", ""][:2]
    yield FilterRow("track", first, second)
