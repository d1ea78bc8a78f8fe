"""What is never dialled, however it is spelled and whatever a name says; and what is opened."""

import asyncio
import re
import socket
import threading
from contextlib import ExitStack
from ipaddress import ip_address

import pytest

from service.core.destination.address import BadAddress, Egress
from service.core.destination.network import read_network
from service.dispatch.http import WebhookSender
from tests.dispatch.http.misbehaving import OK, misbehaving, says
from tests.receivers import Answer, http_receiver

THANKS = says(OK + b"content-length: 0\r\n\r\n")

_ADDRESSES = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1
127.1.2.3 127.255.255.255 168.63.129.16 169.254.0.1 169.254.169.254 169.254.170.2 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 192.168.255.255
198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255
:: ::1 ::2 ::127.0.0.1 ::10.0.0.1 ::ffff:0.0.0.0 ::ffff:10.0.0.1 ::ffff:127.0.0.1
::ffff:169.254.169.254 ::ffff:0:127.0.0.1 64:ff9b::a00:1 64:ff9b::127.0.0.1 64:ff9b:1::1 100::1
2001::1 2001:0:a00:1:: 2001:2::1 2001:10::1 2001:db8::1 2002:7f00:1:: 2002:a00:1::
2002:a9fe:a9fe:: 3fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 fe80::1%lo
febf::1 fec0::1 ff02::1 ff0e::1
"""
ADDRESSES = _ADDRESSES.split()

_SPELLINGS = """
http://2130706433/ http://0x7f000001/ http://017700000001/ http://0x7f.1/ http://127.1/
http://127.0.1/ http://0177.0.0.1/ http://0x7f.0x0.0x0.0x1/ http://127.0.0.0x1/
http://127.000.000.001/
http://00000177.0.0.1/ http://4294967296/ http://0/ http://0x0/ http://0.0.0.0/ http://127.0.0.1./
http://10.0.0.1:80/ http://10.1/ http://0xa.1/ http://167772161/ http://012.0.0.1/
http://3232235521/
http://2852039166/ http://0xA9FEA9FE/ http://0251.0376.0251.0376/ http://169.254.43518/
http://[::ffff:127.0.0.1]/ http://[::ffff:7f00:1]/ http://[0:0:0:0:0:ffff:7f00:0001]/
http://[::127.0.0.1]/ http://[::ffff:0:127.0.0.1]/ http://[64:ff9b::7f00:1]/
http://[64:ff9b:1::7f00:1]/
http://[2002:7f00:1::]/ http://[2001:0:7f00:1::]/ http://[fe80::1%25lo]/ http://[fe80::1%lo]/
http://[::1%lo]/ http://[::]/ http://[::1]/ http://[0000::0001]/ http://[fd00:ec2::254]/
http://１２７.０.０.１/ http://127。0。0。1/ http://①②⑦.⓪.⓪.①/ http://１６９.２５４.１６９.２５４/
http://localhost/ http://LOCALHOST/ http://localhost./ http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/ http://ｌｏｃａｌｈｏｓｔ/
http://a.localhost/ http://xn--/ http://127.0.0.1:22/ http://example.com:22/
http://example.com:6379/
http://user@127.0.0.1/ http://user:pw@example.com/ http://example.com@127.0.0.1/
http://127.0.0.1?@example.com/ http://127.0.0.1#@example.com/ http://example.com\\@127.0.0.1/
http:127.0.0.1/ http:/127.0.0.1/ http:///127.0.0.1/ //127.0.0.1/ file:///etc/passwd
gopher://127.0.0.1/ ftp://127.0.0.1/ http://127.0.0.1%2f.example.com/ http://%31%32%37.0.0.1/
http://[::1]:80:80/ http://[::1]x/ http://127.0.0.1:0x50/ http://127.0.0.1\tx/
http://loc\u00adalhost/
"""
SPELLINGS = re.split(r"[ \n]+", _SPELLINGS.strip())  # a tab is part of one


def test_the_tables_are_long_enough():
    assert len(set(ADDRESSES)) >= 51
    assert len(set(SPELLINGS)) >= 40


@pytest.mark.parametrize("ip", ADDRESSES)
async def test_an_address_is_refused_as_it_stands(parcel, dialled, ip):
    host = f"[{ip}]" if ":" in ip else ip
    async with WebhookSender() as sender:
        reply = await sender.send(parcel(f"http://{host}/hook"))
    assert reply.reason.startswith("refused to dial: ")
    assert (reply.accepted, reply.status, reply.ours, reply.peer) == (False, None, False, "")
    assert dialled == []


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("ip", ADDRESSES)
async def test_an_address_is_refused_when_a_name_leads_to_it(parcel, dialled, ip, scheme):
    async with WebhookSender(resolve=lambda _: ["9.9.9.9", ip]) as sender:
        reply = await sender.send(parcel(f"{scheme}://inner.example/hook"))
    assert reply.reason.startswith(
        f"refused to dial inner.example:{80 if scheme == 'http' else 443}"
    )
    assert reply.reason.endswith("TARIFFWIRE_ALLOW_NETWORKS opens networks of your own")
    assert ip in reply.reason
    assert dialled == []


@pytest.mark.parametrize("url", SPELLINGS)
async def test_a_spelling_is_refused(parcel, dialled, url):
    looked_up = []
    async with WebhookSender(
        resolve=lambda name: looked_up.append(name) or ["127.0.0.1"]
    ) as sender:
        reply = await sender.send(parcel(url))
    assert reply.reason.startswith("refused to dial")
    assert not reply.accepted
    assert dialled == []
    assert not set(looked_up) - {"xn--"}  # a name that may be asked for, and leads to this machine


@pytest.mark.parametrize("url", SPELLINGS)
async def test_allowing_loopback_opens_this_machine_alone(url):
    """What still passes then says so by itself, and is this machine."""
    try:
        passed = Egress(loopback_allowed=True).check(url)
    except BadAddress:
        return
    assert re.match(
        r"http://(127\.0\.0\.1|localhost|a\.localhost|xn--|\[::1\]|\[::ffff:7f00:1\])", passed
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
async def test_this_machine_is_refused_unless_allowed(parcel, host):
    async with http_receiver() as receiver, WebhookSender() as sender:
        reply = await sender.send(parcel(f"http://{host}:{receiver.port}/hook"))
        assert receiver.connections == 0
    assert reply.reason.startswith("refused to dial: the host ")
    assert "is this machine itself" in reply.reason


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[fe80::1]", "[64:ff9b::a00:1]"])
async def test_allowing_loopback_allows_nothing_else(sender, parcel, dialled, host):
    reply = await sender.send(parcel(f"http://{host}/hook"))
    assert reply.reason.startswith("refused to dial")
    assert dialled == []


async def test_a_name_of_this_machine_opens_no_port_elsewhere(parcel, dialled):
    async with WebhookSender(loopback_allowed=True, resolve=lambda _: ["9.9.9.9"]) as sender:
        reply = await sender.send(parcel("http://a.localhost:25/hook"))
    assert "9.9.9.9 is not this machine, and port 25 is none of 80, 443, 8080" in reply.reason
    assert dialled == []


async def test_a_network_is_opened_and_nothing_beside_it(parcel, dialled):
    async with misbehaving(THANKS, host="127.0.0.2") as receiver:
        opened = {"networks": (read_network("127.0.0.2"),), "ports": {receiver.port}}
        async with WebhookSender(**opened) as sender:
            into = await sender.send(parcel(f"http://127.0.0.2:{receiver.port}/"))
            beside = await sender.send(parcel(f"http://127.0.0.1:{receiver.port}/"))
            other_port = await sender.send(parcel("http://127.0.0.2/"))
            name = await sender.send(parcel(f"http://localhost:{receiver.port}/"))
    assert into.accepted
    assert {one.reason[:15] for one in (beside, other_port, name)} == {"refused to dial"}
    assert set(dialled) == {"127.0.0.2"}


@pytest.mark.parametrize("ip", ADDRESSES)
@pytest.mark.parametrize(
    "network", ["10.0.0.0/8", "fd00::/16", "169.254.169.254/32", "64:ff9b::/96"]
)
def test_an_open_network_opens_just_what_it_names(ip, network):
    """As it is dialled, and as it is checked when the URL is given."""
    opened = Egress(networks=(read_network(network),))
    address = ip_address(ip.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    is_named = address in read_network(network)
    assert (opened.refusal(ip, 443) is None) == is_named
    try:
        opened.check(f"https://[{ip}]/" if ":" in ip else f"https://{ip}/")
    except BadAddress:
        assert not is_named
    else:
        assert is_named


async def test_a_name_in_an_open_network_is_dialled_where_all_its_addresses_are(parcel, dialled):
    said = [["127.0.0.2"], ["127.0.0.2", "127.0.0.3"]]
    async with misbehaving(THANKS, host="127.0.0.2") as receiver:
        opened = {"networks": (read_network("127.0.0.2"),), "ports": {receiver.port}}
        async with WebhookSender(**opened, resolve=lambda _: said.pop(0)) as sender:
            first = await sender.send(parcel(f"http://a.example:{receiver.port}/"))
            second = await sender.send(parcel(f"http://b.example:{receiver.port}/"))
    assert first.accepted
    assert "127.0.0.3 lies in 127.0.0.0/8" in second.reason
    assert dialled == ["127.0.0.2"]


async def test_a_name_that_says_something_else_the_next_time_gains_nothing(parcel, dialled):
    """What was judged is dialled; there is no look-up between the two."""
    said = [["127.0.0.2"], ["127.0.0.1"], ["169.254.169.254"]]
    answer = OK + b"connection: close\r\ncontent-length: 0\r\n\r\n"
    async with misbehaving(says(answer), host="127.0.0.2") as receiver:
        opened = {"networks": (read_network("127.0.0.2"),), "ports": {receiver.port}}
        async with WebhookSender(**opened, resolve=lambda _: said.pop(0)) as sender:
            replies = [
                await sender.send(parcel(f"http://changing.example:{receiver.port}/"))
                for _ in range(3)
            ]
    assert [reply.accepted for reply in replies] == [True, False, False]
    assert replies[0].peer == f"127.0.0.2:{receiver.port}"
    assert (set(dialled), said) == ({"127.0.0.2"}, [])


async def test_a_redirect_into_the_network_is_not_followed(sender, parcel, dialled):
    async with http_receiver(Answer.redirect("http://169.254.169.254/")) as receiver:
        reply = await sender.send(parcel(receiver.url))
    assert reply.status == 302
    assert dialled == ["127.0.0.1"]


async def test_the_next_address_is_tried_where_one_does_not_answer(parcel, dialled):
    async with misbehaving(THANKS) as receiver:
        tried = ["127.0.0.9", "127.0.0.1"]
        async with WebhookSender(loopback_allowed=True, resolve=lambda _: tried) as sender:
            reply = await sender.send(parcel(f"http://localhost:{receiver.port}/"))
    assert (reply.accepted, reply.peer) == (True, f"127.0.0.1:{receiver.port}")
    assert dialled == ["127.0.0.9", "127.0.0.1"]
    assert list(reply.timings) == ["dns", "connect", "first_byte", "total"]


async def test_an_address_that_hangs_takes_only_its_share_of_the_time(parcel):
    async with misbehaving(THANKS) as receiver:
        with ExitStack() as stack:
            deaf = stack.enter_context(socket.socket())
            deaf.bind(("127.0.0.9", receiver.port))
            deaf.listen(0)
            for _ in range(3):  # its queue is full, and it never accepts
                filler = stack.enter_context(socket.socket())
                filler.setblocking(False)
                filler.connect_ex(deaf.getsockname())
            tried = {"resolve": lambda _: ["127.0.0.9", "127.0.0.1"], "loopback_allowed": True}
            async with WebhookSender(**tried, deadline=2) as sender:
                reply = await sender.send(parcel(f"http://localhost:{receiver.port}/"))
    assert (reply.accepted, reply.peer) == (True, f"127.0.0.1:{receiver.port}")


async def test_a_name_server_that_hangs_delays_nobody_else(parcel):
    asked, go_on = [], threading.Event()

    def resolve(name):
        asked.append(name)
        if name == "stuck.example":
            go_on.wait()
        return ["127.0.0.1"]

    async with misbehaving(THANKS) as receiver:
        opened = {"networks": (read_network("127.0.0.1"),), "ports": {receiver.port}}
        async with WebhookSender(**opened, resolve=resolve, deadline=0.5) as sender:
            names = ["stuck.example"] * 3 + ["well.example"]
            urls = [f"http://{name}:{receiver.port}/" for name in names]
            *late, well = await asyncio.gather(*(sender.send(parcel(url)) for url in urls))
    go_on.set()
    words = f"the name of stuck.example:{receiver.port} was not resolved within 0.5 s"
    words += ": look at our name server"
    assert {(one.reason, one.peer, one.ours) for one in late} == {(words, "", False)}
    assert well.accepted
    assert sorted(asked) == ["stuck.example", "well.example"]
