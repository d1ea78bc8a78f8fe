"""Headers that an owner may add to the webhooks of a destination, and those that are not theirs."""

import re
from collections.abc import Mapping

MOST = 20
MOST_BYTES = 4096
"""All names and values together."""

# RFC 9110 §5.6.2 and §5.5. A line end in a value would begin another header, or the body.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")

_OURS = frozenset(
    {
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
_OUR_FAMILIES = ("content-", "proxy-", "webhook-")


def refused_header(name: str, value: str) -> str | None:
    """Why this header cannot be sent; None: it can."""
    if not _NAME.fullmatch(name):
        return "a header's name is letters, digits and !#$%&'*+-.^_`|~"
    if name.lower() in _OURS or name.lower().startswith(_OUR_FAMILIES):
        return f"{name} is set by the sender itself: choose another name"
    if not _VALUE.fullmatch(value):
        return "a header's value is visible ASCII, without line ends, or blanks around it"
    return None


def refused_headers(given: Mapping[str, str]) -> str | None:
    """Why these cannot be sent together; None: they can."""
    if len({name.lower() for name in given}) < len(given):
        return "a name is there twice: capitals do not tell headers apart"
    if len(given) > MOST:
        return f"at most {MOST} headers, these are {len(given)}"
    size = sum(len(name) + len(value) for name, value in given.items())
    return f"at most {MOST_BYTES} bytes together, these are {size}" if size > MOST_BYTES else None
