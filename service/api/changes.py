"""Changes: what went out, in the order in which it was recorded, and how far it has been told."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from service.api.desk import AtDesk
from service.api.problems import NotFound
from service.api.questions import LARGEST, AtPage, Order, read_instant, send
from service.core.certainty import Certainty
from service.core.change import Kind, Severity
from service.core.event import Fault, Handling
from service.core.message.brief import in_brief
from service.core.shapes import as_json
from service.store.standings.changes import Recorded, find_change, find_progress, list_changes
from service.store.steering.errands import Task, find_errand, name_change

router = APIRouter(prefix="/v1/changes", tags=["changes"])


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of changes is narrowed to."""

    subject: Annotated[str | None, Query(description="`measure:…` or `track:…`")] = None
    kind: Annotated[Kind | None, Query(description="Its headline.")] = None
    severity: Severity | None = None
    min_certainty: Certainty | None = None
    mode: Handling | None = None
    after: Annotated[
        int | None, Query(ge=0, le=LARGEST, description="The number of the last one you have.")
    ] = None
    state: Annotated[
        Literal["awaiting_approval", "approved", "rejected", "halted", "recalled"] | None,
        Query(description="What a person said about telling it, or has to say."),
    ] = None
    since: Annotated[str | None, Query(description="Recorded at or after this instant.")] = None

    @property
    def where(self) -> dict[str, str]:
        """Columns and what they must be."""
        named = ("subject", "kind", "severity", "mode", "state")
        return {name: str(text) for name in named if (text := getattr(self, name)) is not None}

    @property
    def certainties(self) -> list[str] | None:
        """All that are sure enough."""
        least = self.min_certainty
        return None if least is None else [one.value for one in Certainty if one >= least]


@router.get("", summary="List changes")
async def list_all(
    desk: AtDesk, page: AtPage, only: Annotated[Filters, Depends()], order: Order = "oldest"
) -> Response:
    """By number, which skips nothing: at the end, come back with `after` the last one you have."""
    since = read_instant("since", only.since, desk.clock()) if only.since else None
    async with desk.db.read() as session:
        found = await list_changes(
            session, page.by_number(order, only.after), only.where, only.certainties, since
        )
    return page.answer(found, brief, "number")


@router.get("/{change_id}", summary="Read a change")
async def read(desk: AtDesk, change_id: str) -> Response:
    """In full, as it was captured, with how far it has been told."""
    async with desk.db.read() as session:
        found = await find_change(session, read_id(change_id, "change"))
        if found is None:
            raise missing(change_id, "change")
        progress = await describe_progress(session, found.change.id)
    return send(as_json(found.change) | brief(found) | {"progress": progress})


async def describe_progress(session: AsyncSession, change_id: UUID) -> dict[str, Any]:
    """How far it has been told, what a person said about it, and what is being done about that."""
    progress = await find_progress(session, change_id)
    errand = await find_errand(session, name_change(change_id))
    counts = {"sent": progress.sent, "unsent": progress.unsent}
    return asdict(progress) | counts | {"errand": describe_errand(errand)}


def describe_errand(one: Task | None) -> dict[str, Any] | None:
    """Work on many alerts, as far as it has come."""
    if one is None:
        return None
    return {
        "kind": one.kind,
        "reason": one.reason,
        "by": one.who,
        "begun_at": one.begun_at,
        "done": one.done,
        "in_the_air": one.aloft,
        "is_finished": one.due_at is None,
    }


def read_id(given: str, what: str) -> UUID:
    """A UUID; what is none names nothing."""
    try:
        return UUID(given)
    except ValueError:
        raise missing(given, what) from None


def missing(given: str, what: str) -> NotFound:
    """Say where to look instead."""
    plural = "deliveries" if what == "delivery" else f"{what}s"
    said = f"there is no {what} {given[:80]!r}; GET /v1/{plural} lists them"
    return NotFound(said, [Fault("path", said)])


def brief(one: Recorded) -> dict[str, Any]:
    """Without the snapshots, and with the sentence that a trader would write."""
    return in_brief(one.change, one.number, one.recorded_at)
