"""Destinations: where alerts go."""

from service.api.destinations.confirming import router as confirming_router
from service.api.destinations.form import DestinationForm, DestinationPatch, RotationForm
from service.api.destinations.routes import router

__all__ = ["DestinationForm", "DestinationPatch", "RotationForm", "confirming_router", "router"]
