"""How it is said: one sentence, the body of a webhook, an email."""

from service.core.message.body import (
    Addressed,
    Prepared,
    Told,
    body_for,
    prepare,
    to_bytes,
    webhook_body,
    write_body,
)

__all__ = [
    "Addressed",
    "Prepared",
    "Told",
    "body_for",
    "prepare",
    "to_bytes",
    "webhook_body",
    "write_body",
]
