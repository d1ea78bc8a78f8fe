"""Why an input could not be taken: what, where, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from service.core.codes import MOST_HINTED, Unhinted

MOST_FAULTS = 20
"""Of one form or event, so many are named."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`where` is a path such as `data.duty.components[0].amount`; empty for the whole."""

    where: str
    what: str

    def __str__(self) -> str:
        """One line: where, then what."""
        return f"{self.where}: {self.what}" if self.where else self.what


class Unreadable(ValueError):
    """This is not an event of the documented shape."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(map(str, self.faults)) or self.__doc__)


def faults_of(
    error: ValidationError, model: type[BaseModel] | None = None, hints: int = MOST_HINTED
) -> list[Fault]:
    """Pydantic's complaints in our words, paths joined as people write them; the first of them.

    The first `hints` of them say what may have been meant, where that can be guessed.
    """
    found = error.errors(include_url=False, include_input=False)[:MOST_FAULTS]
    return [_fault(dict(one), model, hinted=place < hints) for place, one in enumerate(found)]


def _fault(one: dict[str, Any], model: type[BaseModel] | None, *, hinted: bool) -> Fault:
    where = path_of(one["loc"])
    said = str(one["msg"]).removeprefix("Value error, ")
    unknown = one.get("ctx", {}).get("error")
    if hinted and isinstance(unknown, Unhinted):
        said = str(unknown.cause)
    if one["type"] == "extra_forbidden":
        near = _suggest(str(one["loc"][-1]), model, one["loc"][:-1]) if hinted else ""
        said = f"no such field{near}"
    elif one["type"] == "missing":
        said = "this field is required"
    return Fault(where, said)


def path_of(location: Iterable[str | int]) -> str:
    """("data", "citations", 0, "kind") → data.citations[0].kind."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else str(step)
    return path


def _suggest(given: str, model: type[BaseModel] | None, location: tuple[str | int, ...]) -> str:
    known = _fields_at(model, location)
    near = get_close_matches(given, known, n=1, cutoff=0.5)
    return f"; did you mean `{near[0]}`?" if near else ""


def _fields_at(model: Any, location: tuple[str | int, ...]) -> list[str]:
    for step in location:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step) if _is_model(model) else None
        model = _model_in(field.annotation) if field else None
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `X | None`, `tuple[X, ...]` or `Annotated[X, …]`, if there is one."""
    if _is_model(annotation):
        return annotation  # type: ignore[no-any-return]
    found = (_model_in(part) for part in getattr(annotation, "__args__", ()))
    return next((one for one in found if one), None)
