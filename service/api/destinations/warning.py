"""Which other destination is warned: named by its owner, judged here, and shown as it stands."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from service.api.bodies import refuse
from service.core.destination.preferences import Preferences
from service.core.event import Fault
from service.store.following.destinations import DestinationValue, find_destination
from service.store.notices.channel import SETTING, find_channel


async def check_warn(session: AsyncSession, before: Preferences, value: DestinationValue) -> None:
    """One that is there, and another: who fails cannot be told by itself."""
    named = value.preferences.warn
    if named is None or named == before.warn:
        return
    if named == value.id:
        what = "it cannot be warned of its own failing by itself: name another destination"
    elif await find_destination(session, value.account_id, named) is None:
        what = f"there is no destination {named[:80]!r}; GET /v1/destinations lists them"
    else:
        return
    refuse([Fault("preferences.warn", what)])


async def show_warnings(
    session: AsyncSession, value: DestinationValue, operator: str
) -> dict[str, Any]:
    """Where they go as things stand, and why not where its owner asked."""
    channel = await find_channel(session, value, operator)
    is_operators = bool(operator) and operator != value.address
    to = channel.to.id if channel.to else SETTING if is_operators else None
    return {"go_to": to, "because": channel.lapse or None}
