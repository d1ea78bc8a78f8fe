"""Taking an alert back: a message of its own, in the thread of the one that no longer holds."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid5

from service.core.change import Change
from service.core.language import ENGLISH, Tongue
from service.core.message.body import Addressed, Prepared, tell_matched
from service.core.message.contents import mark
from service.core.message.letter import Letter, render
from service.core.sentence.headline import headline
from service.core.sentence.sentence import say

RECALL_TYPE = "tariffwire.recall"
LONGEST_REASON = 500
_TAKEN_BACK = ("kinds", "severity", "certainty", "cause", "old", "new", "effective_at")


@dataclass(frozen=True, slots=True)
class Recall:
    """Why a person took it back, and when."""

    reason: str
    at: datetime


def recall_body(prepared: Prepared, delivery: Addressed, recall: Recall) -> dict[str, Any]:
    """The CloudEvents object. Its data have no `new` that could pass for news.

    `previous_alert` is the delivery that is taken back; all receivers of it get the same `id`.
    """
    change, told = prepared.change, prepared.data
    matched, shortened = tell_matched(prepared.tongue, delivery)
    return {
        "specversion": "1.0",
        "id": str(uuid5(change.id, RECALL_TYPE)),
        "source": delivery.source,
        "type": RECALL_TYPE,
        "subject": change.subject,
        "time": recall.at.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": delivery.dataschema,
        "data": {
            "summary": _say(prepared, delivery, recall),
            "delivery": str(delivery.delivery_id),
            "previous_alert": str(delivery.previous_alert),
            "reason": recall.reason,
            "recalled_at": recall.at.isoformat(),
            **{name: told[name] for name in ("lang", "mode", "change", "sequence", "subject")},
            "recalled": {
                "alert": str(delivery.previous_alert),
                **{name: told[name] for name in _TAKEN_BACK},
            },
            **matched,
            "href": f"{delivery.href_base.rstrip('/')}/v1/changes/{change.id}",
            **({"shortened": shortened} if shortened else {}),
        },
    }


def _say(prepared: Prepared, delivery: Addressed, recall: Recall) -> str:
    told = prepared.summaries[0 if delivery.told_before else 1]
    return prepared.tongue.say(
        "Recalled ({reason}). This no longer holds: {told}", reason=recall.reason, told=told
    )


def recall_letter(
    change: Change, addressed: Addressed, recall: Recall, tongue: Tongue = ENGLISH
) -> Letter:
    """For one receiver of the alert; the subject begins with what matters."""
    line = tongue.say("Recalled: {said}", said=headline(change, tongue))
    subject = mark(tongue, change.mode, line)
    back = tongue.say("Takes back alert {id}.", id=str(addressed.previous_alert))
    alert = tongue.say("Alert {id}.", id=str(addressed.delivery_id))
    view = {
        "subject": subject,
        "reason": recall.reason,
        "told": say(change, tongue, told_before=addressed.told_before),
        "href": f"{addressed.href_base.rstrip('/')}/v1/changes/{change.id}",
        "thread": tongue.join((back, alert)),
    }
    return Letter(subject, *render("recall", view, tongue))
