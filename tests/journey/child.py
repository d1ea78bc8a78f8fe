"""`tariffwire serve` as a process of its own, which a test may kill at any instant."""

import asyncio
import os
import signal
import socket
import sysconfig
from pathlib import Path

import httpx

COMMAND = Path(sysconfig.get_path("scripts"), "tariffwire")
LOOPBACK = "127.0.0.1"
READY_WITHIN = 60


class Child:
    """Keeps its folder and its port through all its lives; what it says is in `serve.log`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._process: asyncio.subprocess.Process | None = None
        self.lives = 0

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self._port}"

    async def start(self) -> None:
        """In a session of its own, so that no signal for the tests reaches it."""
        self.lives += 1
        with (self._folder / "serve.log").open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                COMMAND,
                "serve",
                cwd=self._folder,
                env=self._environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    def _environment(self) -> dict[str, str]:
        others = {name: text for name, text in os.environ.items() if "TARIFFWIRE" not in name}
        return others | {
            "TARIFFWIRE_DATABASE_URL": f"sqlite:///{self._folder}/books.db",
            "TARIFFWIRE_LOG_URL": f"sqlite:///{self._folder}/log.db",
            "TARIFFWIRE_PORT": str(self._port),
            "TARIFFWIRE_ALLOW_LOOPBACK": "true",
            "TARIFFWIRE_WEBHOOK_TIMEOUT": "3",  # a short lease, for what was in the air at a kill
            "TARIFFWIRE_LOG_LEVEL": "warning",
        }

    async def ready(self) -> None:
        """Once /readyz says so; a child that has ended instead shows its last words."""
        assert self._process
        async with asyncio.timeout(READY_WITHIN), httpx.AsyncClient(base_url=self.url) as api:
            while True:
                assert self._process.returncode is None, self.last_words()
                try:
                    if (await api.get("/readyz")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """As `kill -9` does it: no handler runs, nothing is flushed."""
        await self._signal(signal.SIGKILL)

    async def end(self) -> int:
        """As an operator does it; the exit code."""
        return await self._signal(signal.SIGTERM)

    async def _signal(self, number: signal.Signals) -> int:
        assert self._process
        if self._process.returncode is None:
            os.kill(self._process.pid, number)
        return await self._process.wait()

    def last_words(self) -> str:
        return (self._folder / "serve.log").read_text("utf-8", "replace")[-4000:]


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((LOOPBACK, 0))
        return int(one.getsockname()[1])
