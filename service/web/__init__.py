"""Pages for readers: to confirm, to stop, to pause, and to read an alert that somebody forwarded.

No login, no script, nothing from elsewhere. A GET never acts, for mail scanners follow every link;
a POST does. Whoever holds a link is its reader: tokens are signed (`core/proof/link.py`).
"""

from service.web.lobby import Lobby
from service.web.site import make_site, stand_before

__all__ = ["Lobby", "make_site", "stand_before"]
