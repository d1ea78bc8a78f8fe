"""What the audit says of a destination: that it was changed and in what, never to which secret."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import Desk
from service.api.destinations.form import DestinationPatch
from service.api.steering.forms import doer_of
from service.core.destination.preferences import Preferences
from service.store.following.destinations import DestinationValue
from service.store.steering.deeds import record_deed

_SEALED = ("signing", "headers", "tls", "auth")
_PLAIN = ("name", "state")
_LIMITS = ("rate", "at_once", "ordered")


async def record(
    session: AsyncSession, desk: Desk, action: str, destination_id: str, **detail: Any
) -> None:
    """Last in the transaction."""
    await record_deed(session, doer_of(desk), action, f"destination:{destination_id}", **detail)


async def record_added(session: AsyncSession, desk: Desk, value: DestinationValue) -> None:
    """A URL may have a secret in its path, so its kind stands for it."""
    said = {"kind": value.kind, "name": value.name, "state": value.state}
    await record(session, desk, "add_destination", value.id, **said)


async def record_changed(
    session: AsyncSession,
    desk: Desk,
    held: DestinationValue,
    value: DestinationValue,
    form: DestinationPatch,
) -> None:
    """The names of what is not as it was; nothing where all is."""
    changed = list(_name_changes(held, value, form))
    if changed:
        said = {"changed": changed} | ({"state": value.state} if "state" in changed else {})
        await record(session, desk, "change_destination", value.id, **said)


def _name_changes(
    held: DestinationValue, value: DestinationValue, form: DestinationPatch
) -> Iterator[str]:
    if value.address != held.address:
        yield "email" if value.kind == "email" else "url"
    yield from (name for name in _PLAIN if getattr(value, name) != getattr(held, name))
    for name in _LIMITS:
        if getattr(value.limits, name) != getattr(held.limits, name):
            yield name
    for name in Preferences.model_fields:
        if getattr(value.preferences, name) != getattr(held.preferences, name):
            yield f"preferences.{name}"
    if value.sealed != held.sealed:
        yield from (name for name in _SEALED if name in form.model_fields_set)
