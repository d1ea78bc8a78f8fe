"""A notice as it is sent: the same in a webhook and in a mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.core.language import ENGLISH, Tongue
from service.core.message.letter import Letter, render
from service.core.message.succession import say_code_change
from service.core.message.wording import Deed, Said, say
from service.core.sending.notice import CodeChanged, Kind, Notice, subject_of
from service.core.shapes import as_json

TYPES = {
    Kind.FAILING: "tariffwire.destination.failing",
    Kind.DISABLED: "tariffwire.destination.disabled",
    Kind.RECOVERED: "tariffwire.destination.recovered",
    Kind.HEARTBEAT: "tariffwire.heartbeat",
    Kind.CODE_CHANGED: "tariffwire.code.changed",
}
"""Of the CloudEvents."""
TONES = {
    Kind.FAILING: "#b06000",
    Kind.DISABLED: "#c5221f",
    Kind.RECOVERED: "#137333",
    Kind.HEARTBEAT: "#5f6368",
    Kind.CODE_CHANGED: "#b06000",
}


@dataclass(frozen=True, slots=True)
class Copy:
    """One receiver's copy: the id of its delivery, who sends it, and where the API is."""

    delivery_id: UUID
    source: str
    href_base: str

    def href(self, path: str) -> str:
        """Under the API."""
        return f"{self.href_base.rstrip('/')}{path}"


def notice_body(
    identity: UUID, notice: Notice, copy: Copy, tongue: Tongue = ENGLISH
) -> dict[str, Any]:
    """The CloudEvents object; `/v1/schemas/notice` describes it."""
    said = _say(notice, tongue)
    told = as_json(notice)
    return {
        "specversion": "1.0",
        "id": str(identity),
        "source": copy.source,
        "type": TYPES[notice.kind],
        "subject": subject_of(notice),
        "time": notice.at.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": copy.href("/v1/schemas/notice"),
        "data": {
            "summary": said.summary,
            "delivery": str(copy.delivery_id),
            "mode": "live",
            "lang": tongue.lang,
            "destination": told["about"],
            **{name: value for name, value in told.items() if name not in _ELSEWHERE},
            "rest": said.rest,
            "to_do": [_show(deed, copy) for deed in said.deeds],
        },
    }


def _say(notice: Notice, tongue: Tongue) -> Said:
    if isinstance(notice, CodeChanged):
        return say_code_change(notice, tongue)
    return say(notice, tongue)


_ELSEWHERE = frozenset({"about", "at", "zone", "kind"})


def _show(deed: Deed, copy: Copy) -> dict[str, str]:
    return {
        "what": deed.what,
        "command": deed.command,
        "method": deed.method,
        "url": copy.href(deed.path),
        "body": deed.body,
    }


def notice_letter(
    notice: Notice,
    copy: Copy,
    doors: Sequence[tuple[str, str]] = (),
    tongue: Tongue = ENGLISH,
) -> Letter:
    """For one receiver; `doors` are words and the pages that they lead to."""
    said = _say(notice, tongue)
    view = {
        "it": said,
        "tone": TONES[notice.kind],
        "deeds": [_show(deed, copy) for deed in said.deeds],
        "doors": doors,
        "thread": tongue.say("Alert {id}.", id=str(copy.delivery_id)),
    }
    return Letter(said.subject, *render("notice", view, tongue))
