"""A rumour, its denial, a threat and its law: who hears of which, and what proves it later."""

import json
import zipfile
from datetime import timedelta
from io import BytesIO

from service.core.proof.bundle import verify_bundle
from tests.journey.running import body_of, path_at

SOURCE = "https://press.example/wire"


def said(name, action, certainty, **data):
    fixed = {
        "measure": "us-cars-mx",
        "importer": "US",
        "origin": {"kind": "country", "members": ["MX"]},
        "product": {"scope": "codes", "include": ["8703"]},
        "duty": {"components": [{"kind": "ad_valorem", "amount": "25"}]},
        "action": action,
        "certainty": certainty,
    }
    event = {"specversion": "1.0", "id": name, "source": SOURCE, "type": "tariff.measure"}
    return event | {"data": fixed | data}


def verdict(name, about, said):
    about = {"source": SOURCE, "id": about}
    data = {"about": about, "verdict": said, "certainty": "official_statement"}
    return {"specversion": "1.0", "id": name, "source": SOURCE, "type": "claim.assessed"} | {
        "data": data
    }


def heard(receiver, name):
    """cause → the alert's data, in the order of its arrival."""
    alerts = [body_of(one)["data"] for one in receiver.requests if one.path == f"/{name}"]
    return {one["cause"]["id"]: one for one in alerts}


async def test_who_hears_the_first_hears_the_second_and_can_prove_both(service, receiver):
    hasty = await service.subscribe(
        url=path_at(receiver, "hasty"), country="MX", kinds=["claim_made", "threat_issued"]
    )
    await service.subscribe(
        url=path_at(receiver, "careful"), country="MX", min_certainty="announced"
    )
    law = {"effective_at": "2025-04-03T04:01:00Z", "announced_at": "2025-03-26"}
    realises = {"source": SOURCE, "id": "threat"}
    for event in (
        said("rumour", "imposed", "rumour"),
        verdict("no", "rumour", "denied"),
        said("threat", "threatened", "official_statement", announced_at="2025-03-24"),
        said("law", "imposed", "instrument", realises=realises, **law),
    ):
        await service.send(event)
        await service.settle()
    told = heard(receiver, "hasty")
    assert list(told) == ["rumour", "no", "threat", "law"]
    assert told["no"]["previous_alert"] == told["rumour"]["delivery"]
    assert told["law"]["previous_alert"] == told["threat"]["delivery"]
    assert told["law"]["matched"][0]["lane"] == 0
    assert told["law"]["matched"][0]["reason"].endswith("of the threat that this carries out")
    assert "Threatened on 24 Mar 2025, now law." in told["law"]["summary"]
    assert list(heard(receiver, "careful")) == ["law"]
    await _prove(service, receiver, hasty["id"])


async def test_a_mail_can_be_proved_too(service, smtp):
    made = await service.subscribe(country="MX", email="desk@importer.example")
    await service.send(said("law", "imposed", "instrument"))
    await service.settle()
    (mail,) = smtp.mails
    with zipfile.ZipFile(BytesIO(await _fetch(service, made["id"]))) as files:
        (line,) = map(json.loads, files.read("alerts/00001.jsonl").splitlines())
    assert (line["is_as_sent"], line["destination"]["kind"]) == (True, "email")
    assert line["body"].encode() == mail.content


async def _fetch(service, subscription):
    """Of the days around this one, for it may end meanwhile."""
    today, day = service.watch().date(), timedelta(days=1)
    span = {"from": str(today - day), "to": str(today + day)}
    answer = await service.api.get(f"/v1/subscriptions/{subscription}/evidence", params=span)
    assert answer.status_code == 200, answer.text
    return answer.content


async def _prove(service, receiver, subscription):
    """The bundle has what came over the wire, byte for byte, and anybody can check it."""
    raw = await _fetch(service, subscription)
    keys = await service.ask("/.well-known/tariffwire/evidence-keys.json")
    trusted = [one["whpk"] for one in keys["keys"]]
    assert verify_bundle(lambda at, size: raw[at : at + size], len(raw), trusted).findings == ()
    with zipfile.ZipFile(BytesIO(raw)) as files:
        lines = files.read("alerts/00001.jsonl").splitlines()
    bodies = [json.loads(line)["body"].encode() for line in lines]
    assert bodies == [one.body for one in receiver.requests if one.path == "/hasty"]
