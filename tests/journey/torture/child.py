"""One process of the service, kept alive as a container supervisor would keep it.

All harm comes from outside: signals by pid, or a crash point armed by the environment of one life.
"""

import asyncio
import os
import signal
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.engines.server import free_port
from tests.journey.torture.patience import eventually

COMMAND = Path(sysconfig.get_path("scripts"), "tariffwire")
LOOPBACK = "127.0.0.1"
READY_WITHIN = 180
DIES_WITHIN = 120
ENDS_WITHIN = 40
PAUSE = 0.2
"""Seconds before a process that died is started again."""
CLEAN = {name: text for name, text in os.environ.items() if not name.startswith("TARIFFWIRE_")}


@dataclass(frozen=True)
class Death:
    """How one life ended: `armed` names the crash point that was set for it."""

    armed: str
    code: int


class Child:
    """Keeps its folder and its port through all its lives; what it says is in `NAME.log`."""

    def __init__(
        self,
        name: str,
        folder: Path,
        settings: Mapping[str, str],
        around: Mapping[str, str] | None = None,
    ) -> None:
        """`settings` in lower case, without prefix; `around` is further environment, as it is."""
        self.name = name
        self.roles = tuple(settings.get("roles", "").split(","))
        self.port = free_port()
        self.deaths: list[Death] = []
        self._folder = folder
        self._settings = dict(settings) | {"port": str(self.port)}
        self._around = dict(around or {})
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[int] | None = None
        self._is_wanted = False
        self._armed = ""
        self._born, self._died = asyncio.Event(), asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self, armed: str = "") -> None:
        """Run it from now on, with a crash point armed for the first life."""
        self._is_wanted, self._armed = True, armed
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        await self._born.wait()

    async def _keep(self) -> int:
        while True:
            armed, self._armed = self._armed, ""
            self._process = await self._spawn(armed)
            self._born.set()
            code = await self._process.wait()
            if not self._is_wanted:
                return code
            self._born.clear()
            self.deaths.append(Death(armed.partition(":")[0], code))
            self._died.set()
            await asyncio.sleep(PAUSE)

    async def _spawn(self, armed: str) -> asyncio.subprocess.Process:
        """In a session of its own, so that no signal for the tests reaches it."""
        with self._log.open("ab") as said:
            said.write(f"--- life {len(self.deaths) + 1} {armed}\n".encode())
            said.flush()
            return await asyncio.create_subprocess_exec(
                COMMAND,
                "serve",
                cwd=self._folder,
                env=self.environment | ({"TARIFFWIRE_TEST_CRASH": armed} if armed else {}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )

    @property
    def environment(self) -> dict[str, str]:
        """What the process sees, crash points aside."""
        named = {f"TARIFFWIRE_{name.upper()}": text for name, text in self._settings.items()}
        return CLEAN | named | self._around

    async def ready(self) -> None:
        """Once /readyz says so; a child that does not get there shows its last words."""
        try:
            await eventually(self.is_ready, READY_WITHIN)
        except TimeoutError:
            message = f"{self.name} is not ready:\n{self.last_words()}"
            raise AssertionError(message) from None

    async def is_ready(self) -> bool:
        status, _ = await self.health()
        return status == 200

    async def health(self) -> tuple[int, str]:
        """What /readyz answers; 0 when nobody does."""
        try:
            async with httpx.AsyncClient(base_url=self.url, timeout=10, trust_env=False) as api:
                answer = await api.get("/readyz")
        except httpx.TransportError as error:
            return 0, repr(error)
        return answer.status_code, answer.text

    async def again(self, armed: str) -> None:
        """End it in peace, and arm a crash point for the life that follows."""
        self._armed = armed
        await self._end_life(signal.SIGTERM)

    async def kill(self) -> None:
        """As `kill -9` does it: no handler runs, nothing is flushed. Back once it lives again."""
        await self._end_life(signal.SIGKILL)

    async def _end_life(self, number: signal.Signals) -> None:
        await self._born.wait()
        self._died.clear()
        self._signal(number)
        async with asyncio.timeout(DIES_WITHIN):
            await self._died.wait()
            await self._born.wait()

    async def died_of(self, point: str) -> None:
        """Once a life that was armed with a crash point has ended by it, and another has begun."""
        try:
            async with asyncio.timeout(DIES_WITHIN):
                while Death(point, -signal.SIGKILL) not in self.deaths:
                    self._died.clear()
                    await self._died.wait()
                await self._born.wait()
        except TimeoutError:
            message = f"{self.name} never passed {point}:\n{self.last_words()}"
            raise AssertionError(message) from None

    def freeze(self) -> None:
        """Not a line of it runs until it is thawed; its sockets stay open."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    async def end(self) -> int:
        """As an operator does it; the exit code. What does not end by itself is killed."""
        if self._keeper is None:
            return 0
        if self._keeper.done():
            return self._keeper.result()
        self._is_wanted = False
        self.thaw()
        self._signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(asyncio.shield(self._keeper), ENDS_WITHIN)
        except TimeoutError:
            self._signal(signal.SIGKILL)
            return await self._keeper

    def _signal(self, number: signal.Signals) -> None:
        if self._process and self._process.returncode is None:
            os.kill(self._process.pid, number)

    @property
    def _log(self) -> Path:
        return self._folder / f"{self.name}.log"

    def last_words(self) -> str:
        return self._log.read_text("utf-8", "replace")[-6000:]
