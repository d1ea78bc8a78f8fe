"""How far one attempt got: written by whoever takes it further, read once it is over."""

from dataclasses import dataclass, field
from enum import StrEnum
from time import perf_counter


class Stage(StrEnum):
    """What an attempt waits for; what a missed deadline is put down to."""

    GRANT = "grant"
    NAME = "name"
    CONNECT = "connect"
    PROXY = "proxy"
    TUNNEL = "tunnel"
    TLS = "tls"
    ANSWER = "answer"


@dataclass(slots=True)
class Trail:
    """`phases` are seconds since the start; those that did not happen are not in it."""

    deadline: float
    started: float = field(default_factory=perf_counter)
    stage: Stage = Stage.NAME
    peer: str = ""
    status: int | None = None
    phases: dict[str, float] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """Seconds to the deadline."""
        return self.started + self.deadline - perf_counter()

    @property
    def is_heard(self) -> bool:
        """Whether a byte of an answer has come."""
        return "first_byte" in self.phases

    def reach(self, phase: str) -> None:
        """This phase is over."""
        self.phases[phase] = perf_counter() - self.started
