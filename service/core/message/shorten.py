"""Making JSON fit into a number of bytes without cutting anything in silence."""

from typing import Any, NamedTuple

from pydantic_core import to_json

SAID_PATHS = 12
LONGEST_PATH = 40


class Limits(NamedTuple):
    """At most so many characters a text and items a list."""

    text: int
    items: int


LADDER = (Limits(1000, 25), Limits(400, 10), Limits(160, 4), Limits(60, 2), Limits(24, 1))
"""Tried in turn, mildest first."""


def fit(given: dict[str, Any], limit: int, prefix: str = "") -> tuple[dict[str, Any], list[str]]:
    """The object in at most `limit` bytes, and the paths of what was shortened.

    A shortened text ends in an ellipsis; a shortened list has `…_more` beside it. What is still
    too large then is replaced by {"shortened": true, "bytes": …}, the largest first; the fields of
    `given` itself all stay, so `limit` must leave room for their names.
    """
    if len(to_json(given)) <= limit:
        return given, []
    cut = _Cut(LADDER[0])
    found = given
    for limits in LADDER:
        cut = _Cut(limits)
        found = cut.shorten_object(given, prefix)
        if len(to_json(found)) <= limit:
            return found, cut.said()
    return _drop_largest(found, limit, prefix, cut), cut.said()


def _drop_largest(given: dict[str, Any], limit: int, prefix: str, cut: "_Cut") -> dict[str, Any]:
    found = dict(given)
    sizes = {name: len(to_json(value)) for name, value in given.items()}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if len(to_json(found)) <= limit:
            break
        if isinstance(found[name], dict | list):
            found[name] = {"shortened": True, "bytes": sizes[name]}
            cut.paths.insert(0, f"{prefix}{name}")
    return found


class _Cut:
    """One rung of the ladder, with the paths of what it shortened."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.paths: list[str] = []

    def said(self) -> list[str]:
        paths = [_end_of(path) for path in dict.fromkeys(self.paths)]
        more = len(paths) - SAID_PATHS
        return [*paths[:SAID_PATHS], f"… and {more} more"] if more > 0 else paths

    def shorten_object(self, given: dict[str, Any], prefix: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in given.items():
            found.setdefault(name, self._shorten(value, f"{prefix}{name}"))
            more = len(value) - self.limits.items if isinstance(value, list) else 0
            counted = given.get(f"{name}_more", 0)
            if more > 0 and isinstance(counted, int):
                found[f"{name}_more"] = counted + more
        return found

    def _shorten(self, value: Any, path: str) -> Any:
        if isinstance(value, str) and len(value) > self.limits.text:
            self.paths.append(path)
            return value[: self.limits.text - 1] + "…"
        if isinstance(value, list):
            if len(value) > self.limits.items:
                self.paths.append(path)
            kept = value[: self.limits.items]
            return [self._shorten(one, f"{path}[{place}]") for place, one in enumerate(kept)]
        return self.shorten_object(value, f"{path}.") if isinstance(value, dict) else value


def _end_of(path: str) -> str:
    return path if len(path) <= LONGEST_PATH else path[: LONGEST_PATH - 1] + "…"
