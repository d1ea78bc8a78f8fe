"""Mail from end to end: accepted by a real SMTP server, read back over IMAP, answered, returned."""

import asyncio
from smtplib import SMTP

import httpx
import pytest

from service.runtime.clock import read_bounces
from tests.journey.running import PATIENCE, run_service
from tests.journey.test_mails import STEPS, measure
from tests.mailserver import mail_server

BASE = "https://wire.example"
EMAIL = "desk@importer.example"


@pytest.fixture
def post():
    with mail_server() as server:
        yield server


@pytest.fixture
async def service(new_place, post):
    """Readers are asked first; pages are reached under a public name."""
    more = {
        "opt_in": "on",
        "public_url": BASE,
        "mail_return": "bounce@alerts.example",
        "bounce_imap": post.url,
    }
    async with run_service(new_place(), post, **more) as running:
        yield running


def at_home(service, url):
    """The public name leads here."""
    assert url.startswith(f"{BASE}/")
    return service.runtime.address + url.removeprefix(BASE)


def link_in(mail, page):
    """As a reader finds it in the plain text."""
    text = mail.get_body(("plain",)).get_content()
    return next(word for word in text.split() if word.startswith(f"{BASE}/m/{page}/"))


async def visit(service, method, url, **more):
    """As a stranger: no key, no cookie."""
    async with httpx.AsyncClient(timeout=PATIENCE) as stranger:
        answer = await stranger.request(method, at_home(service, url), **more)
    assert answer.status_code == 200, answer.text
    return answer


async def confirmed(service, post):
    """Subscribe, be asked, and say yes."""
    await service.subscribe(name="our desk", country="CN", email=EMAIL)
    (asked,) = await post.wait_for(1)
    await visit(service, "POST", link_in(asked, "confirm"))
    return asked


async def test_a_reader_is_asked_first_and_then_told_all_that_was_held(service, post):
    await service.subscribe(name="our desk", country="CN", email=EMAIL)
    await service.send(*STEPS[:2])
    (asked,) = await post.wait_for(1)
    assert asked["Subject"] == "Please confirm: tariff alerts to this address"
    assert asked["To"] == EMAIL
    assert "our desk" in asked.get_body(("plain",)).get_content()
    link = link_in(asked, "confirm")
    assert link in asked.get_body(("html",)).get_content()
    await visit(service, "GET", link)  # as a scanner does
    await service.settle()
    states = {one["state"] for one in (await service.ask("/v1/deliveries"))["items"]}
    assert states == {"held"}
    await visit(service, "POST", link)
    mails = await post.wait_for(3)
    assert ["duty on goods of China" in one["Subject"] for one in mails] == [False, True, True]
    (destination,) = (await service.ask("/v1/destinations"))["items"]
    assert destination["state"] == "active"


