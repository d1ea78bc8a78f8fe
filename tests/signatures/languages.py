"""Receivers of webhooks in other languages: each verifies with its own library, as a program."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.engines.fetching import copy_jars, keep, run

HERE = Path(__file__).parent
POM = HERE / "pom.xml"
LOCK = HERE / "package-lock.json"
INSTALL = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]

Case = Mapping[str, Any]
"""`library`, `key`, `headers` and `body`, as the programs read them."""


def ask_node(cases: Sequence[Case]) -> list[str]:
    """What JavaScript says of each."""
    modules = keep("npm", LOCK, _install) / "node_modules"
    return _ask(["node", "verify.cjs"], cases, {"NODE_PATH": str(modules)})


def _install(folder: Path) -> None:
    folder.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    run(INSTALL, folder)


def ask_java(cases: Sequence[Case]) -> list[str]:
    """What Java says of each."""
    jars = keep("svix", POM, lambda folder: copy_jars(POM, folder))
    quick = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
    return _ask(["java", *quick, "-cp", f"{jars}/*", "Verify.java"], cases, {})


def _ask(command: list[str], cases: Sequence[Case], more: Mapping[str, str]) -> list[str]:
    done = subprocess.run(
        command,
        input=json.dumps(cases),
        cwd=HERE,
        env=os.environ | more,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
