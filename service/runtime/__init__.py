"""The only composition root: opens database, log, HTTP and SMTP, runs the roles, drains.

`opening.py` opens what the settings name, `running.py` says what each role does and runs them,
`listening.py` is the way in over HTTP, `clock.py` what the time of day asks for, `watchdog.py`
ends a process in which a role is stuck.
"""

from service.runtime.clock import prune
from service.runtime.listening import CannotListen
from service.runtime.opening import Runtime, open_runtime, utc_now
from service.runtime.running import (
    ROLES,
    RoleEnded,
    collect_rarely,
    serve,
    serve_until_signalled,
)
from service.runtime.watchdog import RoleStuck

__all__ = [
    "ROLES",
    "CannotListen",
    "RoleEnded",
    "RoleStuck",
    "Runtime",
    "collect_rarely",
    "open_runtime",
    "prune",
    "serve",
    "serve_until_signalled",
    "utc_now",
]
