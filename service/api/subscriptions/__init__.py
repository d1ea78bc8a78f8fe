"""Subscriptions: what a business follows, and what stands in its lanes when it begins."""

from service.api.subscriptions.form import SubscriptionForm
from service.api.subscriptions.in_force import InForce
from service.api.subscriptions.preview import PreviewForm, Previews
from service.api.subscriptions.preview import router as preview_router
from service.api.subscriptions.routes import router

__all__ = ["InForce", "PreviewForm", "Previews", "SubscriptionForm", "preview_router", "router"]
