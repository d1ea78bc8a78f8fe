"""The README holds: its tour works when pasted, its tables are complete."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from secrets import token_hex

import pytest

from service.settings import PREFIX, Settings
from tests.databases import make_database

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text("utf-8")


def _tour():
    section = TEXT.split("## Five minutes")[1].split("## What it does")[0]
    return "\n".join(re.findall(r"```bash\n(.*?)```", section, re.DOTALL))


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_in_the_words_of_the_code(name):
    row = next(line for line in TEXT.splitlines() if f"`{PREFIX}{name.upper()}`" in line)
    assert row.endswith(f"| {Settings.model_fields[name].description} |")


def test_the_first_screen_names_the_two_commands():
    assert TEXT.index("make demo") < TEXT.index("make test") < TEXT.index("## ")


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.fixture(params=["embedded", "distributed"])
def engines(request):
    """Settings that choose database and log: none of them, or the two URLs."""
    if request.param == "embedded":
        yield {}
        return
    bootstrap = request.getfixturevalue("kafka_bootstrap")
    with make_database(request.getfixturevalue("postgres_url")) as url:
        yield {
            f"{PREFIX}DATABASE_URL": url,
            f"{PREFIX}LOG_URL": f"kafka://{bootstrap}/tour-{token_hex(4)}?partitions=2",
        }


def test_the_tour_works_when_pasted(tmp_path, engines):
    api, receiver = _free_ports(2)
    tour = _tour().replace("8320", str(api)).replace("8321", str(receiver))
    tour = tour.replace("tariffwire listen", f"tariffwire listen --port {receiver}")
    tour = tour.replace('"$PWD/.venv/bin:$PATH"', f'"{Path(sys.executable).parent}:$PATH"')
    keep = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    done = subprocess.run(
        ["bash", "-e"],
        input=f"set -m\n{tour}\nwait\n",
        cwd=tmp_path,
        env=keep | engines | {f"{PREFIX}PORT": str(api), f"{PREFIX}URL": f"http://127.0.0.1:{api}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr + (tmp_path / "serve.log").read_text("utf-8")
    assert done.returncode in {0, 143}, said
    alerts = (tmp_path / "alerts.txt").read_text("utf-8")
    assert "84 % → 125 %" in alerts, said
    assert "EO 14266" in alerts
    assert '"status":"in_force"' in done.stdout.replace(" ", "")
