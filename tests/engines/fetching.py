"""What tests run but do not carry: fetched the first time, and kept for this user."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from tests.engines.server import NotRunning

COPY = ("mvn", "-q", "-B", "dependency:copy-dependencies", "-DincludeScope=runtime")


def keep(name: str, described: Path, fetch: Callable[[Path], None]) -> Path:
    """The folder of what the file `described` lists; `fetch` fills it, once for each content."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "tariffwire")
    kept = caches / f"{name}-{hashlib.sha256(described.read_bytes()).hexdigest()[:12]}"
    if kept.exists():
        return kept
    caches.mkdir(parents=True, exist_ok=True)
    with (caches / "fetching").open("w") as turn:  # tests that run side by side need it at once
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not kept.exists():
            partly = kept.with_name(f"{kept.name}.{uuid4().hex}")
            try:
                fetch(partly)
                partly.rename(kept)
            finally:
                shutil.rmtree(partly, ignore_errors=True)
    return kept


def copy_jars(pom: Path, folder: Path, hint: str = "") -> None:
    """All that a POM asks for."""
    run([*COPY, "-f", str(pom), f"-DoutputDirectory={folder}"], pom.parent, hint)


def run(command: list[str], place: Path, hint: str = "") -> None:
    """`NotRunning` with what the command said, should it fail."""
    done = subprocess.run(command, check=False, cwd=place, capture_output=True, text=True)
    if done.returncode:
        raise NotRunning(f"{command[0]}: {done.stdout[-3000:]}{done.stderr[-3000:]}\n{hint}")
