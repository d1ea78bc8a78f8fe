"""What a measure charges. Unknown is not zero: a rate that could not be parsed has no number."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from service.core.language import ENGLISH, Tongue, noted

Text = Annotated[str, Field(max_length=10_000)]
Short = Annotated[str, Field(min_length=1, max_length=300)]


class Frozen(BaseModel):
    """A value: it never changes, and a misspelt field is an error rather than lost."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)


@dataclass(frozen=True, slots=True)
class AtMost:
    """How many items a list may have, counted before any of them is looked at.

    `max_length` of pydantic counts those that were understood: of 100,000 bad ones it looks at all.
    """

    limit: int

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Counts, then goes on as it would have."""
        return core_schema.no_info_before_validator_function(self._count, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """As `maxItems`."""
        return handler(schema) | {"maxItems": self.limit}

    def _count(self, given: Any) -> Any:
        if isinstance(given, list | tuple) and len(given) > self.limit:
            message = f"at most {self.limit} items, and this has {len(given)}"
            raise ValueError(message)
        return given


def _only_text(given: Any) -> Any:
    if isinstance(given, str | Decimal):
        return given
    message = 'amounts are decimal strings: write "25", not 25'
    raise ValueError(message)


Amount = Annotated[
    Decimal,
    BeforeValidator(_only_text),
    Field(ge=0, max_digits=24, decimal_places=10, allow_inf_nan=False),
]


class Basis(StrEnum):
    """What the figure is measured against."""

    ADDITIONAL = "additional"
    ADDITIONAL_IN_LIEU = "additional_in_lieu"  # replaces the programme's baseline while in force
    COMPONENT_TOTAL = "component_total"  # restates this measure's own rate
    TOTAL = "total"
    TOTAL_FLOOR = "total_floor"  # the higher of the column-1 rate and this


class Component(Frozen):
    """One part of a duty: percent of a value, or money (or units) per quantity."""

    kind: Literal["ad_valorem", "specific"]
    amount: Amount
    unit: Short | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    per: Short | None = None
    value_basis: Short | None = None


class Duty(Frozen):
    """Components and how they combine; `text` keeps what could not be parsed."""

    components: Annotated[tuple[Component, ...], AtMost(50)] = ()
    combine: Literal["sum", "max", "min"] = "sum"
    basis: Basis = Basis.ADDITIONAL
    text: Text | None = None

    @property
    def percent(self) -> Decimal | None:
        """The ad valorem rate in percent, where one number says it all; else None."""
        parts = self.components
        if not parts or any(part.kind != "ad_valorem" for part in parts):
            return None
        if len(parts) > 1 and (self.combine != "sum" or len(_value_bases(self)) > 1):
            return None
        return sum((part.amount for part in parts), Decimal(0))

    @cached_property
    def figures(self) -> tuple[object, ...]:
        """All of it as one plain value, quick to compare."""
        parts = tuple(tuple(part.__dict__.values()) for part in self.components)
        return (parts, self.combine, self.basis, self.text)

    @property
    def of_total(self) -> bool:
        """Whether the figure is all that is owed, rather than something on top."""
        return self.basis in _TOTALS

    def on_basis(self, basis: Basis) -> "Duty":
        """The same figures, said on another basis."""
        return self if basis == self.basis else self.model_copy(update={"basis": basis})


_TOTALS = frozenset({Basis.TOTAL, Basis.TOTAL_FLOOR})


def _value_bases(duty: Duty) -> set[str | None]:
    return {part.value_basis for part in duty.components}


def points_between(before: Duty | None, after: Duty | None) -> Decimal | None:
    """Percentage points from `before` to `after`; None where the two cannot be compared.

    A figure on top of other duties and one that includes them are not comparable, nor are
    shares of different values (all of it, its copper content).
    """
    if before is None or after is None or before.percent is None or after.percent is None:
        return None
    if (before.of_total or after.of_total) and before.basis != after.basis:
        return None
    if _value_bases(before) != _value_bases(after):
        return None
    return after.percent - before.percent


def say_duty(duty: Duty | None, tongue: Tongue = ENGLISH, *, is_part: bool = False) -> str:
    """As in "25 %" or "2.5 % or USD 0.40 per kg, whichever is higher"; None is unknown.

    `is_part` of a sentence that goes on behind it: then nothing is left open by a comma.
    """
    if duty is None or not duty.components:
        return duty.text if duty and duty.text else tongue.say("an unknown rate")
    parts = [_say_component(part, tongue) for part in duty.components]
    said = (" + " if duty.combine == "sum" else tongue.say(" or ")).join(parts)
    if len(parts) > 1 and duty.combine in _COMBINED:
        said = tongue.say((_ENCLOSED if is_part else _COMBINED)[duty.combine], rates=said)
    return tongue.say(_SAID_BASIS[duty.basis], rate=said) if duty.of_total else said


_COMBINED = {
    "max": noted("{rates}, whichever is higher"),
    "min": noted("{rates}, whichever is lower"),
}
_ENCLOSED = {
    "max": noted("{rates} (whichever is higher)"),
    "min": noted("{rates} (whichever is lower)"),
}
_SAID_BASIS = {
    Basis.TOTAL: noted("{rate} in all"),
    Basis.TOTAL_FLOOR: noted("at least {rate} in all"),
}


def say_number(amount: Decimal) -> str:
    """Plain digits without trailing zeros: 25, 2.5, 0.125."""
    said = format(amount, "f")
    return said.rstrip("0").rstrip(".") if "." in said else said


def _say_component(part: Component, tongue: Tongue) -> str:
    if part.kind == "ad_valorem":
        rate = tongue.say("{amount} %", amount=tongue.number(part.amount))
        if not part.value_basis:
            return rate
        share = tongue.find(part.value_basis.replace("_", " "))
        return tongue.say("{rate} of the {share}", rate=rate, share=share)
    amount = tongue.money(part.amount)  # money keeps its zeros: USD 0.40
    if part.currency:
        amount = tongue.say("{currency} {amount}", currency=part.currency, amount=amount)
    else:
        amount = f"{amount} {part.unit or ''}".strip()
    return tongue.say("{money} per {unit}", money=amount, unit=part.per) if part.per else amount


VALUES = (
    noted("copper content"),
    noted("steel content"),
    noted("aluminum content"),
    noted("non-metal content"),
)
"""What a share of the value is usually charged on."""
