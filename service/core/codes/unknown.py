"""What a caller learns when a code is not understood.

UnknownCode                  the nearest codes are named
├── UnknownCountry
├── UnknownGroup
└── UnknownProduct
    └── UnknownNomenclature  the digits may be right, what they are said to be of is not
"""

from textwrap import shorten

Suggestions = tuple[tuple[str, str], ...]

_SHOWN = 60  # characters of a text that a message repeats


class UnknownCode(ValueError):
    """No such code."""

    given: str
    suggestions: Suggestions

    def __init__(self, given: str, suggestions: Suggestions = (), reason: str = "") -> None:
        """`suggestions` are (code, name), nearest first; without `reason` the docstring speaks."""
        self.given = given
        self.suggestions = suggestions
        sentence = reason or str(self.__doc__)
        super().__init__(f"{_quote(given)}: {sentence}{_ask(suggestions)}")


class UnknownCountry(UnknownCode):
    """No country or customs territory is known by this name or code."""


class UnknownGroup(UnknownCode):
    """No group of countries is known by this name or code."""


class UnknownProduct(UnknownCode):
    """No product has this code in HS 2022."""


class UnknownNomenclature(UnknownProduct):
    """No nomenclature is known by this name."""


def _quote(given: str) -> str:
    """Short and printable: what was given may be megabytes, or hold control characters."""
    shown = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
    return '"' + "".join(sign if sign.isprintable() else "�" for sign in shown) + '"'


def _ask(suggestions: Suggestions) -> str:
    if not suggestions:
        return ""
    offers = [f"{code} ({shorten(name, _SHOWN, placeholder='…')})" for code, name in suggestions]
    return f" Did you mean {', '.join(offers)}?"
