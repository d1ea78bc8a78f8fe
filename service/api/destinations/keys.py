"""The signing keys of a destination: which kinds, whose, and until when."""

import secrets
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from service.api.bodies import refuse
from service.core.destination.credentials import (
    Credentials,
    Key,
    TooManyKeys,
    add_key,
    drop_kind,
    hint,
)
from service.core.duty import Frozen
from service.core.event import Fault
from service.core.proof.signing import (
    PRIVATE,
    SEED_BYTES,
    SHARED,
    V1,
    V1A,
    BadSecret,
    kind_of,
    private_from,
    public_of,
    secret_from,
    sign,
)

SECRET_BYTES = 32
NO_GRACE = timedelta(0)
DAY = 86_400
LONGEST_GRACE = 30 * DAY

Kind = Literal["v1", "v1a"]


def _with_v1(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    if V1 not in kinds:
        message = "v1 is always signed, for receivers' libraries know it: add v1a beside it"
        raise ValueError(message)
    return kinds


Signing = Annotated[
    tuple[Kind, ...],
    AfterValidator(_with_v1),
    Field(max_length=2, description="`v1` (HMAC), and `v1a` (Ed25519) beside it if wanted."),
]


class RotationForm(Frozen):
    """A key of your own, or none to have one made. `kind` follows from it; else it is `v1`."""

    secret: Annotated[str, Field(max_length=200)] | None = None
    kind: Kind | None = None
    grace_seconds: int = Field(
        DAY, ge=0, le=LONGEST_GRACE, description="How long the former key signs beside the new one."
    )


def make_key(kind: str, given: str | None, now: datetime) -> Key:
    """The one given, if it can sign, else a new one of this kind."""
    if given is None:
        drawn = secrets.token_bytes(SEED_BYTES if kind == V1A else SECRET_BYTES)
        return Key(private_from(drawn) if kind == V1A else secret_from(drawn), now)
    if not given.startswith({V1: SHARED, V1A: PRIVATE}[kind]):
        wanted = f"{PRIVATE}…, an Ed25519 private key" if kind == V1A else BadSecret.__doc__
        refuse([Fault("secret", f"for {kind} it must be: {wanted}")])
    try:
        sign(given, b"")
    except BadSecret as error:
        refuse([Fault("secret", str(error))], error)
    return Key(given, now)


def rotate(held: Credentials, form: RotationForm, now: datetime) -> tuple[Credentials, Key]:
    """With a new key of a kind that is signed already; the former ones until the grace is over."""
    kind = form.kind or kind_of(form.secret or SHARED)
    if kind not in held.kinds:
        what = f"{kind} is not signed here: PATCH the destination with signing [v1, v1a] first"
        refuse([Fault("kind", what)])
    fresh = make_key(kind, form.secret, now)
    try:
        return add_key(held, fresh, now, timedelta(seconds=form.grace_seconds)), fresh
    except TooManyKeys as error:
        refuse([Fault("grace_seconds", str(error))], error)


def set_signing(held: Credentials, kinds: tuple[str, ...], now: datetime) -> Credentials:
    """Signing with keys of these kinds: one is made where there is none, others go at once."""
    for kind in kinds:
        if kind not in held.kinds:
            held = add_key(held, make_key(kind, None, now), now, NO_GRACE)
    for kind in {V1, V1A}.difference(kinds):
        held = drop_kind(held, kind, now)
    return held


def show_key(key: Key) -> dict[str, Any]:
    """What tells it from others; of a pair all that is public."""
    public = {"public_key": public_of(key.text)} if key.kind == V1A else {}
    return {
        "id": key.id,
        "kind": key.kind,
        "ends_in": hint(public.get("public_key", key.text)),
        "made_at": key.made_at,
        "expires_at": key.expires_at,
        **public,
    }


def show_once(key: Key) -> dict[str, str]:
    """What the receiver needs: the one time that a secret is shown."""
    return {"public_key": public_of(key.text)} if key.kind == V1A else {"secret": key.text}
