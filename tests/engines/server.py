"""A server that a test starts, kills and starts again; what it keeps and its port stay."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from pwd import getpwnam
from typing import Self

PATIENCE = 120
"""Seconds after which a server that does not answer never will."""
PORTS = range(20_000, 30_000)
"""Below those that the system gives to clients: it would hand them out while a server is down,
and a client that knocks on such a port again and again ends up talking to itself."""

GUARD = 'while read -r _; do :; done; test -e "$0/pid" && kill -9 "$(cat "$0/pid")"; rm -rf "$0"'
"""Reads until the tests are gone, however they went; what they did not end by then, it does."""


class NotRunning(Exception):
    """The server did not come up."""


class Server(ABC):
    """A process on loopback, in a folder that only it uses and that goes when it is left.

    The folder is made in `place`: on a small disk, for one. Everything here blocks.
    """

    def __init__(self, place: Path | None = None, owner: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tariffwire-test-", dir=place))
        self.owner = owner
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        if owner:
            shutil.chown(self.folder, owner)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        if self.process is None:
            raise NotRunning
        return self.process.pid

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """What to run, in the server's folder."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it serves its clients."""

    def start(self) -> Self:
        """Return once it serves; on the same data if it did so before."""
        self._guard = self._guard or subprocess.Popen(
            ["sh", "-c", GUARD, self.folder], stdin=subprocess.PIPE, start_new_session=True
        )
        with self._said.open("ab") as said:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,  # Ctrl-C is for the tests, which then end it
                **self._who_and_where(),
            )
        self._noted.write_text(str(self.pid))
        deadline = time.monotonic() + PATIENCE
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise NotRunning(f"{self.command[0]}: {self._said.read_text()[-3000:]}")
            time.sleep(0.02)
        return self

    def stop(self) -> None:
        """As an operator does: it may finish what it has in hand."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As a power cut does."""
        self._end(signal.SIGKILL)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def send(self, number: signal.Signals) -> None:
        """SIGSTOP freezes it, SIGCONT thaws it."""
        os.kill(self.pid, number)

    def run(self, *command: str) -> None:
        """Something that has to be done before it can start."""
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            **self._who_and_where(),
        )
        if done.returncode:
            raise NotRunning(f"{command[0]}: {(done.stdout + done.stderr).decode()[-3000:]}")

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.leave()
            raise

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> None:
        """Nothing of it stays."""
        self.kill()
        if self._guard:
            self._guard.kill()
            self._guard.communicate()
        shutil.rmtree(self.folder)

    @property
    def _noted(self) -> Path:
        return self.folder / "pid"

    @property
    def _said(self) -> Path:
        return self.folder / "said.txt"

    def _who_and_where(self) -> dict[str, object]:
        where = {"cwd": self.folder}
        if self.owner is None:
            return where
        group = getpwnam(self.owner).pw_gid
        return where | {"user": self.owner, "group": group, "extra_groups": ()}

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(PATIENCE)
            self.process = None
            self._noted.unlink()


_given: set[int] = set()


def free_port() -> int:
    """One that nobody listens on, and that no worker of this run was given before."""
    mine = _ports_of_this_worker()
    while True:
        port = secrets.choice(mine)  # hypothesis seeds `random` alike in all workers
        with socket.socket() as probe:
            if port not in _given and probe.connect_ex(("127.0.0.1", port)):
                _given.add(port)
                return port


def _ports_of_this_worker() -> range:
    """What one worker was given and does not listen on yet, another would take for free."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return PORTS[worker :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))]
