"""What a destination looks like on the way in and on the way out."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from service.api.bodies import refuse
from service.api.desk import Desk
from service.core.address import BadAddress, check_email, check_url
from service.core.delivery import PULL
from service.core.duty import Frozen
from service.core.event import Fault
from service.core.signature import PREFIX, BadSecret, headers, secret_from
from service.store.accounts import DEFAULT
from service.store.destinations import DestinationValue
from service.store.ids import new_id

SECRET_BYTES = 32
SHOWN_OF_SECRET = 4

Name = Annotated[str, Field(max_length=200, description="For people.")]
Address = Annotated[str, Field(max_length=4000)]
Secret = Annotated[str, Field(max_length=200, description="`whsec_…`; made for you if left out.")]


class DestinationForm(Frozen):
    """A webhook has a `url`, an email destination an `email`; `pull` is sent nothing.

    It asks for its alerts: `GET /v1/destinations/{id}/alerts`.
    """

    url: Address | None = None
    email: Address | None = None
    pull: bool = False
    name: Name = ""
    secret: Secret | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.url is not None) + (self.email is not None) + self.pull != 1:
            message = "name either a `url` or an `email`, or say `pull: true`"
            raise ValueError(message)
        if self.email is not None and self.secret is not None:
            message = "emails are not signed: leave out `secret`"
            raise ValueError(message)
        return self


class DestinationPatch(Frozen):
    """What is left out stays as it is."""

    url: Address | None = None
    email: Address | None = None
    name: Name | None = None
    state: Literal["active", "paused"] | None = None


class RotationForm(Frozen):
    """A secret of your own, or none to have one made."""

    secret: Secret | None = None


def make_destination(desk: Desk, form: DestinationForm) -> DestinationValue:
    """A value from a form, its address judged and its secret made."""
    now = desk.clock()
    identity = new_id("dst", now)
    kind = PULL if form.pull else "webhook" if form.url is not None else "email"
    is_signed = kind != "email"
    return DestinationValue(
        id=identity,
        account_id=DEFAULT,
        kind=kind,
        address=f"{PULL}:{identity}" if form.pull else check_address(desk, form.url, form.email),
        name=form.name,
        secrets=(choose_secret(form.secret, now),) if is_signed else (),
        state="active",
        reason="",
        created_at=now,
        updated_at=now,
    )


def check_address(desk: Desk, url: str | None, email: str | None) -> str:
    """One of the two, normalised; a place where we may not send is a problem."""
    settings = desk.settings
    try:
        if url is not None:
            allowed, ports = settings.allow_loopback, settings.webhook_ports
            return check_url(url, loopback_allowed=allowed, ports=ports)
        return check_email(email or "")
    except BadAddress as error:
        refuse([Fault("url" if url is not None else "email", str(error))], error)


def choose_secret(given: str | None, now: datetime) -> str:
    """The one given, if it can sign, else a new one."""
    if given is None:
        return secret_from(secrets.token_bytes(SECRET_BYTES))
    try:
        headers("", now, b"", [given])
    except BadSecret as error:
        refuse([Fault("secret", str(error))], error)
    if not given.startswith(PREFIX):
        refuse([Fault("secret", str(BadSecret.__doc__))])
    return given


def patch_destination(
    desk: Desk, held: DestinationValue, form: DestinationPatch
) -> DestinationValue:
    """The value with what the form says; its kind never changes."""
    for stray in _STRAYS[held.kind]:
        if getattr(form, stray) is not None:
            said = f"{held.id} is of kind {held.kind}; add another destination instead"
            refuse([Fault(stray, said)])
    moved = form.url is not None or form.email is not None
    address = check_address(desk, form.url, form.email) if moved else held.address
    state = form.state or held.state
    return replace(
        held,
        address=address,
        name=held.name if form.name is None else form.name,
        state=state,
        reason=held.reason if state == held.state else "",
    )


_STRAYS = {"webhook": ("email",), "email": ("url",), PULL: ("url", "email", "state")}
"""What does not go with a kind; nothing is sent to who asks, so there is nothing to pause."""


def shown_secret(value: DestinationValue) -> dict[str, str]:
    """The one time that a secret is shown."""
    return {"secret": value.secrets[0]} if value.secrets else {}


def as_json(value: DestinationValue) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": value.id,
        "kind": value.kind,
        **_place(value),
        "name": value.name,
        "state": value.state,
        "reason": value.reason,
        "secrets": [f"…{secret[-SHOWN_OF_SECRET:]}" for secret in value.secrets],
        "created_at": value.created_at,
        "updated_at": value.updated_at,
    }


def _place(value: DestinationValue) -> dict[str, str]:
    """Where its alerts go, or are."""
    if value.kind == PULL:
        return {"alerts": f"/v1/destinations/{value.id}/alerts"}
    return {"url" if value.kind == "webhook" else "email": value.address}
