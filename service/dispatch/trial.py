"""One test message to one destination, now: so that its owner sees whether it gets through."""

from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from service.core.change import Change
from service.core.change.derive import derive
from service.core.event import read_event
from service.core.message import Addressed, Told, prepare, write_body
from service.core.sending.delivery import Parcel, Reply
from service.core.standing.history import Entry, History
from service.dispatch import Sender
from service.dispatch.post import Letterhead, Recipient, write_mail
from service.examples import example
from service.store.following.destinations import DestinationValue
from service.store.following.vault import OPEN_VAULT, Vault


def sample_change(now: datetime) -> Change:
    """A realistic change in test mode."""
    event = read_event(example("measure_announced", now)[-1])
    change = derive(Entry(event, now, now), History("measure:example"))
    if change is None:  # the example is ours: it announces a measure nobody knows of
        message = "the example makes no change"
        raise AssertionError(message)
    return change


async def send_trial(  # noqa: PLR0913 - what a dispatcher's office holds
    destination: DestinationValue,
    senders: Mapping[str, Sender],
    head: Letterhead,
    now: datetime,
    withheld: str | None = None,
    *,
    vault: Vault = OPEN_VAULT,
) -> Reply:
    """Transmit it once, whatever the destination's state; nothing is recorded or retried.

    `withheld` says why nothing may be sent there: ask `mode.why_withheld`.
    """
    if withheld is not None:
        return Reply(accepted=False, status=None, reason=f"not sent: {withheld}", ours=True)
    told = Told("test", "test message", "you asked for a test message")
    identity = uuid4()
    addressed = Addressed(identity, head.source, head.dataschema, head.href_base, (told,))
    prepared = prepare(sample_change(now), destination.preferences.tongue)
    if destination.kind == "webhook":
        body = write_body(prepared, addressed)
    else:
        to = Recipient(destination.id, destination.address, (), destination.preferences.tongue)
        body = write_mail(prepared.change, addressed, head, to, now)
    held = vault.open(destination.id, destination.sealed, destination.secrets)
    parcel = Parcel(
        delivery_id=identity,
        kind="email" if destination.kind == "email" else "webhook",
        address=destination.address,
        secrets=held.signing(now),
        body=body,
        attempt=1,
        signed_at=now,
        headers=held.headers,
        route=held.route,
        grant=held.grant,
        destination=destination.id,
    )
    return await senders[destination.kind].send(parcel)
