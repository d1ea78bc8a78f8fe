"""How values of `core` look in answers: one walk for standings, changes and events alike.

Moments leave as `{at, precision, zone}`, duties with a `said` text beside their figures,
identities as `{source, id}`, codes and amounts as text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import singledispatch
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from service.core.duty import Duty, say_duty, say_number
from service.core.moment import Moment

_IDENTITIES = frozenset({"cause", "ended_by", "event", "identity"})
_IDENTITY_LISTS = frozenset({"conflicts"})


@singledispatch
def as_json(value: Any) -> Any:
    """Plain JSON values."""
    if is_dataclass(value):
        return pick(value, [one.name for one in fields(value)])
    return value


def pick(value: Any, names: Iterable[str]) -> dict[str, Any]:
    """Of a dataclass these fields only."""
    return {name: _named(name, getattr(value, name)) for name in names}


def _named(name: str, value: Any) -> Any:
    if name in _IDENTITIES and isinstance(value, tuple):
        return identity_json(value)
    if name in _IDENTITY_LISTS:
        return [[identity_json(one) for one in group] for group in value]
    return as_json(value)


def identity_json(identity: tuple[str, ...]) -> dict[str, str]:
    """(source, id) with its names."""
    source, name = identity
    return {"source": source, "id": name}


@as_json.register
def _(value: BaseModel) -> Any:
    kinds = type(value).model_fields
    return {kind.alias or name: as_json(getattr(value, name)) for name, kind in kinds.items()}


@as_json.register
def _(value: Duty) -> Any:
    return value.model_dump(mode="json") | {"said": say_duty(value)}


@as_json.register
def _(value: Moment) -> Any:
    return value.as_json()


@as_json.register
def _(value: datetime) -> Any:
    return value.isoformat()


@as_json.register
def _(value: Decimal) -> Any:
    return say_number(value)


@as_json.register
def _(value: Enum) -> Any:
    return value.value


@as_json.register
def _(value: UUID) -> Any:
    return str(value)


@as_json.register(tuple)
@as_json.register(list)
@as_json.register(frozenset)
def _(value: Any) -> Any:
    return [as_json(one) for one in value]


@as_json.register(Mapping)
def _(value: Mapping[Any, Any]) -> Any:
    return {str(name): as_json(one) for name, one in value.items()}
