"""`python -m benchmarks [NAME…] [--mode MODE] [--quick] [--json]`: figures beside baselines."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

import uvloop

from benchmarks.figures import Figure
from benchmarks.rooms import MODES, open_ground

NAMES = (
    "accept",
    "produce",
    "fold",
    "match",
    "preview",
    "clock",
    "rates",
    "fanout",
    "transmit",
    "delivery",
    "backlog",
    "latency",
    "one",
    "memory",
    "wording",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--mode", choices=(*MODES, "both"), default="embedded")
    parser.add_argument("--quick", action="store_true", help="smaller; ratios are rougher")
    parser.add_argument("--json", action="store_true", help="one figure a line, for programs")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if not asked.json:
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was begun is taken down
    for mode in MODES if asked.mode == "both" else (asked.mode,):
        uvloop.run(run(mode, asked.names or NAMES, quick=asked.quick, as_json=asked.json))


async def run(mode: str, names: Sequence[str], *, quick: bool, as_json: bool) -> None:
    """Every benchmark in rooms of its own, on one ground."""
    async with open_ground(mode) as ground:
        if not as_json:
            print(f"\n{mode}")
        for name in names:
            measure = import_module(f"benchmarks.{name}").measure
            for figure in await measure(ground, quick=quick):
                said = json.dumps({"mode": mode} | figure.as_json()) if as_json else line(figure)
                print(said, flush=True)


def line(figure: Figure) -> str:
    """One line of the table."""
    mark = {True: "met", False: "MISSED", None: ""}[figure.is_met]
    ratio = f"{figure.ratio:.2f}x of {figure.baseline:,.4g}" if figure.ratio else ""
    value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.3g}"
    return (
        f"{figure.name:<42} {value:>9} {figure.unit:<13} {ratio:<20}"
        f" {figure.target:<22} {mark:<7} {figure.note}"
    )


if __name__ == "__main__":
    main()
