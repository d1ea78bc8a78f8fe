"""Real processes on loopback: the service in one, a receiver in another, commands in the test."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Timer

import pytest
from typer.testing import CliRunner, Result

from service.cli import app

LONGEST_SECONDS = 3600
"""A process that hangs fails its test rather than all of them."""
START = "from service.cli import main; main()"
CLEAN = {name: text for name, text in os.environ.items() if not name.startswith("TARIFFWIRE_")}


class Process:
    """`tariffwire …` as a process of its own; its standard error is read line by line.

    From a file: a pipe that nobody empties would stop whoever has much to say.
    """

    def __init__(self, *words: str, folder: Path, **settings: str) -> None:
        self.folder = folder
        names = {f"TARIFFWIRE_{name.upper()}": text for name, text in settings.items()}
        with NamedTemporaryFile(delete=False) as stderr:
            self._said, self._heard = Path(stderr.name), 0
            self.process = subprocess.Popen(
                [sys.executable, "-c", START, *words],
                cwd=folder,
                env=CLEAN | names | {"PYTHONPATH": str(Path(__file__).parents[2])},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        self._watch()

    def _watch(self) -> None:
        self._guard = Timer(LONGEST_SECONDS, self.process.kill)
        self._guard.daemon = True
        self._guard.start()

    def wait_for(self, word: str) -> str:
        """The next line of standard error that has it."""
        while word not in (line := self._next_line()):
            if not line:
                pytest.fail(f"it ended without a word of {word!r}")
        return line

    def _next_line(self) -> str:
        """Whole, once it has come; empty after the last."""
        while True:
            is_over = self.process.poll() is not None
            line, newline, _ = self._said.read_text("utf-8")[self._heard :].partition("\n")
            if newline or is_over:
                self._heard += len(line + newline)
                return line + newline
            time.sleep(0.02)

    def read_json(self) -> dict:
        return json.loads(self.process.stdout.readline())

    def end(self) -> int:
        """Its exit code, once it ends by itself."""
        if not self.process.stdout.closed:  # it may have been asked before
            self.process.communicate()
        self._guard.cancel()
        self._said.unlink(missing_ok=True)
        return self.process.returncode

    def stop(self, number: int = signal.SIGTERM) -> int:
        self._guard.cancel()
        self._watch()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.end()


class Service(Process):
    """`tariffwire serve` in a folder, on a port of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        shared = {"log_format": "json", "allow_loopback": "true", **settings}
        super().__init__("serve", "--port", "0", folder=folder, **shared)
        self.url = json.loads(self.wait_for("listening"))["address"]
        self._guard.cancel()  # from here on it lives as long as its fixture


def tariffwire(
    *words: str, at: Service | None = None, keep_settings: bool = False, **given: object
) -> Result:
    """Run a command in this process; settings of the environment are left out unless kept."""
    place = ("--url", at.url) if at else ()
    env = {} if keep_settings else dict.fromkeys(_set_names())
    return CliRunner(env=env).invoke(app, [*place, *words], **given)


def _set_names() -> list[str]:
    return [name for name in os.environ if name.startswith("TARIFFWIRE_")]
