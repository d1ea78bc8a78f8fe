"""Jobs: each period of each is done by one process, whatever fails."""

import asyncio

import pytest

from service.log import LogUnavailable
from service.roles import Pulse
from service.runtime import open_runtime
from service.runtime.clock import JOBS, SLACK, Job, do
from service.settings import Settings
from tests.books import Watch


@pytest.fixture
async def runtime(database_url, tmp_path):
    watch = Watch()
    settings = Settings(database_url=database_url, log_url=f"sqlite:///{tmp_path}/log.db", port=0)
    async with open_runtime(settings, watch) as opened:
        opened.pulses["clock"] = Pulse("clock")
        yield opened


def counting(seconds=60):
    done = []

    async def work(_runtime):
        done.append(1)

    return Job("count", seconds, work), done


async def test_of_many_processes_one_does_a_period(runtime):
    job, done = counting()
    answers = [await do(runtime, job, holder) for holder in ("one", "two", "three")]
    assert (answers, len(done)) == ([True, False, False], 1)


async def test_the_next_period_may_be_anothers(runtime):
    job, done = counting()
    assert await do(runtime, job, "one")
    runtime.clock.advance(seconds=job.seconds * SLACK + 1)
    assert await do(runtime, job, "two")
    assert len(done) == 2


async def test_rivals_at_the_same_moment_do_it_once(runtime):
    job, done = counting()
    answers = await asyncio.gather(*(do(runtime, job, f"holder {n}") for n in range(8)))
    assert (sorted(answers), len(done)) == ([False] * 7 + [True], 1)


async def test_a_job_that_fails_does_not_end_the_role(runtime):
    async def fail(_runtime):
        raise LookupError("nowhere")

    assert not await do(runtime, Job("fail", 60, fail), "one")
    assert "nowhere" in runtime.pulses["clock"].trouble


async def test_what_is_away_is_waited_for(runtime):
    async def reach(_runtime):
        raise LogUnavailable

    assert not await do(runtime, Job("reach", 60, reach), "one")
    assert runtime.pulses["clock"].trouble == LogUnavailable.__doc__
    job, _ = counting()
    assert await do(runtime, job, "one")
    assert runtime.pulses["clock"].trouble == ""


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
async def test_every_job_can_be_done_on_empty_books(runtime, job):
    assert await do(runtime, job, "one")
