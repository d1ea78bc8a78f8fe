"""The README holds: its tour works when pasted, its tables are complete."""

import os
import re
import subprocess
import sys
from pathlib import Path
from secrets import token_hex

import pytest

from service.settings import PREFIX, Settings
from tests.databases import make_database
from tests.engines.server import free_port

README = Path(__file__).parents[1] / "README.md"
TEXT = README.read_text("utf-8")


def _commands(start, end):
    section = TEXT.split(start)[1].split(end)[0]
    return "\n".join(re.findall(r"```bash\n(.*?)```", section, re.DOTALL))


TOUR = _commands("## Five minutes", "## What it does")
QUESTIONS = _commands("### Ask what is owed", "### The command")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_in_the_words_of_the_code(name):
    row = next(line for line in TEXT.splitlines() if f"`{PREFIX}{name.upper()}`" in line)
    assert row.endswith(f"| {Settings.model_fields[name].description} |")


def test_the_first_screen_names_the_two_commands():
    assert TEXT.index("make demo") < TEXT.index("make test") < TEXT.index("## ")


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


def _paste(text, folder, engines):
    api, receiver = free_port(), free_port()
    text = text.replace("8320", str(api)).replace("8321", str(receiver))
    text = text.replace("tariffwire listen", f"tariffwire listen --port {receiver}")
    text = text.replace('"$PWD/.venv/bin:$PATH"', f'"{Path(sys.executable).parent}:$PATH"')
    text = text.replace(" service/events_of_2025", f" {README.parent}/service/events_of_2025")
    keep = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return subprocess.run(
        ["bash", "-e"],
        input=f"set -m\n{text}\nwait\n",
        cwd=folder,
        env=keep | engines | {f"{PREFIX}PORT": str(api), f"{PREFIX}URL": f"http://127.0.0.1:{api}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_tour_works_when_pasted(tmp_path, engines):
    done = _paste(TOUR, tmp_path, engines)
    said = done.stdout + done.stderr + (tmp_path / "serve.log").read_text("utf-8")
    assert done.returncode in {0, 143}, said
    alerts = (tmp_path / "alerts.txt").read_text("utf-8")
    assert "84 % → 125 %" in alerts, said
    assert "EO 14266" in alerts
    assert '"status":"in_force"' in done.stdout.replace(" ", "")


def test_its_questions_are_answered_after_the_tour(tmp_path):
    done = _paste(f"{TOUR}\n{QUESTIONS}", tmp_path, {})
    said = done.stdout + done.stderr
    assert done.returncode in {0, 143}, said
    answers = done.stdout.partition("103 accepted as history")[2]
    assert "47.5 % in all." in answers, said
    assert "If USMCA qualifying holds: 0 % in all." in answers
    assert "125 %" in answers.partition("measure:us-reciprocal-cn")[2]
    assert "CN-US: 3 steps" in answers
    assert "Told. It made change 2" in answers
    assert "2 alerts since" in answers


def test_the_tour_goes_on_where_the_service_cannot_start(tmp_path):
    """Nobody waits for ever: the log is shown instead."""
    lines = [one for one in TOUR.splitlines() if one.startswith(("export", "until"))]
    lines.insert(-1, next(one for one in TOUR.splitlines() if one.startswith("tariffwire serve")))
    done = _paste("\n".join(lines), tmp_path, {f"{PREFIX}ROLES": "none"})
    assert "ROLES" in done.stdout
