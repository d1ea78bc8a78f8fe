"""The alerts for Prometheus: it accepts them, and they ask for what we count."""

import re
import subprocess

import pytest
import yaml

from service.telemetry import Metrics
from tests.deploy.project import ROOT

RULES = ROOT / "deploy" / "prometheus" / "tariffwire.rules.yml"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.needs_program("promtool")
def test_prometheus_accepts_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_ask_for_what_is_counted():
    families = Metrics().registry.collect()
    counted = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    asked = set(re.findall(r"tariffwire_\w+", "".join(rule["expr"] for rule in ALERTS)))
    assert asked
    assert asked <= counted


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_what_to_do(rule):
    assert rule["annotations"].keys() == {"summary", "remedy"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
