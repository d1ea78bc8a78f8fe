"""What a business asks to be told: lanes, and minima beside them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, model_validator

from service.core.certainty import Certainty
from service.core.change import Kind
from service.core.codes import find_country, find_nomenclature, find_product, format_product
from service.core.duty import Frozen, Short
from service.core.event.fields import LONGEST_COMMON, Key

HS = "HS"
MAX_LANES = 100
MAX_CODES = 2000

_country = lru_cache(maxsize=4096)(find_country)
"""People write names and slips; a lane understands "UK" and "Vietnam"."""
_product = lru_cache(maxsize=65536)(find_product)


def _read_country(given: Any) -> Any:
    return _country(given) if isinstance(given, str) else given


Country = Annotated[str, BeforeValidator(_read_country)]


def _read_nomenclature(given: Any) -> Any:
    return find_nomenclature(given) if isinstance(given, str) else given


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


class ProductLane(Frozen):
    """Codes of one nomenclature; 2, 4 and 6 digits are common to all.

    `except` takes goods out again: 87 without 8711.
    """

    nomenclature: Annotated[str, BeforeValidator(_read_nomenclature)] | None = None
    codes: Annotated[
        tuple[Code, ...],
        Field(max_length=MAX_CODES, json_schema_extra={"minItems": 1}),
        _not_empty("name at least one code; a lane without `product` follows all goods"),
    ]
    excluded: Annotated[
        tuple[Code, ...], Field(max_length=MAX_CODES, alias="except", serialization_alias="except")
    ] = ()

    @model_validator(mode="after")
    def _settle(self) -> Self:
        """Leave bare digits in the lists, beside the one nomenclature they are of."""
        codes, excluded = _digits(self.codes), _digits(self.excluded)
        for code in codes:
            _refuse_void(code, excluded)
        named = _nomenclature_of((*self.codes, *self.excluded))
        # Still being made: frozen from here on.
        object.__setattr__(self, "nomenclature", named or _national(self.nomenclature))
        object.__setattr__(self, "codes", codes)
        object.__setattr__(self, "excluded", excluded)
        return self


def _digits(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_product(code).digits for code in codes))


def _nomenclature_of(codes: Iterable[str]) -> str | None:
    named = {found for code in codes if (found := _product(code).nomenclature)}
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


def _read_product(given: Any) -> Any:
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
    product: Annotated[ProductLane | None, BeforeValidator(_read_product)] = None
    programmes: Annotated[tuple[Short, ...], Field(max_length=100)] = ()
    measures: Annotated[tuple[Key, ...], Field(max_length=500)] = ()

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
    are only described, or unknown, reaches a product lane. `lead_times` are days before an effect
    (acted on by a later release).
    """

    lanes: Annotated[
        tuple[Lane, ...],
        Field(max_length=MAX_LANES, json_schema_extra={"minItems": 1}),
        _not_empty("name at least one lane; the lane {} follows everything"),
    ]
    kinds: Annotated[tuple[Kind, ...], Field(max_length=len(Kind))] = ()
    min_certainty: Certainty | None = None
    min_delta_pp: Annotated[Decimal, Field(ge=0, le=10_000)] | None = None
    blanket: bool = True
    possible: bool = False
    lead_times: Annotated[
        tuple[Annotated[int, Field(ge=1, le=730)], ...], Field(max_length=10)
    ] = ()


@dataclass(frozen=True, slots=True, order=True)
class FilterRow:
    """One indexed row of a lane; an empty column means "any".

    `layer` is `measure`, `track` (then `importer` and `origin` hold the sorted parties) or
    `subject` (then `subject` alone decides). Rows only narrow: `match` has the last word.
    """

    layer: str
    importer: str = ""
    origin: str = ""
    code: str = ""
    nomenclature: str = ""
    subject: str = ""
    possible: bool = False


def explode(rule: Rule) -> list[FilterRow]:
    """List the rows by which SQL finds this rule."""
    return sorted({row for lane in rule.lanes for row in _rows(lane, possible=rule.possible)})


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
    """Have a national code found also by its first six digits, from another nomenclature."""
    if lane.product is None:
        return [""]
    codes = lane.product.codes
    return dict.fromkeys([*codes, *(code[:LONGEST_COMMON] for code in codes)])


def _track_rows(lane: Lane) -> Iterator[FilterRow]:
    """Narrow by two named parties; of more than two, two suffice."""
    first, second = [*sorted(lane.parties), "", ""][:2]
    yield FilterRow("track", first, second)
