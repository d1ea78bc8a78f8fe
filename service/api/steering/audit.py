"""Who did what, in the order in which it was done."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Response

from service.api.desk import AtDesk
from service.api.questions import LARGEST, AtPage, Order
from service.store.steering.deeds import Deed, list_deeds

router = APIRouter(prefix="/v1/audit", tags=["audit"])


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to."""

    object: Annotated[
        str | None, Query(description="`change:<id>`, `delivery:<id>`, `destination:<id>`, …")
    ] = None
    action: Annotated[str | None, Query(description="Such as `halt` or `resend`.")] = None
    who: str | None = None
    after: Annotated[
        int | None, Query(ge=0, le=LARGEST, description="The number of the last one you have.")
    ] = None

    @property
    def where(self) -> dict[str, str]:
        """Columns and what they must be."""
        named = {"object": self.object, "action": self.action, "who": self.who}
        return {name: text for name, text in named.items() if text is not None}


@router.get("", summary="Who did what")
async def list_all(
    desk: AtDesk, page: AtPage, only: Annotated[Filters, Depends()], order: Order = "oldest"
) -> Response:
    """By number, which skips nothing. Each line was written together with what it says."""
    async with desk.db.read() as session:
        found = await list_deeds(session, page.by_number(order, only.after), only.where)
    return page.answer(found, describe_deed, "number")


def describe_deed(one: Deed) -> dict[str, Any]:
    """As the API shows it."""
    return asdict(one) | {"detail": orjson.Fragment(one.detail)}
