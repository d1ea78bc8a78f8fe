"""Who may come in: whoever carries the API key, when one is set."""

import hmac
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.api.desk import AtDesk
from service.api.problems import Unproven
from service.core.event import Fault

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="API key", description="TARIFFWIRE_API_KEY, where it is set."
)


async def require_key(
    desk: AtDesk, shown: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> None:
    """Compared in constant time, so that a key cannot be guessed letter by letter."""
    key = desk.settings.api_key
    if key is None:
        return
    given = shown.credentials if shown else ""
    if not hmac.compare_digest(given.encode(), key.get_secret_value().encode()):
        what = "this key is not ours" if given else "no key was sent"
        raise Unproven(
            errors=[Fault("header.Authorization", what)],
            headers={"WWW-Authenticate": 'Bearer realm="tariffwire"'},
        )
