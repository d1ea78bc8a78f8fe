"""`python -m benchmarks [NAME…] [--quick] [--json]`: print figures with ratios to a baseline."""

import argparse
import json
import os
import sys
from importlib import import_module

import uvloop

from benchmarks.figures import Figure

NAMES = ("accept", "fold", "match", "send", "latency", "one", "memory")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--quick", action="store_true", help="smaller; ratios are rougher")
    parser.add_argument("--json", action="store_true", help="one figure a line, for programs")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(NAMES)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    if not asked.json:
        print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    for name in asked.names or NAMES:
        measure = import_module(f"benchmarks.{name}").measure
        for figure in uvloop.run(measure(quick=asked.quick)):
            print(json.dumps(figure.as_json()) if asked.json else line(figure), flush=True)


def line(figure: Figure) -> str:
    """One line of the table."""
    mark = {True: "met", False: "MISSED", None: ""}[figure.is_met]
    ratio = f"{figure.ratio:.2f}x of {figure.baseline:,.4g}" if figure.ratio else ""
    value = f"{figure.value:,.0f}" if figure.value >= 1000 else f"{figure.value:.3g}"
    return (
        f"{figure.name:<36} {value:>9} {figure.unit:<13} {ratio:<20}"
        f" {figure.target:<22} {mark:<7} {figure.note}"
    )


if __name__ == "__main__":
    main()
