"""What a mail server's refusal means: for the address, for this one message, or for ourselves.

Only a server that says that the address itself is no good speaks against the address. A policy,
a full mailbox, a busy server, a filter: all of these say nothing about it (RFC 5321 §4.2,
RFC 3463 §3, RFC 7505, RFC 7504, RFC 7372).
"""

import re
from dataclasses import dataclass
from enum import StrEnum

PERMANENT = 500


class Bounce(StrEnum):
    """HARD: the address is no good. SOFT: it may pass. REFUSED: this message will not be taken.

    OURS: we are set up wrongly, or our relay will not have us; no reader can mend that.
    """

    HARD = "hard"
    SOFT = "soft"
    REFUSED = "refused"
    OURS = "ours"


@dataclass(frozen=True, slots=True)
class Detail:
    """Subject and detail of an enhanced status code: (1, 1) of 5.1.1."""

    subject: int
    detail: int


_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.])")

_DETAILS = {
    Detail(1, 1): Bounce.HARD,  # no such mailbox
    Detail(1, 2): Bounce.HARD,  # no such domain
    Detail(1, 3): Bounce.HARD,  # no address at all
    Detail(1, 6): Bounce.HARD,  # moved, and left no address
    Detail(1, 7): Bounce.OURS,  # our own address is written wrongly
    Detail(1, 8): Bounce.OURS,  # our own domain is not known
    Detail(1, 10): Bounce.HARD,  # the domain takes no mail (RFC 7505)
    Detail(2, 1): Bounce.HARD,  # the mailbox was closed
    Detail(2, 2): Bounce.SOFT,  # it is full
    Detail(3, 1): Bounce.SOFT,  # their disk is full
    Detail(3, 2): Bounce.SOFT,  # their server takes nothing just now
    Detail(4, 5): Bounce.SOFT,  # it is overloaded
    Detail(7, 3): Bounce.OURS,  # "not authenticated", as some relays put it
    Detail(7, 8): Bounce.OURS,  # wrong user name or password
    Detail(7, 9): Bounce.OURS,  # this way of logging in is too weak
    Detail(7, 10): Bounce.OURS,  # encryption is needed
    Detail(7, 11): Bounce.OURS,  # encryption is needed for this way of logging in
    Detail(7, 13): Bounce.OURS,  # our account is disabled
    Detail(7, 14): Bounce.OURS,  # the relay does not trust us
}
"""What is not listed says nothing about the address: above all 7, policy."""

_ABOUT_US = frozenset({530, 534, 535, 538})  # log in first, or log in otherwise
_NOBODY = frozenset({550, 551, 553})
_TAKES_NO_MAIL = 556  # RFC 7504
_FULL = 552

_NO_RELAYING = re.compile(
    r"relay(ing)?\b.*\b(denied|not permitted|prohibited|not allowed)|"
    r"not permitted to relay|unable to relay",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"(user|recipient|mailbox|account|address)\b[^;]{0,60}?\b"
    r"(unknown|not found|does ?n[o']t exist|not exist|no longer|invalid|disabled|inactive)"
    r"|(unknown|no such|invalid) (user|recipient|mailbox|account|address|local part)"
    r"|no mailbox here",
    re.IGNORECASE,
)
_POLICY = re.compile(
    r"spam|block(ed|list)|blacklist|policy|reputation|dmarc|\bspf\b|dkim|banned|listed|"
    r"rate limit|too many|virus",
    re.IGNORECASE,
)
_NAMES = re.compile(r"https?://\S+|[\w.+-]+@[\w.-]+|\b[\w-]+(?:\.[\w-]+)+\b", re.IGNORECASE)
"""Addresses, hosts and pages: what they are called says nothing."""
_TOO_LARGE = re.compile(r"size|too (big|large)", re.IGNORECASE)


def classify(status: int, said: str) -> Bounce:
    """From the reply's code, 400 to 599, and its words with or without an enhanced code.

    The first digit of the reply decides between later and never, whatever the words add.
    """
    if status < PERMANENT:
        return Bounce.SOFT
    if status in _ABOUT_US or _NO_RELAYING.search(said):
        return Bounce.OURS
    found = _ENHANCED.search(said)
    if found:
        known = _DETAILS.get(Detail(int(found[2]), int(found[3])), Bounce.REFUSED)
    else:
        known = _judge_words(status, said)
    if known is not Bounce.HARD:
        return known
    return Bounce.REFUSED if _speaks_of_us(_NAMES.sub(" ", said), coded=bool(found)) else known


def _speaks_of_us(said: str, *, coded: bool) -> bool:
    """Some filters borrow the code of an unknown user, and some hosts explain one by a policy.

    Where the code and the words both say that nobody is there, nobody is.
    """
    return bool(_POLICY.search(said)) and not (coded and _UNKNOWN.search(said))


def _judge_words(status: int, said: str) -> Bounce:
    """A bare code is ambiguous: 550 is "no such mailbox" and "I do not want this" alike."""
    if status == _TAKES_NO_MAIL or (status in _NOBODY and _UNKNOWN.search(said)):
        return Bounce.HARD
    if status == _FULL and not _TOO_LARGE.search(said):
        return Bounce.SOFT
    return Bounce.REFUSED


def classify_report(status: str, diagnostic: str) -> Bounce:
    """The same from a report's `Status` and `Diagnostic-Code` (RFC 3464 §2.3.4 and §2.3.6).

    What the remote server said is the more precise of the two: reports like to say 5.0.0.
    """
    said = diagnostic.partition(";")[2].strip() if ";" in diagnostic else diagnostic
    code = re.match(r"([45]\d\d)\b", said)
    text = said if _ENHANCED.search(said) else f"{status} {said}" if _is_precise(status) else said
    return classify(int(code[1]) if code else _code_of(status), text)


def _is_precise(status: str) -> bool:
    return not status.endswith(".0.0")


def _code_of(status: str) -> int:
    return PERMANENT + 50 if status.startswith("5") else PERMANENT - 50
