"""The JSON API: one module a resource, under `/v1`. `create_app` is handed all that it uses."""

import asyncio

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel

from service.api import (
    changes,
    deliveries,
    destinations,
    events,
    evidence,
    health,
    intake,
    products,
    quarantine,
    rates,
    schemas,
    sealing,
    sending,
    standings,
    status,
    subscriptions,
    suppressions,
    timelines,
    why,
)
from service.api.bodies import add_schemas
from service.api.desk import Desk
from service.api.door import require_key
from service.api.problems import mount_problems
from service.api.questions import refuse_stray_parameters
from service.api.steering import again, audit, fanouts, forms, mutes, reconcile
from service.core.event.envelope import GIVEN

__all__ = ["Desk", "create_app", "create_health_app"]

_FORMS: tuple[type[BaseModel], ...] = (
    destinations.DestinationForm,
    destinations.DestinationPatch,
    destinations.RotationForm,
    subscriptions.SubscriptionForm,
    subscriptions.PreviewForm,
    products.DecisionForm,
    sending.HoldForm,
    forms.NoteForm,
    forms.ReasonForm,
    forms.ReplayForm,
    forms.AcknowledgeForm,
    forms.RecoverForm,
    forms.MuteForm,
)
_LOCKED: tuple[APIRouter, ...] = (
    intake.router,
    events.router,
    timelines.router,  # before the standing of a track, whose key may hold slashes
    standings.router,
    changes.router,
    rates.router,
    destinations.router,
    destinations.key_router,
    destinations.confirming_router,
    suppressions.router,
    subscriptions.preview_router,
    subscriptions.router,
    evidence.router,
    products.router,
    deliveries.router,
    fanouts.router,
    again.router,
    mutes.router,
    reconcile.router,
    audit.router,
    quarantine.router,
    sending.router,
    sealing.router,
    status.router,
    why.router,
    health.router,
)


def create_app(desk: Desk) -> FastAPI:
    """The application; it starts and stops nothing of its own."""
    app = FastAPI(
        title="tariffwire",
        summary="Tariff events in, signed alerts out.",
        version="1",
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_stray_parameters)],
    )
    app.state.desk = desk
    app.state.intake = intake.Intake(desk)
    app.state.in_force = subscriptions.InForce(desk)
    app.state.rates = rates.Memory(desk.db)
    app.state.rules = desk.settings.rules
    app.state.previews = subscriptions.Previews()
    app.state.evidence = asyncio.Semaphore(evidence.AT_ONCE)
    mount_problems(app)
    app.include_router(health.open_router)
    app.include_router(schemas.open_router)
    app.include_router(evidence.open_router)
    app.include_router(destinations.open_router)
    for router in _LOCKED:
        app.include_router(router, dependencies=[Depends(require_key)])
    add_schemas(app, {form.__name__: form for form in _FORMS} | {"Event": GIVEN})
    return app


def create_health_app(desk: Desk) -> FastAPI:
    """What a process without the API answers: whether it lives, is ready, and its metrics."""
    app = FastAPI(title="tariffwire", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.desk = desk
    mount_problems(app)
    app.include_router(health.open_router)
    app.include_router(health.router, dependencies=[Depends(require_key)])
    return app
