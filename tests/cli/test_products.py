"""Goods by commands, on a running service: from a search to an alert that names a SKU."""

import json

import httpx
import pytest

from service.cli.exits import Exit
from tests.cli.processes import Process, tariffwire
from tests.cli.test_commands import answer, event, until_found

GOODS = "HS-Code;Artikelnummer;Bezeichnung\n8708.29;A-100;Roof rack\n8703.80;E-1;City car\n"


@pytest.fixture(scope="module")
def listener(service, tmp_path_factory):
    """A receiver of its own, that prints what arrives; with the id of its destination."""
    secret = "whsec_" + "Z29vZHMgb2YgdGhlIHJlY2VpdmVyIGluIHRlc3Rz"
    words = ("listen", "--port", "0", "--secret", secret, "--json")
    running = Process(*words, folder=tmp_path_factory.mktemp("listener"))
    url = running.wait_for("listening").split()[-1]
    made = answer("destinations", "add", "--url", url, "--secret", secret, at=service)
    yield running, made["id"]
    assert running.stop() == 0


def goods(folder, text=GOODS, encoding="utf-8"):
    path = folder / "parts.csv"
    path.write_text(text, encoding=encoding)
    return str(path)


def test_words_find_a_code_and_a_code_is_shown(service):
    assert answer("products", "search", "electric", "cars", at=service)["items"][0]["code"] == (
        "870380"
    )
    shown = tariffwire("products", "search", "cofee", at=service).stdout
    assert "read cofe as coffe" in shown
    assert "0901" in shown
    assert "87" in tariffwire("products", "search", "8799", at=service).stdout
    assert answer("products", "show", "8703", at=service)["level"] == "heading"
    place = tariffwire("products", "show", "8703.80", at=service).stdout
    assert "HS 2022" in place
    assert "subscriptions name it" in place
    refused = tariffwire("products", "show", "8799", at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "Did you mean" in refused.stderr


def test_groups_are_shown_by_the_day(service):
    listed = answer("groups", "list", "--on", "2020-01-31", at=service)["items"]
    assert {one["code"]: one["members"] for one in listed}["EU"] == 28
    assert "ASEAN" in tariffwire("groups", "list", at=service).stdout
    assert "former" in tariffwire("groups", "show", "EU", "--on", "2021-01-01", at=service).stdout
    assert answer("groups", "show", "EU", "--on", "2021-01-01", at=service)["former"]


def test_an_alert_names_the_goods_of_an_uploaded_catalogue(service, listener, tmp_path):
    running, destination = listener
    path = goods(tmp_path, encoding="utf-16")
    stored = tariffwire("catalogues", "upload", path, "--name", "parts", at=service)
    assert "stored parts: 2 goods under 2 codes (utf-16)" in stored.stdout
    words = ("--catalogue", "parts", "--importer", "BR", "--destination", destination)
    made = answer("subscriptions", "add", *words, at=service)
    assert made["lanes"] == [{"importer": "BR", "product": {"catalogue": "parts"}}]
    assert "of catalogue parts" in tariffwire("subscriptions", "list", at=service).stdout
    about = event("sku", product={"scope": "codes", "include": ["8708"]})
    (tmp_path / "one.json").write_text(json.dumps(about))
    answer("events", "send", str(tmp_path / "one.json"), at=service)
    told = running.read_json()
    assert told["body"]["data"]["summary"].endswith(" It concerns your A-100 Roof rack.")
    assert told["body"]["data"]["matched"][0]["concerns"]["count"] == 1
    answer("subscriptions", "rm", made["id"], at=service)


def test_a_bad_row_stores_nothing_unless_it_is_left_out(service, tmp_path):
    path = goods(tmp_path, "code,sku,price\n8703,A,1\n101.21,B,2\n")
    words = ("catalogues", "upload", path, "--name", "bad")
    refused = tariffwire(*words, at=service)
    assert refused.exit_code == Exit.REFUSED
    assert "line 3" in refused.stderr
    assert "0101.21" in refused.stderr
    stored = tariffwire(*words, "--skip-bad", at=service).stdout
    assert "1 rows left out" in stored
    assert "ignored columns price" in stored
    assert "bad" in [one["name"] for one in answer("catalogues", "list", at=service)]
    assert "bad" in tariffwire("catalogues", "list", at=service).stdout
    assert tariffwire("catalogues", "rm", "bad", at=service).stdout == "removed bad\n"
    assert answer(*words, "--skip-bad", at=service)["skipped_count"] == 1
    assert answer("catalogues", "rm", "bad", at=service) == {"removed": "bad"}


def test_codes_are_loaded_told_and_decided(service, listener, tmp_path):
    running, destination = listener
    product = ("--product", "HTS 8703.23.01", "--destination", destination)
    made = answer("subscriptions", "add", *product, at=service)["id"]
    path = tmp_path / "codes.csv"
    path.write_text("old,new\n8703.23.01,8703.23.02\n")
    words = ("codes", "load", str(path), "--nomenclature", "HTS", "--effective", "2125-07-01")
    assert "1 rows, from 2125-07-01" in tariffwire(*words, at=service).stdout
    told = running.read_json()["body"]
    assert (told["type"], told["subject"]) == ("tariffwire.code.changed", f"subscription:{made}")
    (loaded,) = answer("codes", "list", at=service)
    assert loaded["rows"] == 1
    assert "2125-07-01" in tariffwire("codes", "list", at=service).stdout
    (change,) = answer("subscriptions", "code-changes", made, at=service)
    assert change["word"] == "open"
    shown = tariffwire("subscriptions", "code-changes", made, at=service).stdout
    assert "87032301 → 87032302" in shown
    done = tariffwire("subscriptions", "accept-codes", made, "--reason", "yes", at=service)
    assert done.stdout == f"accepted {loaded['id']}\n"
    again = ("subscriptions", "decline-codes", made, "--correlation", loaded["id"])
    assert answer(*again, at=service)["word"] == "declined"
    assert answer(*words, at=service)["id"] == loaded["id"]
    with httpx.Client(base_url=service.url, trust_env=False) as client:
        deeds = [one["action"] for one in until_found(client, "/v1/audit", order="newest")]
    assert deeds[:2] == ["decline_codes", "accept_codes"]
