"""The mail that asks a reader to confirm: who asks, for what, and one link."""

from collections.abc import Sequence

from service.core.language import ENGLISH, Tongue, noted
from service.core.message.contents import SAID_LINE
from service.core.message.letter import Letter, render
from service.core.sentence.phrase import shorten

MOST_NAMES = 10
SUBJECT = noted("Please confirm: tariff alerts to this address")


def invitation(
    address: str, sender: str, followed: Sequence[str], url: str, tongue: Tongue = ENGLISH
) -> Letter:
    """`followed` are names of subscriptions, `url` the page that confirms.

    It says no word of what changed: until the reader says yes, this is all that is sent.
    """
    subject = tongue.say(SUBJECT)
    view = {
        "subject": subject,
        "address": address,
        "sender": sender,
        "followed": [shorten(one, SAID_LINE) for one in followed[:MOST_NAMES] if one],
        "more": max(0, len(followed) - MOST_NAMES),
        "url": url,
    }
    return Letter(subject, *render("invitation", view, tongue))
