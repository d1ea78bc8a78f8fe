"""What goods are: codes and words, an owner's own, codes that change; and groups of countries."""

from fastapi import APIRouter

from service.api.products import catalogues, correlations, groups, routes
from service.api.products.correlations import DecisionForm

router = APIRouter()
for part in (routes, groups, catalogues, correlations):
    router.include_router(part.router)

__all__ = ["DecisionForm", "router"]
