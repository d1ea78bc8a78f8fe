"""Destinations: where alerts go."""

from service.api.destinations.form import DestinationForm, DestinationPatch, RotationForm
from service.api.destinations.routes import router

__all__ = ["DestinationForm", "DestinationPatch", "RotationForm", "router"]
