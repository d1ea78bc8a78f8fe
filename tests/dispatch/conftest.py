"""Parcels for both ways out, and senders allowed to reach this machine."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from service.core.delivery import Parcel
from service.core.signature import secret_from
from service.dispatch.webhook import WebhookSender

DELIVERY = UUID("0196d0c4-58a0-7000-8000-000000000001")
NOW = datetime(2025, 4, 10, 4, 1, tzinfo=UTC)
SECRET = secret_from(bytes(range(32)))
MAIL = b"From: alerts@example.com\r\nTo: ops@example.org\r\nSubject: 84 % to 125 %\r\n\r\nText\r\n"


@pytest.fixture
def parcel():
    """Build a parcel: `parcel(url)`, or `parcel(mail_address, kind="email")`."""

    def build(address, **more):
        kind = more.setdefault("kind", "webhook")
        more.setdefault("body", b'{"specversion":"1.0"}' if kind == "webhook" else MAIL)
        more = {"secrets": (SECRET,), "attempt": 1, "signed_at": NOW} | more
        return Parcel(delivery_id=DELIVERY, address=address, **more)

    return build


@pytest.fixture
async def sender():
    async with WebhookSender(loopback_allowed=True) as sender:
        yield sender
