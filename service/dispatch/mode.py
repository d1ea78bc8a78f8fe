"""To whom this installation may write at all: to everybody, to nobody, or to a few addresses."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from service.store.database import Database
from service.store.delivery.sending import find_hold

HELD = "TARIFFWIRE_SEND=held"
ANYBODY = "*"
URL = re.compile(r"[^/?#]*://[^/?#]*")


@dataclass(frozen=True, slots=True)
class Mode:
    """`patterns` are those of addresses that may be written to; all may, while there are none."""

    is_held: bool = False
    patterns: tuple[str, ...] = ()

    def lets(self, address: str) -> bool:
        """Whether one may write to this mail address, or to this URL."""
        if self.is_held:
            return False
        return not self.patterns or any(_covers(one, address.lower()) for one in self.patterns)


def _covers(pattern: str, address: str) -> bool:
    """Host by host and path by path: what a path or a query says must not pass for a host."""
    if pattern == ANYBODY:
        return True
    (host, path), given = _parts(pattern), _parts(address)
    if host.endswith(ANYBODY) and not path:
        path = ANYBODY
    return fnmatchcase(given[0], host) and fnmatchcase(given[1], path)


def _parts(text: str) -> tuple[str, str]:
    """Scheme with host, and the rest; a mail address is all rest."""
    found = URL.match(text)
    return ("", text) if found is None else (found[0], text[found.end() :])


LIVE = Mode()


def read_mode(text: str) -> Mode:
    """From the setting: `live`, `held`, or `allow:` and patterns, separated by `|` or by spaces.

    In a pattern `*` stands for any text, `?` for any character, `[…]` for one of these. It has to
    cover the whole address, be it a mail address or a URL, whose host it covers by itself: what
    comes behind the host stands behind a `/` there and here. Capitals do not matter:
    `allow:*@example.com|https://staging.example.com/*`.
    """
    word, _, rest = text.partition(":")
    patterns = tuple(one.lower() for one in re.split(r"[|\s]+", rest) if one)
    if word == "allow" and patterns:
        return Mode(patterns=patterns)
    # What cannot be read lets nothing out.
    return LIVE if text == "live" else Mode(is_held=True)


async def why_withheld(db: Database, mode: Mode, address: str) -> str | None:
    """Why nothing may be sent there now; None: it may."""
    if mode.is_held:
        return f"sending is held by {HELD}"
    hold = await db.run_read(find_hold)
    if hold is not None:
        return f"sending is held: {hold}; tariffwire send release lets it go"
    return None if mode.lets(address) else f"TARIFFWIRE_SEND does not allow {address}"
