"""Every exit code, each caused for real."""

import json
import os
import signal
import socket

import pytest

from service.cli.exits import HELP, MEANINGS, Exit, code_of, leaves
from tests.cli.processes import Process, Service, tariffwire


def said(result) -> str:
    """What it complained about, on one line."""
    return " ".join(result.stderr.split())


def test_0_the_service_answers(service):
    found = tariffwire("status", at=service)
    assert found.exit_code == Exit.OK
    assert "delivery" in found.stdout


def test_1_the_service_refuses_and_says_what_where_and_how_to_mend(service):
    result = tariffwire("subscriptions", "rm", "sub_nobody", at=service)
    assert result.exit_code == Exit.REFUSED
    assert "GET /v1/subscriptions lists them" in said(result)
    assert "Traceback" not in result.stderr


def test_1_each_fault_of_a_form_is_named(service):
    words = ("subscriptions", "add", "--country", "Vietmam", "--url", "https://example.com/x")
    result = tariffwire(*words, at=service)
    assert result.exit_code == Exit.REFUSED
    assert "lanes[0].country" in said(result)
    assert "Vietnam" in said(result)


def test_1_programs_get_the_problem_as_json(service):
    result = tariffwire("subscriptions", "rm", "sub_nobody", "--json", at=service)
    assert result.exit_code == Exit.REFUSED
    assert json.loads(result.stdout)["error"]["status"] == 404


def test_1_a_key_is_asked_for(tmp_path):
    service = Service(tmp_path, api_key="a-key-for-tests")
    try:
        assert tariffwire("status", at=service).exit_code == Exit.REFUSED
        assert tariffwire("--key", "a-key-for-tests", "status", at=service).exit_code == Exit.OK
    finally:
        service.stop()


@pytest.mark.parametrize(
    "words",
    [
        ("subscribe",),
        ("subscriptions", "add", "--url", "https://example.com"),
        ("subscriptions", "add", "--country", "CN"),
        ("subscriptions", "add", "--country", "CN", "--url", "https://x.example", "--label", "a"),
        ("destinations", "add"),
        ("trigger", "upcoming"),
        ("listen", "--secret", "whsec_short"),
    ],
    ids=" ".join,
)
def test_2_the_command_is_not_understood(words):
    assert tariffwire("--url", "http://127.0.0.1:1", *words).exit_code == Exit.USAGE


def test_3_no_service_answers(folder):
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{door.getsockname()[1]}"
        result = tariffwire("--url", url, "status")
    assert result.exit_code == Exit.UNREACHABLE
    assert "tariffwire serve" in said(result)


def test_3_what_answers_is_not_tariffwire(receiver):
    running, _ = receiver
    result = tariffwire("--url", running.url, "status")
    assert result.exit_code in {Exit.UNREACHABLE, Exit.REFUSED}
    assert "tariffwire" in said(result)


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/x", "http://[::1"])
def test_3_the_url_is_none(folder, url):
    assert tariffwire("--url", url, "status").exit_code == Exit.UNREACHABLE


def test_4_a_setting_is_misspelt(folder, monkeypatch):
    monkeypatch.setenv("TARIFFWIRE_PROT", "8000")
    result = tariffwire("migrate", keep_settings=True)
    assert result.exit_code == Exit.SETUP
    assert "TARIFFWIRE_PORT" in said(result)


@pytest.mark.parametrize(
    ("text", "named"),
    [("prot = 1", "PORT"), ("port = ", "tariffwire.toml"), ('host = "0.0.0.0"', "API_KEY")],
)
def test_4_the_settings_file_is_wrong(folder, text, named):
    (folder / "tariffwire.toml").write_text(text)
    result = tariffwire("serve")
    assert result.exit_code == Exit.SETUP
    assert named in said(result)


def test_4_a_list_in_the_environment_is_no_list(folder, monkeypatch):
    monkeypatch.setenv("TARIFFWIRE_WEBHOOK_PORTS", "many")
    assert tariffwire("migrate", keep_settings=True).exit_code == Exit.SETUP


