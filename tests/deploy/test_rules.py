"""The alerts for Prometheus: it accepts them, and they ask for what we count."""

import re
import subprocess

import pytest
import yaml

from service.runtime.running import ROLES
from service.telemetry import Metrics
from tests.deploy.project import ROOT

RULES = ROOT / "deploy" / "prometheus" / "tariffwire.rules.yml"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
[MISSING] = [one["annotations"] for one in ALERTS if one["alert"] == "TariffwireRoleMissing"]


@pytest.mark.needs_program("promtool")
def test_prometheus_accepts_the_rules():
    done = subprocess.run(
        ["promtool", "check", "rules", RULES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.needs_program("promtool")
@pytest.mark.parametrize("missing", ROLES)
def test_a_role_that_no_process_has_is_noticed(tmp_path, missing):
    there = [role for role in ROLES if role != missing]
    series = [{"series": f'tariffwire_role_up{{role="{one}"}}', "values": "1x9"} for one in there]
    texts = {name: text.replace("{{ $labels.role }}", missing) for name, text in MISSING.items()}
    labels = {"severity": "critical", "role": missing}
    fired = {"exp_labels": labels, "exp_annotations": texts}
    asked = {"eval_time": "5m", "alertname": "TariffwireRoleMissing", "exp_alerts": [fired]}
    test = {"interval": "1m", "input_series": series, "alert_rule_test": [asked]}
    written = tmp_path / "test.yml"
    written.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [test]}))
    done = subprocess.run(
        ["promtool", "test", "rules", written], capture_output=True, text=True, check=False
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
