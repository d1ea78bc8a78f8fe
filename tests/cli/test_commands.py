"""What commands do, against a service and a receiver in processes of their own."""

import json
import time

import httpx
import pytest

from service.cli.terminal import count
from service.core.proof.signature import headers
from service.events_of_2025 import read_year
from service.examples import KINDS
from service.runtime import utc_now
from tests.cli.processes import tariffwire


def answer(*words, at, **given):
    """The JSON that a command answers."""
    result = tariffwire(*words, "--json", at=at, **given)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def event(name, **data):
    """A measure of its own."""
    return {
        "specversion": "1.0",
        "id": name,
        "source": "urn:test:cli",
        "type": "tariff.measure",
        "data": {
            "importer": "BR",
            "measure": f"br-test-{name}",
            "origin": {"kind": "country", "members": ["PY"]},
            "product": {"scope": "all"},
            "programme": "test",
            "duty": {"components": [{"kind": "ad_valorem", "amount": "5"}]},
            "action": "imposed",
            "certainty": "instrument",
            **data,
        },
    }


def test_a_test_message_arrives_and_is_verified(service, receiver):
    running, destination = receiver
    first = tariffwire("destinations", "test", destination, at=service)
    failed = running.read_json()
    assert (first.exit_code, failed["answered"]) == (6, 503)  # the first one fails on purpose
    assert tariffwire("destinations", "test", destination, at=service).exit_code == 0
    heard = running.read_json()
    assert (heard["answered"], heard["verified"]) == (204, True)
    assert heard["body"]["data"]["mode"] == "test"


def test_a_triggered_example_reaches_the_subscriber(service, receiver):
    running, destination = receiver
    words = ("subscriptions", "add", "--importer", "US", "--origin", "China", "--kind", "ruling")
    added = answer(*words, "--destination", destination, "--name", "court", at=service)
    found = answer("trigger", "ruling", at=service)
    assert found["event"]["outcome"] == "changed"
    assert [one["state"] for one in found["deliveries"]] == ["delivered"]
    heard = running.read_json()
    assert heard["webhook_id"] == found["deliveries"][0]["id"]
    assert heard["body"]["data"]["kinds"] == ["ruling"]
    shown = tariffwire("deliveries", "show", heard["webhook_id"], at=service).stdout
    assert f"> webhook-id: {heard['webhook_id']}" in shown
    assert "> webhook-signature: v1,key_" in shown
    assert "< 204" in shown
    assert "dialled 127.0.0.1:" in shown
    told = tariffwire("trigger", "ruling", at=service)
    assert "US levies it" in told.stdout
    assert running.read_json()["verified"]
    assert tariffwire("subscriptions", "rm", added["id"], at=service).exit_code == 0


def test_what_is_not_signed_by_the_secret_is_refused(receiver):
    running, _ = receiver
    other = "whsec_" + "YW5vdGhlciBzZWNyZXQsIG5vdCB0aGUgcmVjZWl2ZXI="
    body = b'{"data": {"summary": "not ours"}}'
    forged = headers("msg_1", utc_now(), body, [other])
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        assert client.post("/", content=body, headers=forged).status_code == 401
        assert client.post("/", content=body).status_code == 401
        assert client.get("/").status_code == 405
        assert client.post("/", content=b"x" * 1_100_000).status_code == 413
    heard = [running.read_json() for _ in range(4)]
    assert [one["verified"] for one in heard] == [False] * 4
    assert all(not one["body"] for one in heard)


def test_a_trigger_that_nobody_follows_says_so(service):
    told = tariffwire("trigger", "talks_ended", at=service)
    assert told.exit_code == 0
    assert "nobody is told" in told.stdout


def test_the_kinds_can_be_listed(folder):
    assert tariffwire("trigger", "--list").stdout.split() == list(KINDS)
    assert json.loads(tariffwire("trigger", "--list", "--json").stdout) == list(KINDS)


def test_subscriptions_are_added_listed_and_removed(service):
    words = ("--product", "9401.61", "--origin", "vietnam", "--email", "desk@example.com")
    added = tariffwire(
        "subscriptions",
        "add",
        *words,
        "--name",
        "sofas",
        "--steps",
        "latest",
        "--label",
        "team=chairs",
        at=service,
    )
    assert added.exit_code == 0, added.output
    name = added.stdout.split()[1]
    listed = next(one for one in answer("subscriptions", "list", at=service) if one["id"] == name)
    assert listed["lanes"] == [{"origin": "VN", "product": {"codes": ["940161"]}}]
    assert listed["labels"] == {"team": "chairs"}
    shown = tariffwire("subscriptions", "list", at=service).stdout
    assert "origin VN, product 940161" in shown
    assert tariffwire("subscriptions", "rm", name, at=service).exit_code == 0
    assert name not in {one["id"] for one in answer("subscriptions", "list", at=service)}


