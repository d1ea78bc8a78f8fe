"""What the service says of itself."""

import json

import pytest
import structlog
from prometheus_client import generate_latest

from service.telemetry import Metrics, open_logs


@pytest.fixture(autouse=True)
def quiet_again():
    yield
    structlog.reset_defaults()


def test_each_stage_of_the_journey_has_its_family():
    said = generate_latest(Metrics().registry).decode()
    for family in ("accepted", "events", "changes", "matches", "deliveries", "attempt_seconds"):
        assert f"# HELP tariffwire_{family}" in said


def test_two_processes_worth_of_metrics_do_not_mix():
    one, other = Metrics(), Metrics()
    one.accepted.inc(3)
    assert one.registry.get_sample_value("tariffwire_accepted_total") == 3
    assert other.registry.get_sample_value("tariffwire_accepted_total") == 0


def test_logs_for_programs_are_json_lines_on_standard_error(capsys):
    open_logs("info", "json")
    structlog.get_logger().info("listening", address="http://here")
    captured = capsys.readouterr()
    assert captured.out == ""
    said = json.loads(captured.err)
    assert (said["event"], said["address"], said["level"]) == ("listening", "http://here", "info")
    assert said["timestamp"].endswith("Z")


def test_logs_for_people_are_plain_where_nobody_sees_colours(capsys):
    open_logs("info", "console")
    structlog.get_logger().warning("slow", seconds=3)
    said = capsys.readouterr().err
    assert "slow" in said
    assert "seconds=3" in said
    assert "\x1b" not in said


def test_what_is_below_the_level_is_not_said(capsys):
    open_logs("warning", "json")
    structlog.get_logger().info("chatter")
    assert capsys.readouterr().err == ""


def test_a_fault_is_logged_with_its_traceback(capsys):
    open_logs("error", "json")
    try:
        _ = {}["nothing"]
    except KeyError:
        structlog.get_logger().exception("failed")
    assert "KeyError" in json.loads(capsys.readouterr().err)["exception"]
