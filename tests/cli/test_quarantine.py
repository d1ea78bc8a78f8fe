"""Setting aside by hand what stops a partition."""

import json
from contextlib import aclosing

import httpx
import pytest

from service.cli.exits import Exit
from service.log import Record, open_log
from service.runtime import utc_now
from tests.cli.processes import Service, tariffwire


@pytest.fixture
async def offsets(folder) -> list[str]:
    """Where two records stand that nobody has read; the first is to go."""
    async with open_log(f"sqlite:///{folder}/tariffwire-log.db", utc_now) as log:
        await log.append("tariffs", [Record("a", b'{"poison": 1}'), Record("b", b"{}")])
        async with aclosing(log.follow(["tariffs"], _from_the_start)) as batches:
            return [str(one.offset) for one in (await anext(batches)).records]


async def _from_the_start(_topic, _partition):
    return None


def test_a_record_is_set_aside_with_its_bytes_and_the_service_goes_on(offsets, folder):
    assert tariffwire("quarantine", "tariffs", "0", offsets[0]).exit_code == Exit.OK
    service = Service(folder)
    try:
        with httpx.Client(base_url=service.url, trust_env=False) as client:
            held = client.get(f"/v1/quarantine/tariffs-0-{offsets[0]}").json()
            assert held["preview"] == '{"poison": 1}'
            assert "by hand" in held["reason"]
    finally:
        service.stop()


def test_only_the_record_that_is_next_can_be_set_aside(offsets):
    first, second = offsets
    result = tariffwire("quarantine", "tariffs", "0", second)
    assert result.exit_code == Exit.DATA
    assert f"stands at offset {first}" in " ".join(result.stderr.split())
    found = tariffwire("quarantine", "tariffs", "0", first, "--json")
    assert json.loads(found.stdout) == {"quarantined": f"tariffs-0-{first}"}
    assert tariffwire("quarantine", "tariffs", "0", second).exit_code == Exit.OK
    ended = tariffwire("quarantine", "tariffs", "0", second)
    assert ended.exit_code == Exit.DATA
    assert "read to its end" in " ".join(ended.stderr.split())


def test_a_topic_that_is_none_is_named(folder):
    result = tariffwire("quarantine", "tarifs", "0", "0")
    assert result.exit_code == Exit.DATA
    assert "tariffs, negotiations" in " ".join(result.stderr.split())


def test_the_service_must_not_run_meanwhile(folder):
    service = Service(folder)
    try:
        assert tariffwire("quarantine", "tariffs", "0", "0").exit_code == Exit.SETUP
    finally:
        service.stop()