def test_a_webhook_made_with_a_subscription_shows_its_secret_once(service):
    words = ("--everything", "--url", "http://127.0.0.1:9/once", "--min-certainty", "announced")
    added = tariffwire("subscriptions", "add", *words, at=service)
    assert "whsec_" in added.stdout
    assert (
        "everything (announced or surer)" in tariffwire("subscriptions", "list", at=service).stdout
    )
    found = answer("destinations", "list", at=service)
    mine = next(one for one in found if one.get("url") == "http://127.0.0.1:9/once")
    refused = tariffwire("destinations", "rm", mine["id"], at=service)
    assert refused.exit_code == 1
    assert tariffwire("destinations", "rm", mine["id"], "--force", at=service).exit_code == 0
    name = added.stdout.split()[1]
    assert tariffwire("subscriptions", "rm", name, at=service).exit_code == 0


def test_events_are_sent_from_a_file_or_standard_input(service, folder):
    one, two = event("one"), event("two")
    (folder / "lines.ndjson").write_text(f"{json.dumps(one)}\n\n{json.dumps(two)}\n")
    (folder / "array.json").write_text(json.dumps([one, two], indent=2))
    (folder / "single.json").write_text(json.dumps(one, indent=2))
    sent = answer("events", "send", "lines.ndjson", at=service)
    assert (sent["accepted"], sent["duplicates"]) == (2, 0)
    for file, known in (("array.json", 2), ("single.json", 1)):
        again = answer("events", "send", file, at=service)
        assert (again["accepted"], again["duplicates"]) == (0, known)
    piped = answer("events", "send", "-", at=service, input=json.dumps(event("three")))
    assert piped["accepted"] == 1


def test_a_refused_line_is_named_by_its_place(service, folder):
    good, bad = event("good"), event("bad", importer="Nowhere")
    (folder / "lines.ndjson").write_text(f"{json.dumps(good)}\n{json.dumps(bad)}\n")
    result = tariffwire("events", "send", "lines.ndjson", at=service)
    assert result.exit_code == 1
    assert " ".join(result.stderr.split()).count("line 2: data.importer") == 1
    (folder / "gaps.ndjson").write_text(f"\n{json.dumps(good)}\n\n{json.dumps(bad)}\n")
    assert "line 4: data.importer" in tariffwire("events", "send", "gaps.ndjson", at=service).stderr
    (folder / "array.json").write_text(json.dumps([good, good, bad], indent=1))
    result = tariffwire("events", "send", "array.json", at=service)
    assert "event 3: data.importer" in result.stderr
    assert "line" not in result.stderr


def test_a_replay_is_history_unless_it_alerts(service, folder):
    given = [event(f"past-{number}") for number in range(1200)]
    (folder / "past.json").write_text(json.dumps(given))
    told = answer("replay", "past.json", at=service)
    assert (told["accepted"], told["handling"]) == (1200, "history")
    (folder / "more.json").write_text(json.dumps([event("loud")]))
    assert "as simulated" in tariffwire("replay", "more.json", "--alert", at=service).stdout
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        until_found(client, "/v1/events", outcome="history", limit=1)


def until_found(client, path, **query):
    """A page with something on it; the service has a minute to come to it."""
    for _ in range(600):
        found = client.get(path, params=query).json()["items"]
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(path)


def test_a_replay_that_is_refused_midway_says_how_far_it_came(service, folder):
    lines = [json.dumps(event(f"many-{number}")) for number in range(1001)]
    lines[1000] = json.dumps(event("broken", importer="Nowhere"))
    (folder / "many.ndjson").write_text("\n".join(lines))
    result = tariffwire("replay", "many.ndjson", at=service)
    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert "line 1001: data.importer" in said
    assert "the 1,000 events before these were sent" in said


