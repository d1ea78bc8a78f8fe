"""The JSON API: one module a resource, under `/v1`. `create_app` is handed all that it uses."""

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from service.api import (
    changes,
    deliveries,
    destinations,
    events,
    intake,
    quarantine,
    schemas,
    standings,
    status,
    subscriptions,
)
from service.api.bodies import add_schemas
from service.api.desk import Desk
from service.api.door import require_key
from service.api.problems import mount_problems
from service.api.questions import refuse_unknown_parameters
from service.core.event.envelope import EVENTS

__all__ = ["Desk", "create_app"]

_FORMS: tuple[type[BaseModel], ...] = (
    destinations.DestinationForm,
    destinations.DestinationPatch,
    destinations.RotationForm,
    subscriptions.SubscriptionForm,
)
_LOCKED: tuple[APIRouter, ...] = (
    intake.router,
    events.router,
    standings.router,
    changes.router,
    destinations.router,
    subscriptions.router,
    deliveries.router,
    quarantine.router,
    status.router,
)


def create_app(desk: Desk) -> FastAPI:
    """The application; it starts and stops nothing of its own."""
    app = FastAPI(
        title="tariffwire",
        summary="Tariff events in, signed alerts out.",
        version="1",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_unknown_parameters)],
    )
    app.state.desk = desk
    app.state.intake = intake.Intake(desk)
    app.state.in_force = subscriptions.InForce(desk)
    mount_problems(app)
    app.include_router(status.open_router)
    app.include_router(schemas.open_router)
    for router in _LOCKED:
        app.include_router(router, dependencies=[Depends(require_key)])
    add_schemas(app, {form.__name__: form for form in _FORMS} | {"Event": EVENTS})
    return app
