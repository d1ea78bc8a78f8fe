"""Fields that several types of event share, with their limits."""

import re
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from service.core.codes import country_name, find_country, unhinted
from service.core.duty import AtMost, Frozen, Short, Text
from service.core.moment import When

MAX_DEPTH = 16
MAX_LIST = 200
Url = Annotated[str, Field(max_length=2048, pattern=r"^https?://[^\s]+$")]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@#+*-]{0,199}$")]


_country = unhinted(find_country)


@lru_cache(maxsize=4096)
def check_code(text: str) -> str:
    """An event is written by a program: a slip is answered, not silently mended."""
    code = _country(text)
    if code != text:
        message = f"'{text}' is no country code; did you mean '{code}' ({country_name(code)})?"
        raise ValueError(message)
    return code


CountryCode = Annotated[str, Field(max_length=60), AfterValidator(check_code)]


def _check_depth(given: Any, left: int = MAX_DEPTH) -> Any:
    if left == 0:
        message = f"nested deeper than {MAX_DEPTH} levels"
        raise ValueError(message)
    if isinstance(given, dict | list):
        for item in given.values() if isinstance(given, dict) else given:
            _check_depth(item, left - 1)
    return given


Passed = Annotated[dict[str, Any], BeforeValidator(_check_depth)]
"""Stored and handed on as it came; acted on by a later release."""


class Reference(Frozen):
    """The identity of another event."""

    source: Annotated[str, Field(min_length=1, max_length=500)]
    id: Annotated[str, Field(min_length=1, max_length=200)]

    @property
    def identity(self) -> tuple[str, str]:
        """As (source, id)."""
        return (self.source, self.id)


class Instrument(Frozen):
    """The legal text: an order, a notice, a heading, a case."""

    kind: Literal[
        "executive_order",
        "proclamation",
        "federal_register",
        "hts_heading",
        "csms",
        "docket",
        "regulation",
        "other",
    ]
    number: Short
    url: Url | None = None


class Evidence(Frozen):
    """Where it stands written, and what exactly."""

    publisher: Short | None = None
    kind: Literal["instrument", "official_statement", "press_report", "social_post"]
    url: Url | None = None
    title: Annotated[str, Field(max_length=1000)] | None = None
    published_at: When | None = None
    retrieved_at: When | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = None
    quote: Text | None = None
    offset: Annotated[int, Field(ge=0)] | None = None


Citations = Annotated[tuple[Instrument, ...], AtMost(MAX_LIST)]
EvidenceList = Annotated[tuple[Evidence, ...], AtMost(MAX_LIST)]

_CODE = re.compile(r"[0-9]{2}(?:[. ]?[0-9]{2}){0,4}")
LONGEST_COMMON = 6


@lru_cache(maxsize=65536)
def read_code(text: str) -> str:
    """Digits of a product code, dots dropped; shape only (national lines change every year)."""
    if not _CODE.fullmatch(text):
        message = f"'{text[:40]}' is no product code: 2, 4, 6, 8 or 10 digits, such as 8703.23"
        raise ValueError(message)
    return text.replace(".", "").replace(" ", "")


ProductDigits = Annotated[str, AfterValidator(read_code)]
