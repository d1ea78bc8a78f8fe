"""The route itself. FastAPI's own reading of bodies never touches it."""

from fastapi import APIRouter, Request, Response

from service.api.bodies import check_type, describe, read_body
from service.api.desk import AtDesk
from service.api.intake.acceptance import Intake, Taken
from service.api.intake.pieces import LINES, MANY, MAX_BODY, MEDIA, ONE, PLAIN, cut
from service.api.questions import send

router = APIRouter(prefix="/v1/events", tags=["events"])

EXAMPLE = {
    "specversion": "1.0",
    "id": "eo-14266-us-cn",
    "source": "https://example.com/desk",
    "type": "tariff.measure",
    "data": {
        "importer": "US",
        "measure": "us-ieepa-reciprocal-cn",
        "origin": {"kind": "country", "members": ["CN"]},
        "product": {"scope": "all"},
        "programme": "IEEPA-reciprocal",
        "duty": {
            "components": [{"kind": "ad_valorem", "amount": "125"}],
            "basis": "component_total",
        },
        "action": "increased",
        "certainty": "instrument",
        "announced_at": "2025-04-09",
        "effective_at": "2025-04-10T00:01:00-04:00",
        "instrument": {"kind": "executive_order", "number": "14266"},
    },
}
_EVENT = {"$ref": "#/components/schemas/Event"}
_BODIES = {
    **describe(_EVENT, PLAIN, ONE, one=EXAMPLE)["requestBody"]["content"],
    **describe({"type": "array", "items": _EVENT}, MANY, many=[EXAMPLE])["requestBody"]["content"],
    **describe({"type": "string"}, *LINES)["requestBody"]["content"],
}


@router.post(
    "",
    status_code=202,
    summary="Send events",
    openapi_extra={"requestBody": {"required": True, "content": _BODIES}},
)
async def accept(request: Request, desk: AtDesk) -> Response:
    """One event, an array, or one a line. 202: all of them are durable; with any fault, none is.

    The same source and id with the same content is a duplicate; with other content a 409.
    """
    del desk  # asked for, so that the key is checked before the body is read
    media = check_type(request, MEDIA)
    pieces = cut(await read_body(request, MAX_BODY), media)
    intake: Intake = request.app.state.intake
    return send(_as_json(await intake.take(pieces)), 202)


def _as_json(taken: Taken) -> dict[str, object]:
    events = [
        {
            "source": one.identity[0],
            "id": one.identity[1],
            "status": "accepted" if place in taken.fresh else "duplicate",
        }
        for place, one in enumerate(taken.arrivals)
    ]
    fresh = len(taken.fresh)
    return {"accepted": fresh, "duplicates": len(events) - fresh, "events": events}