def test_4_another_process_holds_the_log(tmp_path):
    service = Service(tmp_path)
    try:
        second = Process("serve", "--port", "0", folder=tmp_path)
        line = second.wait_for("error")
        assert second.end() == Exit.SETUP
        assert "is being written" in line
    finally:
        service.stop()


def test_4_the_port_is_taken(service, tmp_path):
    port = service.url.rpartition(":")[2]
    second = Process("serve", "--port", port, folder=tmp_path)
    assert "cannot listen" in second.wait_for("TARIFFWIRE_PORT")
    assert second.end() == Exit.SETUP


def test_4_the_receiver_finds_its_port_taken(service):
    port = service.url.rpartition(":")[2]
    result = tariffwire("listen", "--port", port)
    assert result.exit_code == Exit.SETUP
    assert "--port" in said(result)


def test_4_the_database_cannot_be_opened(tmp_path):
    (tmp_path / "books.db").mkdir()
    url = f"sqlite:///{tmp_path}/books.db"
    process = Process("migrate", folder=tmp_path, database_url=url)
    assert "TARIFFWIRE_DATABASE_URL" in process.wait_for("error")
    assert process.end() == Exit.SETUP


def test_4_the_database_is_of_an_unknown_kind(folder, monkeypatch):
    monkeypatch.setenv("TARIFFWIRE_DATABASE_URL", "mysql://localhost/x")
    assert tariffwire("migrate", keep_settings=True).exit_code == Exit.SETUP


def test_5_log_and_database_do_not_belong_together(tmp_path):
    first = Service(tmp_path)
    assert tariffwire("trigger", "ruling", at=first).exit_code == Exit.OK  # it leaves a bookmark
    first.stop()
    for part in tmp_path.glob("tariffwire-log.db*"):
        part.unlink()
    second = Process("serve", "--port", "0", folder=tmp_path)
    assert "Traceback" not in second.wait_for("error")
    assert second.end() == Exit.DATA


@pytest.mark.parametrize("content", ["", "   \n", "{", "[1,", '{"a":1,"a":2}\n', "[]x", "nonsense"])
def test_5_the_file_holds_no_events(folder, content):
    (folder / "events.json").write_text(content)
    result = tariffwire("replay", "events.json")
    assert result.exit_code == Exit.DATA
    assert "event" in said(result)


def test_5_the_file_is_not_there(folder):
    assert "No such file" in said(result := tariffwire("events", "send", "nowhere.ndjson"))
    assert result.exit_code == Exit.DATA


def test_6_a_test_message_is_not_taken(service):
    with socket.socket() as door:  # bound and not listening: connections are refused
        door.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{door.getsockname()[1]}/hook"
        added = tariffwire("destinations", "add", "--url", url, "--json", at=service)
        name = json.loads(added.stdout)["id"]
        result = tariffwire("destinations", "test", name, at=service)
    assert result.exit_code == Exit.TROUBLE
    assert "did not take the test message" in said(result)
    assert tariffwire("destinations", "rm", name, at=service).exit_code == Exit.OK


def test_130_ctrl_c_ends_a_command_that_waits_for_its_input(tmp_path, service):
    os.mkfifo(tmp_path / "events")
    waiting = Process("--url", service.url, "events", "send", "events", folder=tmp_path)
    with (tmp_path / "events").open("wb"):  # opens once the command reads at the other end
        assert waiting.stop(signal.SIGINT) == Exit.STOPPED


def test_ctrl_c_stops_the_service_in_order(tmp_path):
    assert Service(tmp_path).stop(signal.SIGINT) == Exit.OK


def test_help_says_what_each_code_means():
    shown = " ".join(tariffwire("--help").stdout.split())
    assert set(MEANINGS) == set(Exit)
    for code, meaning in MEANINGS.items():
        assert f"{code.value} {meaning}" in HELP
    assert "Exit codes: 0 done" in shown


def test_a_fault_of_ours_is_no_mendable_error():
    gathered = ExceptionGroup("", [KeyError("x"), ExceptionGroup("", [OSError()])])
    assert [code_of(one) for one in leaves(gathered)] == [None, None]
