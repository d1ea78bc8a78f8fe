"""The email of a change: subject, text and HTML that say the same, and the message round them.

Jinja2 is allowed in the core because it only renders: the templates ship inside the package, are
read once and cannot differ between two runs of one version, so the same change gives the same
letter. HTML is escaped by default; whatever an event says is brought to one line first.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, getaddresses
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template

from service.core.change import Change
from service.core.language import ENGLISH, Tongue
from service.core.message.body import Addressed, Told, say_behind
from service.core.message.contents import SAID_LINE, SAID_QUOTE, contents_of
from service.core.message.reasons import say_reason
from service.core.sentence.phrase import shorten

MOST_SOURCES = 8
MOST_MATCHED = 10

TONES = {"critical": "#c5221f", "high": "#b06000", "medium": "#1a5fb4", "info": "#5f6368"}
"""Of the bar beside the first line, by severity, which is also said in words."""


class BadHeader(ValueError):
    """A header of an email holds something that would break out of its line or its list."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`subject` is one line; `text` and `html` say the same."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a reader can go from a mail: pages of ours, each a URL.

    `forward` names nobody and lets nobody act: that is the one to pass on.
    """

    forward: str
    preferences: str
    unsubscribe: str


def letter(
    change: Change,
    addressed: Addressed,
    doors: Doors | None = None,
    tongue: Tongue = ENGLISH,
) -> Letter:
    """For one receiver; the subject and the first line say old → new."""
    contents = contents_of(change, tongue, told_before=addressed.told_before)
    contents = replace(
        contents, summary=tongue.join((contents.summary, *say_behind(tongue, addressed)))
    )
    view = {
        "it": contents,
        "tone": TONES[contents.severity],
        "sources": contents.sources[:MOST_SOURCES],
        "more_sources": max(0, len(contents.sources) - MOST_SOURCES),
        "matched": [_tell(tongue, told) for told in addressed.matched[:MOST_MATCHED]],
        "more_matched": max(0, len(addressed.matched) - MOST_MATCHED),
        "href": f"{addressed.href_base.rstrip('/')}/v1/changes/{change.id}",
        "doors": doors,
        "thread": _thread(tongue, change, addressed),
    }
    return Letter(contents.subject, *render("letter", view, tongue))


def render(name: str, view: Mapping[str, Any], tongue: Tongue = ENGLISH) -> tuple[str, str]:
    """Text and HTML of a letter, from the two templates of its name."""
    spoken = {**view, "say": tongue.say, "count": tongue.count, "lang": tongue.lang}
    return _template(f"{name}.txt.j2").render(spoken), _template(f"{name}.html.j2").render(spoken)


@cache
def _template(name: str) -> Template:
    """Text mail has no mark-up that could be broken out of; all else is escaped."""
    rules = Environment(
        autoescape=not name.endswith(".txt.j2"),  # noqa: S701 - true of everything but text
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return rules.from_string(files(__package__).joinpath("letters", name).read_text("utf-8"))


def _tell(tongue: Tongue, told: Told) -> Mapping[str, str]:
    marks = [say_reason(tongue, told.reason)]
    if told.possible:
        marks.append(tongue.say("only possibly yours"))
    if told.six_digits:
        marks.append(tongue.say("compared on six digits"))
    return {"name": shorten(told.name, SAID_LINE), "reason": shorten("; ".join(marks), SAID_QUOTE)}


def _thread(tongue: Tongue, change: Change, addressed: Addressed) -> str:
    said = (
        say_place(tongue, change),
        tongue.say("Follows alert {id}.", id=str(addressed.previous_alert))
        if addressed.previous_alert
        else "",
        tongue.say("Alert {id}.", id=str(addressed.delivery_id)),
    )
    return shorten(tongue.join(said), SAID_QUOTE)


def say_place(tongue: Tongue, change: Change) -> str:
    """As "Change 4 of measure:us-reciprocal-cn."."""
    if not change.sequence:
        return f"{change.subject}."
    number = str(change.sequence)
    return tongue.say("Change {number} of {subject}.", number=number, subject=change.subject)


def compose(  # noqa: PLR0913 - an email has that many headers
    letter: Letter,
    sender: str,
    recipient: str,
    *,
    message_id: str,
    date: datetime,
    headers: Mapping[str, str],
) -> bytes:
    """The whole RFC 5322 message; the same arguments give the same bytes.

    `sender` may carry a name ("Alerts <alerts@example.org>"), `recipient` is a bare address,
    `message_id` comes without its angle brackets, `headers` may add but not replace. Raises
    `BadHeader` for what would start a new header or name a second address.
    """
    message = EmailMessage(policy=_Verbatim(linesep=SMTP.linesep))
    message["From"] = _address(sender)
    message["To"] = _address(recipient)
    message["Subject"] = shorten(letter.subject, SAID_LINE)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = f"<{_checked('message_id', message_id, _MESSAGE_ID)}>"
    for name, value in headers.items():
        if _checked("header name", name, _NAME).lower() in _OURS or name in message:
            raise BadHeader(f"the header '{name}' is set already; leave it out")
        message[name] = _checked(name, value, _LINE)
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    message.set_boundary(_boundary(message_id, letter))
    return message.as_bytes()


class _Verbatim(EmailPolicy):
    """Leaves what programs read as it is: the library would encode a URL that is too long to fold.

    RFC 8058 needs it plain, and RFC 5322 lets a line have 998 characters.
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        if name in _FOR_PEOPLE:
            return super().fold_binary(name, value)
        return f"{name}: {str(value).replace(' ', f'{self.linesep} ')}{self.linesep}".encode()


_FOR_PEOPLE = frozenset({"From", "To", "Subject", "Date", "Content-Type"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}")
LONGEST_LINE = 900
"""Characters of a header that is added; RFC 5322 lets a line have 998."""
_LINE = re.compile(rf"[\x20-\x7e]{{1,{LONGEST_LINE}}}")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9._+=-]{1,200}@[A-Za-z0-9.-]{1,255}")
_OURS = frozenset(
    {"content-type", "content-transfer-encoding", "mime-version", "cc", "bcc", "sender"}
)


def _checked(what: str, given: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(given):
        raise BadHeader(
            f"{what} {given[:60]!r} may not stand in a header; write plain ASCII on one line"
        )
    return given


def _address(given: str) -> Address:
    named = getaddresses([given]) if given.isprintable() else []
    name, bare = named[0] if len(named) == 1 else ("", "")
    try:
        found = Address(display_name=name, addr_spec=bare)
    except (ValueError, IndexError):
        found = Address()
    if not (found.username and found.domain):
        raise BadHeader(f"{given[:80]!r} is no single mail address; write name@example.org")
    return found


def _boundary(message_id: str, letter: Letter) -> str:
    """Not random, and in neither part: both are quoted-printable, which holds no "=_"."""
    digest = hashlib.sha256(
        f"{message_id}\n{letter.text}\n{letter.html}".encode("utf-8", "replace")
    )
    return f"=_{digest.hexdigest()[:32]}"
