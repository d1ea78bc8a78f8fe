"""Headers that a destination's owner adds to each webhook: what may be said, and what is ours."""

import re
from collections.abc import Iterable
from typing import Never

Pairs = tuple[tuple[str, str], ...]

MOST = 20
LONGEST_NAME = 100
LONGEST_VALUE = 4096

# What frames a request, names its parts or proves that it is ours: said by the sender alone.
RESERVED = frozenset(
    {
        "accept-encoding",
        "connection",
        "date",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
    }
)
RESERVED_STARTS = ("content-", "proxy-", "webhook-")

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)  # RFC 9110 §5.6.2
_VALUE = re.compile(r"[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?", re.ASCII)  # §5.5, without obs-text


class BadHeader(ValueError):
    """A header cannot be sent with webhooks."""


def check_headers(pairs: Iterable[tuple[str, str]]) -> Pairs:
    """Normalise them: names in lower case, values without blanks around; `BadHeader` says which.

    A value is not repeated in what is said, for it may be a secret.
    """
    checked = tuple((_check_name(name), _check_value(name, value)) for name, value in pairs)
    if len(checked) > MOST:
        _refuse(f"{len(checked)} headers are too many; at most {MOST} are sent")
    names = [name for name, _ in checked]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        _refuse(f"the header {twice[0]} is given twice; join its values with commas")
    return checked


def _check_name(given: str) -> str:
    name = given.lower()
    if len(name) > LONGEST_NAME:
        _refuse(f"the header {name[:40]}… is too long: at most {LONGEST_NAME} characters")
    if not _TOKEN.fullmatch(given):  # before it is lowered: there are signs that become a k
        _refuse(f"{given!r} is not a header name; it takes letters, digits and hyphens")
    if name in RESERVED or name.startswith(RESERVED_STARTS):
        _refuse(f"the header {name} is set by the sender itself; leave it out")
    return name


def _check_value(name: str, given: str) -> str:
    value = given.strip(" \t")
    if len(value) > LONGEST_VALUE:
        _refuse(f"the value of {name} is too long: at most {LONGEST_VALUE} characters")
    if not _VALUE.fullmatch(value):
        _refuse(f"the value of {name} is empty, or has line breaks or letters outside ASCII")
    return value


def _refuse(message: str) -> Never:
    raise BadHeader(message)
