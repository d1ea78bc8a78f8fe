"""What a destination looks like on the way in."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from service.api.bodies import refuse
from service.api.desk import Desk
from service.api.destinations.given import AuthForm, TlsForm, read_headers, read_tls
from service.api.destinations.keys import NO_GRACE, Signing, make_key, set_signing
from service.api.destinations.opting import ConsentForm
from service.core.destination.address import BadAddress, check_email, check_url
from service.core.destination.credentials import NOTHING, Credentials, add_key
from service.core.destination.grant import Grant
from service.core.destination.preferences import NO_PREFERENCES, Preferences
from service.core.event import Fault
from service.core.proof.signing import V1
from service.core.sending.delivery import PULL
from service.core.sending.pace import Limits
from service.store.following.accounts import DEFAULT
from service.store.following.destinations import DestinationValue
from service.store.ids import new_id

Name = Annotated[str, Field(max_length=200, description="For people.")]
Address = Annotated[str, Field(max_length=4000)]
Secret = Annotated[str, Field(max_length=200, description="`whsec_…`; made for you if left out.")]
Headers = Annotated[
    dict[str, Annotated[str, Field(max_length=4096)]],
    Field(description="Sent with each webhook; their values are kept as secrets."),
]
NOTHING_WAITS = "who asks for its alerts finds each at once, so none can wait"
OF_WEBHOOKS = ("secret", "signing", "headers", "tls", "auth")


Rate = Annotated[float, Field(ge=0, le=1000, description="Alerts a second; 0: no limit.")]
AtOnce = Annotated[int, Field(ge=0, le=1000, description="Requests open at once; 0: no limit.")]
Ordered = Annotated[
    bool, Field(description="Hold a subject's next alert until the last is settled.")
]


class DestinationForm(ConsentForm):
    """A webhook has a `url`, an email destination an `email`; `pull` is sent nothing.

    It asks for its alerts: `GET /v1/destinations/{id}/alerts`.
    """

    url: Address | None = None
    email: Address | None = None
    pull: bool = False
    name: Name = ""
    secret: Secret | None = None
    rate: Rate = 0
    at_once: AtOnce = 0
    ordered: Ordered = False
    preferences: Preferences = NO_PREFERENCES
    signing: Signing = ("v1",)
    headers: Headers = Field(default_factory=dict)
    tls: TlsForm = TlsForm()
    auth: AuthForm | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.url is not None) + (self.email is not None) + self.pull != 1:
            message = "name either a `url` or an `email`, or say `pull: true`"
            raise ValueError(message)
        stray = [name for name in OF_WEBHOOKS if name in self.model_fields_set]
        if self.email is not None and stray:
            message = f"only webhooks are signed and dialled: leave out `{stray[0]}`"
            raise ValueError(message)
        if self.pull and self.preferences.gathers:
            message = f"{NOTHING_WAITS}: leave out `preferences.{self.preferences.gathers[0]}`"
            raise ValueError(message)
        return self


class DestinationPatch(ConsentForm):
    """What is left out stays as it is; `{}` takes headers, or what TLS needs, away.

    `null` takes `auth` away.
    """

    url: Address | None = None
    email: Address | None = None
    name: Name | None = None
    state: Literal["active", "paused"] | None = None
    rate: Rate | None = None
    at_once: AtOnce | None = None
    ordered: Ordered | None = None
    preferences: Preferences | None = None
    signing: Signing | None = None
    headers: Headers | None = None
    tls: TlsForm | None = None
    auth: AuthForm | None = None


def make_destination(desk: Desk, form: DestinationForm) -> DestinationValue:
    """A value from a form, its address judged and its keys made."""
    now = desk.clock()
    identity = new_id("dst", now)
    kind = PULL if form.pull else "webhook" if form.url is not None else "email"
    address = f"{PULL}:{identity}" if form.pull else check_address(desk, form.url, form.email)
    credentials = _make_credentials(desk, form) if kind != "email" else NOTHING
    return DestinationValue(
        id=identity,
        account_id=DEFAULT,
        kind=kind,
        address=address,
        name=form.name,
        sealed=desk.vault.seal(identity, credentials),
        state="active",
        reason="",
        limits=Limits(form.rate, form.at_once, form.ordered),
        preferences=form.preferences,
        created_at=now,
        updated_at=now,
    )


def _make_credentials(desk: Desk, form: DestinationForm) -> Credentials:
    now = desk.clock()
    bare = Credentials(
        headers=read_headers(form.headers),
        route=read_tls(form.tls, now),
        grant=_read_auth(desk, form.auth),
    )
    _refuse_two_logins(bare)
    signing = add_key(bare, make_key(V1, form.secret, now), now, NO_GRACE)
    return set_signing(signing, form.signing, now)


def _read_auth(desk: Desk, form: AuthForm | None) -> Grant | None:
    """Its server is one that may be dialled, as a receiver must be."""
    if form is None:
        return None
    return form.as_grant(_check_url(desk, form.token_url, "auth.token_url"))


def _refuse_two_logins(held: Credentials) -> None:
    if held.grant is not None and any(name == "authorization" for name, _ in held.headers):
        what = "the token of `auth` goes under this name: leave out one of the two"
        refuse([Fault("headers.authorization", what)])


def check_address(desk: Desk, url: str | None, email: str | None) -> str:
    """One of the two, normalised; a place where we may not send is a problem."""
    if url is not None:
        return _check_url(desk, url, "url")
    try:
        return check_email(email or "")
    except BadAddress as error:
        refuse([Fault("email", str(error))], error)


def _check_url(desk: Desk, url: str, where: str) -> str:
    settings = desk.settings
    try:
        return check_url(
            url,
            loopback_allowed=settings.allow_loopback,
            ports=settings.webhook_ports,
            networks=settings.allow_networks,
        )
    except BadAddress as error:
        refuse([Fault(where, str(error))], error)


def patch_destination(
    desk: Desk, held: DestinationValue, form: DestinationPatch
) -> DestinationValue:
    """The value with what the form says; its kind never changes."""
    _refuse_stray(held, form)
    moved = form.url is not None or form.email is not None
    address = check_address(desk, form.url, form.email) if moved else held.address
    state = form.state or held.state
    patched = replace(
        held,
        address=address,
        name=held.name if form.name is None else form.name,
        state=state,
        reason=held.reason if state == held.state else "",
        limits=patch_limits(held.limits, form),
        preferences=patch_preferences(held.preferences, form.preferences),
        updated_at=desk.clock(),
    )
    credentials = open_credentials(desk, held)
    return with_credentials(desk, patched, _patch_credentials(desk, credentials, form))


def patch_limits(held: Limits, form: DestinationPatch) -> Limits:
    """Its limits with what the form says."""
    given = {name: getattr(form, name) for name in ("rate", "at_once", "ordered")}
    return replace(held, **{name: value for name, value in given.items() if value is not None})


def patch_preferences(held: Preferences, given: Preferences | None) -> Preferences:
    """Those that are named are as given, and `null` takes one away; the others stay."""
    if given is None:
        return held
    return held.model_copy(update={name: getattr(given, name) for name in given.model_fields_set})


_STRAYS = {
    "webhook": ("email",),
    "email": ("url", *OF_WEBHOOKS),
    PULL: ("url", "email", "headers", "tls", "auth", "state"),
}
"""What does not go with a kind; nothing is sent to who asks, so there is nothing to pause."""


def _refuse_stray(held: DestinationValue, form: DestinationPatch) -> None:
    for stray in _STRAYS[held.kind]:
        if getattr(form, stray, None) is not None:
            what = f"{held.id} is of kind {held.kind}; add another destination instead"
            refuse([Fault(stray, what)])
    asked = form.preferences.gathers if form.preferences and held.kind == PULL else ()
    if asked:
        refuse([Fault(f"preferences.{asked[0]}", f"{NOTHING_WAITS}: leave it out")])


def _patch_credentials(desk: Desk, held: Credentials, form: DestinationPatch) -> Credentials:
    now = desk.clock()
    if form.headers is not None:
        held = replace(held, headers=read_headers(form.headers))
    if form.tls is not None:
        held = replace(held, route=read_tls(form.tls, now))
    if "auth" in form.model_fields_set:
        held = replace(held, grant=_read_auth(desk, form.auth))
    _refuse_two_logins(held)
    return held if form.signing is None else set_signing(held, form.signing, now)


def open_credentials(desk: Desk, value: DestinationValue) -> Credentials:
    """What is secret of it."""
    return desk.vault.open(value.id, value.sealed, value.secrets)


def with_credentials(
    desk: Desk, value: DestinationValue, credentials: Credentials
) -> DestinationValue:
    """The value with these, sealed anew if they are others."""
    if credentials == open_credentials(desk, value):
        return value
    return replace(value, secrets=(), sealed=desk.vault.seal(value.id, credentials))
