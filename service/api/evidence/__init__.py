"""Evidence: a signed bundle of all that a subscription was, and was not, told."""

from service.api.evidence.routes import AT_ONCE, open_router, router

__all__ = ["AT_ONCE", "open_router", "router"]
