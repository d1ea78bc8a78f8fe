"""A disk that runs full: a file system in memory with a small size, mounted on a folder."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BLOCK = 4096


class Disk:
    """`fill` leaves no room, `empty` gives it back."""

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """To the last block, though others may be quicker to take one."""
        with self._ballast.open("ab", buffering=0) as ballast:
            for size in (256 * BLOCK, BLOCK):
                try:
                    while ballast.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        self._ballast.unlink()


def why_not() -> str:
    """Why this machine mounts nothing; empty where it does."""
    if os.geteuid() or not shutil.which("mount"):
        return "not root, so that no file system of limited size can be mounted"
    return ""


@contextmanager
def small_disk(folder: Path, megabytes: int, owner: str | None = None) -> Iterator[Disk]:
    """Everything below `folder` lies on it from now on."""
    options = f"size={megabytes}m,mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=True)
    if owner:
        shutil.chown(folder, owner)
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