async def test_what_is_read_back_is_whole(service, post):
    await confirmed(service, post)
    for count, step in enumerate(STEPS, start=2):
        await service.send(step)
        await post.wait_for(count)
    _, first, second, third = await post.wait_for(4)
    ids = [one["Message-ID"] for one in (first, second, third)]
    assert first["In-Reply-To"] is None
    assert (second["In-Reply-To"], second["References"].split()) == (ids[0], ids[:1])
    assert (third["In-Reply-To"], third["References"].split()) == (ids[1], ids[:2])
    assert third.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in third.iter_parts()] == ["text/plain", "text/html"]
    assert third["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert third["List-Unsubscribe"] == f"<{link_in(third, 'unsubscribe')}>"
    assert third["Auto-Submitted"] == "auto-generated"
    assert "84 % → 125 %" in third["Subject"]
    assert "84 % → 125 %" in third.get_body(("plain",)).get_content().splitlines()[0]
    (forward,) = {
        word for word in third.get_body(("plain",)).get_content().split() if f"{BASE}/a/" in word
    }
    page = await visit(service, "GET", forward)
    assert "84 % → 125 %" in page.text
    assert EMAIL not in page.text


async def test_one_click_ends_it(service, post):
    await confirmed(service, post)
    await service.send(STEPS[0])
    (_, mail) = await post.wait_for(2)
    url = mail["List-Unsubscribe"].strip("<>")
    await visit(service, "GET", url)
    (destination,) = (await service.ask("/v1/destinations"))["items"]
    assert destination["state"] == "active"
    await visit(service, "POST", url, data={"List-Unsubscribe": "One-Click"})
    await service.send(*STEPS[1:])
    await service.settle()
    assert len(await post.wait_for(2)) == 2
    (destination,) = (await service.ask("/v1/destinations"))["items"]
    assert destination["state"] == "unsubscribed"
    assert len((await service.ask("/v1/deliveries"))["items"]) == 1


def report(mail, said):
    """What the server of a dead address sends back, by RFC 3464."""
    identity = mail["Message-ID"].strip("<>").partition("@")[0]
    return (
        "From: MAILER-DAEMON@mx.importer.example\r\nSubject: Undelivered\r\n"
        f"To: bounce+{identity}@alerts.example\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="cut"\r\n\r\n'
        "--cut\r\n\r\nWe are sorry.\r\n--cut\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.importer.example\r\n\r\nFinal-Recipient: rfc822; {EMAIL}\r\n"
        f"Action: failed\r\nStatus: {said[4:9]}\r\nDiagnostic-Code: smtp; {said}\r\n"
        f"\r\n--cut\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Message-ID: {mail['Message-ID']}\r\n--cut--\r\n"
    )


def hand_in(post, *letters):
    with SMTP("127.0.0.1", post.port) as client:
        for letter in letters:
            client.sendmail("", ["bounce@alerts.example"], letter)


async def test_a_mail_that_comes_back_is_bounced_and_its_address_left_alone(service, post):
    await confirmed(service, post)
    await service.send(STEPS[0])
    (_, mail) = await post.wait_for(2)
    junk = "Subject: you have won\r\n\r\nClick here"
    away = f"In-Reply-To: {mail['Message-ID']}\r\nAuto-Submitted: auto-replied\r\n\r\nI am away"
    letters = [junk, away, report(mail, "550 5.1.1 user unknown")]
    await asyncio.to_thread(hand_in, post, *letters)
    await post.wait_for(5)
    assert await read_bounces(service.runtime) == 1
    assert await read_bounces(service.runtime) == 0
    assert await asyncio.to_thread(post.count_unseen) == 0
    (delivery,) = (await service.ask("/v1/deliveries"))["items"]
    assert delivery["state"] == "bounced"
    assert delivery["reason"] == "it came back later: smtp; 550 5.1.1 user unknown"
    assert (await service.ask("/v1/deliveries", state="delivered"))["items"] == []
    assert len((await service.ask("/v1/deliveries", state="bounced"))["items"]) == 1
    (suppressed,) = (await service.ask("/v1/suppressions"))["items"]
    assert suppressed["address"] == EMAIL
    await service.send(STEPS[1])
    await service.settle()
    states = [one["state"] for one in (await service.ask("/v1/deliveries"))["items"]]
    assert states == ["bounced", "held"]
    await service.api.delete(f"/v1/suppressions/{EMAIL}")
    assert "84 %" in (await post.wait_for(6))[-1]["Subject"]


async def test_policy_and_a_full_mailbox_bounce_one_mail_and_no_address(service, post):
    await confirmed(service, post)
    await service.send(STEPS[0], measure("other", "us-cn-other", 10))
    _, *mails = await post.wait_for(3)
    said = ["550 5.7.1 refused by policy", "552 5.2.2 over quota"]
    letters = [report(mail, words) for mail, words in zip(mails, said, strict=True)]
    await asyncio.to_thread(hand_in, post, *letters)
    await post.wait_for(5)
    assert await read_bounces(service.runtime) == 2
    states = {one["state"] for one in (await service.ask("/v1/deliveries"))["items"]}
    assert states == {"bounced"}
    assert (await service.ask("/v1/suppressions"))["items"] == []
    (destination,) = (await service.ask("/v1/destinations"))["items"]
    assert destination["state"] == "active"
