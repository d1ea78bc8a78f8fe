"""Bundles on the command line: written by a service, verified offline, tampered ones named."""

import json
import zipfile

import pytest

from service.core.proof.signing import private_from, public_of
from tests.cli.processes import tariffwire
from tests.cli.test_commands import answer

SPAN = ("--from", "2025-04-09", "--to", "2025-04-10")
NOBODY = public_of(private_from(bytes(32)))


@pytest.fixture(scope="module")
def subscription(service):
    words = ("subscriptions", "add", "--importer", "US", "--origin", "Chile", "--name", "proof")
    made = answer(*words, "--url", "https://proof.example/hook", at=service)
    return made["id"]


@pytest.fixture
def bundle(service, subscription, folder):
    file = folder / "bundle.zip"
    written = tariffwire("evidence", subscription, *SPAN, "--out", str(file), at=service)
    assert written.exit_code == 0, written.output
    assert "it holds" in written.stdout
    return file


def test_a_bundle_is_written_and_holds(service, subscription, bundle, folder):
    assert sorted(one.name for one in folder.iterdir()) == ["bundle.zip"]
    found = answer("evidence", "verify", str(bundle), "--fetch", at=service)
    assert (found["holds"], found["is_compared"], found["findings"]) == (True, True, [])
    assert found["about"]["subscription"] == subscription


def test_it_goes_into_the_working_folder_if_no_file_is_named(service, subscription, folder):
    result = tariffwire("evidence", "write", subscription, *SPAN, at=service)
    assert result.exit_code == 0, result.output
    assert [one.name for one in folder.iterdir()] == [f"evidence-{subscription}.zip"]


def test_verifying_needs_no_service_and_says_that_no_key_was_compared(bundle):
    result = tariffwire("evidence", "verify", str(bundle), "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["is_compared"]) == (0, False)
    said = tariffwire("evidence", "verify", str(bundle)).stdout
    assert f"signed by {found['key']}" in said
    assert "compared with no key you trust" in said
    trusted = tariffwire("evidence", "verify", str(bundle), "--key", found["key"])
    assert trusted.exit_code == 0
    assert "compared with no key" not in trusted.stdout


def test_one_of_another_key_is_not_trusted(bundle):
    result = tariffwire("evidence", "verify", str(bundle), "--key", NOBODY)
    assert result.exit_code == 5
    assert "signature.json: it was made with whpk_" in result.stdout
    assert NOBODY in result.stdout


def test_what_was_altered_is_named(bundle):
    raw = bundle.read_bytes()
    with zipfile.ZipFile(bundle) as found:
        rule = found.read("subscription.json")
    bundle.write_bytes(raw.replace(rule, rule.replace(b'"versions"', b'"verdicts"')))
    result = tariffwire("evidence", "verify", str(bundle))
    assert result.exit_code == 5
    assert "subscription.json: it was signed as" in result.stdout
    assert "it does not hold" in result.stdout


def test_what_cannot_be_written_or_read_is_said(service, subscription, folder):
    absent = tariffwire("evidence", "verify", str(folder / "none.zip"))
    assert absent.exit_code == 5
    assert "none.zip cannot be read: No such file" in absent.output
    nowhere = folder / "none" / "x.zip"
    result = tariffwire("evidence", subscription, *SPAN, "--out", str(nowhere), at=service)
    assert result.exit_code == 5
    assert "cannot be written: No such file" in result.output


def test_a_refusal_leaves_no_file_behind(service, folder):
    result = tariffwire("evidence", "sub_nobody", *SPAN, at=service)
    assert result.exit_code == 1
    assert "nothing is known of a subscription" in result.output
    assert list(folder.iterdir()) == []
