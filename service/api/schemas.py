"""The JSON Schemas of what comes in and goes out, open to all: receivers look up `dataschema`."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from service.api.problems import NotFound
from service.api.questions import send
from service.core.event import Fault
from service.core.event.envelope import ClaimEvent, MeasureEvent, StepEvent

open_router = APIRouter(tags=["schemas"])

_EVENTS = {
    "tariff.measure": MeasureEvent,
    "negotiation.step": StepEvent,
    "claim.assessed": ClaimEvent,
}


@open_router.get("/v1/schemas", summary="The names of all schemas")
async def list_schemas() -> Response:
    """Three kinds of event, the alert, and the notice."""
    return send({"items": sorted(_schemas())})


@open_router.get("/v1/schemas/{name}", summary="One JSON Schema")
async def read_schema(name: str) -> Response:
    """Draft 2020-12."""
    if name not in _schemas():
        said = f"no such schema; there are {', '.join(sorted(_schemas()))}"
        raise NotFound(said, [Fault("path", said)])
    return send(_schemas()[name])


@cache
def _schemas() -> Mapping[str, dict[str, Any]]:
    sent = {name: _read_sent(name) for name in ("alert", "notice")}
    events = {
        name: {"$schema": "https://json-schema.org/draft/2020-12/schema"}
        | TypeAdapter(kind).json_schema()
        for name, kind in _EVENTS.items()
    }
    return sent | events


def _read_sent(name: str) -> dict[str, Any]:
    text = (files("service.core.message") / f"{name}.schema.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
