"""The processes of one installation, by their roles."""

import asyncio
import subprocess
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.journey.places import Distributed, Place
from tests.journey.torture.child import COMMAND, Child

ALONE = ("api,consume,plan,send,publish,clock",)
"""The roles of each process, where one does everything."""
APART = ("api", "consume", "plan", "send", "publish", "clock")
"""One role a process."""
SHARED = ("api", "consume", "consume", "plan,publish,clock", "send", "send")
"""Two of those that share work."""
SETTINGS = {
    "public_url": "https://alerts.example",  # else each sender names itself in what it writes
    "allow_loopback": "true",
    "log_level": "warning",
    "log_format": "json",
    "drain_seconds": "10",
    "secrets_key": b64encode(bytes(32)).decode(),
}


class Fleet:
    """One child for each entry of `roles`, as in `("api", "consume", "plan,send")`."""

    def __init__(
        self,
        folder: Path,
        place: Place,
        roles: Sequence[str] = (),
        around: Mapping[str, str] | None = None,
        **settings: str,
    ) -> None:
        self._folder = folder
        self._around = dict(around or {})
        self._settings = SETTINGS | dict(place.settings) | settings
        self.children = [
            self._make(f"{number}-{one.split(',')[0]}", one)
            for number, one in enumerate(roles or roles_of(place), start=1)
        ]

    def _make(self, name: str, roles: str) -> Child:
        return Child(name, self._folder, self._settings | {"roles": roles}, self._around)

    def all_of(self, role: str) -> list[Child]:
        """Those that do it."""
        return [one for one in self.children if role in one.roles]

    def one_of(self, role: str) -> Child:
        return self.all_of(role)[0]

    @property
    def url(self) -> str:
        """Of the API."""
        return self.one_of("api").url

    @property
    def deaths(self) -> int:
        """Those that were violent."""
        return sum(one.code < 0 for child in self.children for one in child.deaths)

    async def start(self) -> None:
        await self.run("migrate")
        await asyncio.gather(*(one.start() for one in self.children))
        await self.ready()

    async def ready(self) -> None:
        await asyncio.gather(*(one.ready() for one in self.children))

    async def run(self, *words: str) -> str:
        """Another command with the same settings, as an operator runs it; what it said."""
        environment = self.children[0].environment
        process = await asyncio.create_subprocess_exec(
            COMMAND,
            *words,
            cwd=self._folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        text = said.decode("utf-8", "replace")
        assert process.returncode == 0, f"tariffwire {' '.join(words)}:\n{text}"
        return text

    def last_words(self) -> str:
        return "\n".join(f"{one.name}:\n{one.last_words()}" for one in self.children)

    async def end(self) -> dict[str, int]:
        """Stop all at once; the exit codes by name."""
        codes = await asyncio.gather(*(one.end() for one in self.children))
        return dict(zip((one.name for one in self.children), codes, strict=True))


def roles_of(place: Place) -> Sequence[str]:
    """What stands there if nobody says otherwise."""
    return APART if isinstance(place, Distributed) else ALONE
