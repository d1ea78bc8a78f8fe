"""Destinations: where alerts go, and the keys by which a receiver knows that they are ours."""

from service.api.destinations.confirming import router as confirming_router
from service.api.destinations.form import DestinationForm, DestinationPatch
from service.api.destinations.key_routes import open_router
from service.api.destinations.key_routes import router as key_router
from service.api.destinations.keys import RotationForm
from service.api.destinations.routes import router

__all__ = [
    "DestinationForm",
    "DestinationPatch",
    "RotationForm",
    "confirming_router",
    "key_router",
    "open_router",
    "router",
]
