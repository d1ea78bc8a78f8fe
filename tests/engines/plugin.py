"""One Kafka and one PostgreSQL a run, started when a test first asks for them.

`TARIFFWIRE_TEST_KAFKA=host:port` and `TARIFFWIRE_TEST_POSTGRES=postgresql://…` name engines that
run already. What could not be proved on this machine is said at the end of the run, with reasons.
"""

import asyncio
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.log import LogUnavailable, open_log
from tests.books import Watch
from tests.engines.kafka import Kafka, fetch_libraries, has_java
from tests.engines.postgres import Postgres
from tests.engines.standin import SERVES, StandIn

GIVEN_KAFKA = "TARIFFWIRE_TEST_KAFKA"
GIVEN_POSTGRES = "TARIFFWIRE_TEST_POSTGRES"
KAFKA = frozenset({"kafka", "distributed"})
"""What parameters call it."""


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> Iterator[str]:
    """host:port of a broker: the one that is named, Apache Kafka, or what stands in for it."""
    if given := os.environ.get(GIVEN_KAFKA):
        yield given
        return
    if has_java():
        fetch_libraries(_speaker(request.config))
    with Kafka() if has_java() else StandIn() as broker:
        with ThreadPoolExecutor(1) as aside:  # a test's loop may be running already
            aside.submit(asyncio.run, _ask_first(broker.address)).result()
        yield broker.address


async def _ask_first(bootstrap: str) -> None:
    """A broker's first answers take longer on a busy machine than a log waits for any."""
    while True:
        try:
            async with open_log(f"kafka://{bootstrap}/first?partitions=1", Watch()) as log:
                await log.prepare()
        except LogUnavailable:
            continue
        return


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a server, as its superuser: for making databases."""
    if given := os.environ.get(GIVEN_POSTGRES):
        yield given
        return
    with Postgres(durable=False) as server:
        yield server.url


def pytest_configure(config: pytest.Config) -> None:
    for line in (
        "needs_real_kafka(reason): what the stand-in for Apache Kafka cannot do",
        "needs_program(*names): programs that this proof runs",
    ):
        config.addinivalue_line("markers", line)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if reason := _say_missing(item):
        pytest.skip(reason)


def _say_missing(item: pytest.Item) -> str:
    mark = item.get_closest_marker("needs_real_kafka")
    if (mark or _needs_more_than_stand_in(item)) and not _has_real_kafka():
        reason = mark.args[0] if mark else "the stand-in has not been seen to do this"
        return f"no Apache Kafka (install Java 17 and Maven): {reason}"
    names = [name for mark in item.iter_markers("needs_program") for name in mark.args]
    missing = [name for name in names if not _has_program(name)]
    return f"not installed: {', '.join(missing)}" if missing else ""


def _needs_more_than_stand_in(item: pytest.Item) -> bool:
    """Whether it asks for Kafka, by a fixture or a parameter, and is not known to do with less."""
    chosen = item.callspec.params.values() if hasattr(item, "callspec") else ()
    asks = "kafka_bootstrap" in item.fixturenames or not KAFKA.isdisjoint(map(str, chosen))
    return asks and item.originalname not in SERVES


def _has_real_kafka() -> bool:
    return bool(os.environ.get(GIVEN_KAFKA)) or has_java()


def _has_program(name: str) -> bool:
    return has_java() if name in {"java", "mvn"} else shutil.which(name) is not None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    unproven = defaultdict(list)
    for report in terminalreporter.stats.get("skipped", ()):
        _, _, reason = report.longrepr
        unproven[reason.removeprefix("Skipped: ")].append(report.nodeid)
    if not unproven:
        return
    terminalreporter.section("which proofs did not run, and why", "!", red=True, bold=True)
    for reason, names in unproven.items():
        terminalreporter.write_line(f"{reason} ({len(names)})", yellow=True)
        for name in sorted(names):
            terminalreporter.write_line(f"    {name}")


def _speaker(config: pytest.Config) -> Callable[[str], None]:
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is None:  # one of several that run side by side: they have no terminal
        return lambda _: None
    return lambda said: reporter.write_line(f"\n{said}")
