"""Webhooks out, on asyncio and httptools: from a parcel to a reply.

`sender.py` signs and waits; `request.py` writes what goes out, `pool.py` keeps connections and
`connection.py` uses one; `reaching` opens them past the guard; `answer.py` reads what comes back;
`tokens.py` fetches tokens for receivers that ask for one;
`trail.py` notes how far it got and `words.py` says so; `turnstile.py` lets so many through at
once.
"""

from service.dispatch.http.answer import EXCERPT
from service.dispatch.http.request import HEADERS
from service.dispatch.http.sender import WebhookSender

__all__ = ["EXCERPT", "HEADERS", "WebhookSender"]
