"""Our services as local processes: the same commands and environments, hosts led to loopback."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from service.settings import PREFIX
from tests.deploy.project import SECRETS, Service
from tests.engines.server import free_port

PATIENCE = 300
"""Seconds after which what has not started never will: seven processes share a few cores."""
BIN = Path(sys.executable).parent
HERE = {"tariffwire": BIN / "tariffwire", "python": Path(sys.executable)}


def make_secrets(folder: Path) -> Path:
    """As an operator does, by the script that docker-compose.yml names."""
    secrets = folder / "secrets"
    subprocess.run(["sh", SECRETS, secrets], check=True, capture_output=True)
    return secrets


class Running:
    """One service in a folder of its own. `here` maps what only a container knows."""

    def __init__(self, service: Service, folder: Path, here: Mapping[str, str]) -> None:
        self.service = service
        self.port = free_port()
        self._folder = folder / service.name
        self._folder.mkdir()
        self._here = here
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """All that it wrote."""
        return (self._folder / "said.txt").read_text("utf-8")

    async def start(self) -> None:
        with (self._folder / "said.txt").open("ab") as said:
            self._process = await asyncio.create_subprocess_exec(
                *map(self._translate, self.service.command),
                cwd=self._folder,
                env=self._environment,
                stdout=said,
                stderr=said,
            )

    async def wait_until(self, condition: str) -> None:
        """As `depends_on` and `up --wait` do."""
        async with asyncio.timeout(PATIENCE):
            if condition == "service_completed_successfully":
                assert await self._process.wait() == 0, self.said
            elif self.service.health:
                await until(self._is_healthy)

    async def _is_healthy(self) -> bool:
        if self._process.returncode is not None:
            pytest.fail(f"{self.service.name} has ended: {self.said}")
        checking = await asyncio.create_subprocess_exec(
            *map(self._translate, self.service.health),
            env=self._environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await checking.wait() == 0

    async def stop(self) -> int:
        """SIGTERM, and SIGKILL after the time of grace; its exit code."""
        if self._process is None:
            return 0
        if self._process.returncode is None:
            self._process.terminate()
        try:
            return await asyncio.wait_for(self._process.wait(), self.service.grace)
        except TimeoutError:
            self._process.kill()
            return await self._process.wait()

    @property
    def _environment(self) -> dict[str, str]:
        named = {name: self._translate(text) for name, text in self.service.environment.items()}
        loopback = {f"{PREFIX}HOST": "127.0.0.1", f"{PREFIX}PORT": str(self.port)}
        return {"PATH": os.environ["PATH"], **named, **loopback}

    def _translate(self, word: str) -> str:
        if word in HERE:
            return str(HERE[word])
        there = "|".join(map(re.escape, self._here))
        return re.sub(there, lambda found: self._here[found[0]], word)


async def until(question: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is yes."""
    while True:
        if await question():
            return
        await asyncio.sleep(1)  # as often as the image's health check while it starts
