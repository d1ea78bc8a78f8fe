"""Apache Kafka on one node, from its Maven artifacts."""

import os
import shutil
import socket
import struct
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID, uuid4

from tests.engines.fetching import copy_jars, keep
from tests.engines.server import Server, free_port

POM = Path(__file__).with_name("pom.xml")
WITHOUT_JAVA = "TARIFFWIRE_TEST_WITHOUT_JAVA"
JAVA = (
    *("java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),  # up in seconds
    *("-XX:-UsePerfData", "-Djava.io.tmpdir=."),  # leaves nothing outside its folder
)
ONE_NODE = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "log.dirs": "data",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "log.cleaner.enable": "false",  # 128 MB for what no test lives long enough to see
    # What is dead leaves fast, and nobody waits for members that may yet come.
    "group.min.session.timeout.ms": "1000",
    "group.initial.rebalance.delay.ms": "0",
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Topics are made by who owns them: a name misspelt must not become one.
    "auto.create.topics.enable": "false",
}


class Kafka(Server):
    """A broker of Apache Kafka with everything on, for as long as a `with` block lasts.

    `settings` go over those for one node. `advertised` is where clients are sent, as in
    127.0.0.1:5000, for a test that puts something in between.
    """

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        *,
        advertised: str = "",
        place: Path | None = None,
    ) -> None:
        super().__init__(place)
        controller = f"127.0.0.1:{free_port()}"
        self.settings = {
            **ONE_NODE,
            "controller.quorum.bootstrap.servers": controller,
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{advertised or self.address}",
            **(settings or {}),
        }

    @property
    def command(self) -> list[str]:
        return [*self._java, "kafka.Kafka", "server.properties"]

    def is_ready(self) -> bool:
        return answers(self.port)

    def start(self) -> "Kafka":
        if not (self.folder / "server.properties").exists():
            self._format()
        return super().start()

    @property
    def _java(self) -> list[str]:
        return [*JAVA, "-cp", f"{fetch_libraries()}/*"]

    def _format(self) -> None:
        lines = "".join(f"{name}={value}\n" for name, value in self.settings.items())
        (self.folder / "server.properties").write_text(lines)
        tool = ("kafka.tools.StorageTool", "format", "--standalone", "-c", "server.properties")
        self.run(*self._java, *tool, "-t", write_cluster_id(uuid4()))


def has_java() -> bool:
    """Whether this machine can run Apache Kafka."""
    wanted = not os.environ.get(WITHOUT_JAVA)
    return wanted and all(map(shutil.which, ("java", "mvn")))


def fetch_libraries(say: Callable[[str], None] = lambda _: None) -> Path:
    """The folder of the broker's jars, fetched by Maven the first time and kept for this user."""

    def fetch(folder: Path) -> None:
        say(f"fetching Apache Kafka (54 MB, once) into {folder.parent} …")
        copy_jars(POM, folder, f"{WITHOUT_JAVA}=1 goes on without.")

    return keep("kafka", POM, fetch)


def answers(port: int) -> bool:
    """Whether a broker there says which versions of the protocol it speaks."""
    asked = struct.pack(">hhih", 18, 0, 1, -1)  # ApiVersions 0, the first request, no client id
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(struct.pack(">i", len(asked)) + asked)
            return bool(connection.recv(4))
    except OSError:
        return False


def write_cluster_id(number: UUID) -> str:
    """As Kafka writes one; the tool would take what begins with a dash for an option."""
    return "t" + urlsafe_b64encode(number.bytes).decode()[1:22]
