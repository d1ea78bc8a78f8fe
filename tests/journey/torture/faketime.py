"""A clock that a test may set while processes run: libfaketime, told by a file."""

import subprocess
from collections.abc import Mapping
from pathlib import Path


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


def _find_library() -> str:
    """As `faketime` itself would load it."""
    shown = subprocess.run(["faketime", "-m", "-f", "+0", "env"], capture_output=True, check=True)
    named = dict(line.partition("=")[::2] for line in shown.stdout.decode().splitlines())
    return named["LD_PRELOAD"]
