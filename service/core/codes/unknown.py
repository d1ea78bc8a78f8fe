"""What a caller learns when a code is not understood.

UnknownCode                  the nearest codes are named
├── UnknownCountry
├── UnknownGroup
└── UnknownProduct
    └── UnknownNomenclature  the digits may be right, what they are said to be of is not
Unhinted                     stands for one of them where nobody may ever read it

To find what is nearest takes milliseconds, so it is looked for when somebody asks.
"""

from collections.abc import Callable
from functools import cached_property, wraps
from textwrap import shorten
from typing import ParamSpec, TypeVar

Suggestions = tuple[tuple[str, str], ...]
MOST_HINTED = 10
"""Of the faults of one request, so many at most are answered with what is nearest."""

_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")

_SHOWN = 60  # characters of a text that a message repeats


class UnknownCode(ValueError):
    """No such code."""

    def __init__(
        self, given: str, suggest: Callable[[str], Suggestions] | None = None, reason: str = ""
    ) -> None:
        """`suggest` finds what is nearest to what was given; no `reason`: the docstring speaks."""
        self.given = given
        self.plain = f"{_quote(given)}: {reason or self.__doc__}"
        self._suggest = suggest
        super().__init__(self.plain)

    @cached_property
    def suggestions(self) -> Suggestions:
        """(code, name), nearest first."""
        return self._suggest(self.given) if self._suggest else ()

    def __str__(self) -> str:
        """What is wrong, and what is nearest."""
        return f"{self.plain}{_ask(self.suggestions)}"


class UnknownCountry(UnknownCode):
    """No country or customs territory is known by this name or code."""


class UnknownGroup(UnknownCode):
    """No group of countries is known by this name or code."""


class UnknownProduct(UnknownCode):
    """No product has this code in HS 2022."""


class UnknownNomenclature(UnknownProduct):
    """No nomenclature is known by this name."""


class Unhinted(ValueError):
    """An `UnknownCode` that has not looked for what is nearest.

    pydantic writes out the message of every fault, be they 60,000; `cause` says more of those that
    are shown.
    """

    def __init__(self, cause: UnknownCode) -> None:
        """Its message is the plain one."""
        self.cause = cause
        super().__init__(cause.plain)


def unhinted(find: Callable[_Given, _Found]) -> Callable[_Given, _Found]:
    """For validators: the same, but what is unknown is raised `Unhinted`."""

    @wraps(find)
    def look(*args: _Given.args, **named: _Given.kwargs) -> _Found:
        try:
            return find(*args, **named)
        except UnknownCode as error:
            # Not its way here: of 60,000 that are kept, every frame would be kept, too.
            raise Unhinted(error.with_traceback(None)) from None

    return look


def _quote(given: str) -> str:
    """Short and printable: what was given may be megabytes, or hold control characters."""
    shown = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    return '"' + "".join(sign if sign.isprintable() else "�" for sign in shown) + '"'


def _ask(suggestions: Suggestions) -> str:
    if not suggestions:
        return ""
    offers = [f"{code} ({shorten(name, _SHOWN, placeholder='…')})" for code, name in suggestions]
    return f" Did you mean {', '.join(offers)}?"
