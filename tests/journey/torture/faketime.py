"""A clock that a test may set while processes run: libfaketime, told by a file."""

import shutil
from collections.abc import Mapping
from pathlib import Path

_SHARED = Path("/dev/shm")


class WallClock:
    """What processes that get its `environment` take for the time of day."""

    def __init__(self, folder: Path) -> None:
        self._told = folder / "clock"
        self.step(0)

    def step(self, seconds: int) -> None:
        """So far from the true time, from now on."""
        partly = self._told.with_suffix(".new")
        partly.write_text(f"{seconds:+d}\n")
        partly.rename(self._told)

    @property
    def environment(self) -> Mapping[str, str]:
        """Monotonic time is left alone, as it is when an operator sets a clock."""
        return {
            "LD_PRELOAD": _find_library(),
            "FAKETIME_TIMESTAMP_FILE": str(self._told),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
            "NO_FAKE_STAT": "1",
        }


def clear_away() -> None:
    """What killed processes leave in memory: their files, named by a process id.

    Ids come again, and programs of libfaketime refuse one whose file is there.
    """
    for pattern in ("faketime_shm_*", "sem.faketime_sem_*"):
        for left in _SHARED.glob(pattern):
            if not Path("/proc", left.name.rpartition("_")[2]).exists():
                left.unlink(missing_ok=True)


def _find_library() -> str:
    """For programs with threads. The program `faketime` would name it, and may refuse to start."""
    program = shutil.which("faketime")
    assert program, "not installed: faketime"
    libraries = Path(program).resolve().parents[1]
    found = next(libraries.glob("lib*/*/faketime/libfaketimeMT.so.1"), None)
    found = found or next(libraries.glob("lib*/faketime/libfaketimeMT.so.1"), None)
    assert found, f"no libfaketimeMT.so.1 in a folder faketime under {libraries}/lib*"
    return str(found)
