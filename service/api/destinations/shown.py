"""What a destination looks like on the way out: of its secrets, only what tells them apart."""

from dataclasses import asdict
from typing import Any

from service.api.desk import Desk
from service.api.destinations.form import open_credentials
from service.api.destinations.given import show_auth, show_tls
from service.api.destinations.keys import show_key, show_once
from service.core.destination.credentials import hint
from service.core.sending.delivery import PULL
from service.store.following.destinations import DestinationValue


def as_json(desk: Desk, value: DestinationValue) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": value.id,
        "kind": value.kind,
        **_show_address(value),
        "name": value.name,
        "state": value.state,
        "reason": value.reason,
        **(_show_calls(desk, value) if value.kind == "webhook" else {}),
        **asdict(value.limits),
        "preferences": value.preferences.model_dump(mode="json"),
        "created_at": value.created_at,
        "updated_at": value.updated_at,
    }


def _show_address(value: DestinationValue) -> dict[str, str]:
    """Where it is sent to, or where it asks."""
    if value.kind == PULL:
        return {"alerts": f"/v1/destinations/{value.id}/alerts"}
    return {"url" if value.kind == "webhook" else "email": value.address}


def _show_calls(desk: Desk, value: DestinationValue) -> dict[str, Any]:
    held = open_credentials(desk, value)
    return {
        "signing": held.kinds,
        "secrets": [show_key(key) for key in held.living(desk.clock())],
        "headers": {name: hint(text) for name, text in held.headers},
        "tls": show_tls(held.route),
        "auth": show_auth(held.grant),
    }


def shown_secrets(desk: Desk, value: DestinationValue) -> dict[str, str]:
    """Of a new destination, the one time that its secret is shown."""
    shown: dict[str, str] = {}
    for key in open_credentials(desk, value).keys:
        shown |= show_once(key)
    return shown
