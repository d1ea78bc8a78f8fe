"""Mails as a mail program reads them, taken by a real SMTP server."""

import asyncio
from email.utils import parseaddr
from html.parser import HTMLParser

from tests.journey.running import PATIENCE, letter_of, measure, text_of

STEPS = [
    measure("eo-14257", "us-cn", 34, action="imposed", announced_at="2025-04-02"),
    measure("eo-14259", "us-cn", 84),
    measure(
        "eo-14266",
        "us-cn",
        125,
        announced_at="2025-04-09",
        effective_at="2025-04-10T00:01:00-04:00",
        instrument={"kind": "executive_order", "number": "14266", "url": "https://law.example/14266"},
    ),
]  # fmt: skip


async def tell(service, smtp, *events):
    """Each event on its own, so that the mails come in their order."""
    await service.subscribe(name="our desk", country="CN", email="desk@importer.example")
    for count, event in enumerate(events, start=1):
        await service.send(event)
        await smtp.wait_for(count)
    return [letter_of(mail) for mail in smtp.mails]


async def test_a_mail_goes_from_us_to_the_subscriber(service, smtp):
    (letter,) = await tell(service, smtp, STEPS[0])
    (mail,) = smtp.mails
    assert (mail.sender, mail.recipient) == ("desk@alerts.example", "desk@importer.example")
    assert parseaddr(letter["from"]) == ("Tariff desk", "desk@alerts.example")
    assert letter["to"] == "desk@importer.example"
    assert letter["auto-submitted"] == "auto-generated"


async def test_the_subject_and_the_first_line_say_old_and_new(service, smtp):
    letter = (await tell(service, smtp, *STEPS))[-1]
    assert "84 % → 125 %" in letter["subject"]
    first = text_of(smtp.mails[-1]).splitlines()[0]
    assert first.startswith(
        "US duty on goods of China: 84 % → 125 % from 10 Apr 2025 00:01 New York."
    )
    assert "Law: EO 14266." in first


async def test_the_mails_about_one_measure_are_one_thread(service, smtp):
    first, second, third = await tell(service, smtp, *STEPS)
    assert first["in-reply-to"] is None
    assert second["in-reply-to"] == second["references"] == first["message-id"]
    assert third["in-reply-to"] == second["message-id"]
    assert len({first["message-id"], second["message-id"], third["message-id"]}) == 3


async def test_another_measure_is_another_thread(service, smtp):
    _, other = await tell(service, smtp, STEPS[0], measure("other", "us-cn-other", 10))
    assert other["in-reply-to"] is None


async def test_text_and_html_say_the_same(service, smtp):
    letter = (await tell(service, smtp, *STEPS))[-1]
    assert letter.get_content_type() == "multipart/alternative"
    text, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
    page = Page()
    page.feed(html)
    title, said = page.shown.split("\n", 1)
    assert title == letter["subject"]
    assert words_of(said) == words_of(text)
    assert {"https://law.example/14266", "Announced", "Critical", "desk"} < set(words_of(said))


def words_of(text):
    """The words without the marks that stand for headings, tables and lists."""
    return [bare for word in text.split() if (bare := word.strip(':"*-'))]


class Page(HTMLParser):
    """What the HTML part shows, each link followed by its address."""

    def __init__(self):
        super().__init__()
        self.shown = ""
        self._address = ""
        self._is_style = False

    def handle_starttag(self, tag, attrs):
        self._is_style = tag == "style"
        self._address = dict(attrs).get("href", self._address)

    def handle_endtag(self, tag):
        self._is_style = False
        self.shown += {"a": f" {self._address} ", "title": "\n"}.get(tag, "")

    def handle_data(self, data):
        if self._is_style:
            return
        self.shown += f" {data.strip()}" if self.shown else data.strip()


async def test_a_mail_that_the_server_puts_off_comes_later_unchanged(service, smtp):
    smtp.data.append("451 try again later")
    await service.subscribe(country="CN", email="desk@importer.example")
    await service.send(STEPS[0])
    await service.attempted(1)
    service.watch.advance(seconds=10)
    delivery = await service.attempted(2)
    assert [one["status"] for one in delivery["attempted"]] == [451, 250]
    (mail,) = smtp.mails
    assert letter_of(mail)["message-id"] == f"<{delivery['id']}@alerts.example>"
    sent = delivery["attempted"][0]["request"]
    assert (sent["from"], sent["to"]) == (mail.sender, "desk@importer.example")
    assert sent["relay"] == f"127.0.0.1:{smtp.port}"
    assert sent["body"]["bytes"] > 1000


async def test_a_test_says_so_before_anything_else(service, smtp):
    (letter,) = await tell(service, smtp, STEPS[0] | {"handling": "test"})
    assert letter["subject"].startswith("[TEST] ")
    assert text_of(smtp.mails[0]).startswith("*** TEST: nothing has changed ***")


async def test_a_mail_still_under_way_when_its_lease_ends_is_not_sent_beside_itself(service, smtp):
    """As when the machine slept, or the relay took its time."""
    smtp.stall = 1.0
    await service.subscribe(country="CN", email="desk@importer.example")
    await service.send(STEPS[0])
    async with asyncio.timeout(PATIENCE):
        while not smtp.busy:  # noqa: ASYNC110 - the receiver rings no bell for it
            await asyncio.sleep(0.01)
    service.watch.advance(seconds=3600)
    delivery = await service.attempted(1)
    await service.settle()
    assert (len(smtp.mails), smtp.busiest, delivery["state"]) == (1, 1, "delivered")