def test_a_refusal_is_printed_once(service):
    result = tariffwire("why", "--to", "dst_nobody", "--about", "1", at=service)
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_measures_are_listed_and_a_list_that_is_cut_says_so(service):
    for name in ("listed-one", "listed-two"):
        given = json.dumps(event(name, programme="list-test"))
        answer("events", "send", "-", at=service, input=given)
        settled(service, f"br-test-{name}")
    words = ("measures", "list", "--importer", "Brazil", "--programme", "list-test")
    shown = tariffwire(*words, at=service).stdout
    assert "2 measures" in shown
    assert "br-test-listed-two" in shown
    cut = tariffwire(*words, "--limit", "1", at=service).stdout
    assert "1 measure (there are more: --limit)" in cut
    assert [one["key"] for one in answer(*words, at=service)] == [
        "br-test-listed-one",
        "br-test-listed-two",
    ]


def test_a_reader_who_must_confirm_is_announced_and_dates_are_told_ahead(service):
    words = ("subscriptions", "add", "--product", "8703", "--email", "waits@example.com")
    shown = tariffwire(*words, "--lead-time", "30", "--lead-time", "7", at=service)
    assert shown.exit_code == 0, shown.output
    assert "its reader is asked by mail to confirm first" in shown.stdout
    made = shown.stdout.split()[1]
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        assert client.get(f"/v1/subscriptions/{made}").json()["lead_times"] == [30, 7]


@pytest.mark.parametrize(
    ("number", "what", "said"),
    [
        (1, "catalogues", "1 catalogue"),
        (1, "deliveries", "1 delivery"),
        (1, "addresses", "1 address"),
        (1234, "mutes", "1,234 mutes"),
    ],
)
def test_one_is_no_plural(number, what, said):
    assert count(number, what) == said


def test_status_is_a_table_or_the_answer_itself(service):
    assert set(answer("status", at=service)["roles"].values()) == {True}
    shown = tariffwire("status", at=service).stdout
    lines = [line.split()[0] for line in shown.strip().splitlines() if "mail cannot" not in line]
    assert lines[1:] == [
        "source",
        "event",
        "change",
        "match",
        "delivery",
        "receipt",
        "secrets",  # are not sealed
    ]


def test_a_schema_is_made_and_made_again(folder):
    assert answer("migrate", at=None) == {"migrated": True, "made": []}
    assert tariffwire("migrate").exit_code == 0
    assert (folder / "tariffwire.db").exists()


@pytest.mark.parametrize("word", ["serve", "demo", "replay", "trigger", "listen", "quarantine"])
def test_each_command_explains_itself(word):
    shown = tariffwire(word, "--help")
    assert shown.exit_code == 0
    assert len(shown.stdout.split()) > 20


def test_the_year_is_told_by_day():
    """What `demo` relies on: the year comes in the order in which it became known."""
    known = [one["knownfrom"][:10] for one in read_year()]
    assert known == sorted(known)


def test_a_measure_is_shown_by_any_of_the_three_clocks(service):
    answer(
        "events",
        "send",
        "-",
        at=service,
        input=json.dumps(event("clocks", effective_at="2024-12-01")),
    )
    settled(service, "br-test-clocks")
    words = ("measures", "show", "br-test-clocks")
    assert answer(*words, at=service)["standing"]["applied"]["said"] == "5 %"
    before = answer(*words, "--recorded", "2025-01-01", at=service)
    assert (before["standing"], before["history"]) == (None, [])
    assert answer(*words, "--known", "2025-01-01", at=service)["standing"] is None
    said = tariffwire(*words, at=service).stdout
    assert "in_force" in said
    assert "imposed 5 % (clocks)" in said
    said = tariffwire(*words, "--recorded", "2025-01-01", at=service).stdout
    assert "these books held nothing of it then" in said
    assert (
        "nothing was known"
        in tariffwire(*words, "--at", "2025-01-01", "--known", "2025-01-01", at=service).stdout
    )


def test_what_became_of_a_threat_is_shown_with_who_ended_it(service):
    threat = event(
        "threat", action="threatened", condition={"text": "unless", "deadline": "2025-05-01"}
    )
    law = event("done", realises={"source": threat["source"], "id": "threat"})
    lines = "".join(f"{json.dumps(one)}\n" for one in (threat, law))
    answer("events", "send", "-", at=service, input=lines)
    settled(service, "br-test-done")
    shown = tariffwire("measures", "show", "br-test-threat", at=service)
    said = shown.stdout
    assert "carried_out" in said, shown.output
    assert "5 % (threat): realised" in said
    assert "by done" in said


def settled(service, key):
    """Wait until the books have it."""
    for _ in range(100):
        if tariffwire("measures", "show", key, at=service).exit_code == 0:
            return
        time.sleep(0.1)
    raise AssertionError(key)
