"""What Dockerfile and docker-compose.yml say, read as a Docker engine reads them."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "docker-compose.yml"
SECRETS = ROOT / "deploy" / "secrets.sh"
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
DURATION = re.compile(r"(\d+)(s|m)")


@dataclass(frozen=True)
class Image:
    """What the last stage of the Dockerfile leaves behind."""

    environment: Mapping[str, str]
    entrypoint: tuple[str, ...]
    health: tuple[str, ...]
    user: str


@dataclass(frozen=True)
class Service:
    """One of docker-compose.yml."""

    name: str
    spec: Mapping[str, Any]
    image: Image

    @property
    def is_ours(self) -> bool:
        return "build" in self.spec

    @property
    def command(self) -> list[str]:
        return [*self.image.entrypoint, *self.spec["command"]]

    @property
    def environment(self) -> dict[str, str]:
        return {**self.image.environment, **self.spec.get("environment", {})}

    @property
    def health(self) -> tuple[str, ...]:
        """The command that says whether it is healthy; none, if nothing does."""
        own = self.spec.get("healthcheck", {})
        if own.get("disable"):
            return ()
        return tuple(own["test"][1:]) if "test" in own else self.image.health

    @property
    def waits_for(self) -> Mapping[str, str]:
        """Service → the condition under which this one starts."""
        return {name: said["condition"] for name, said in self.spec.get("depends_on", {}).items()}

    @property
    def grace(self) -> float:
        """Seconds from SIGTERM to SIGKILL."""
        return sum(
            int(number) * {"s": 1, "m": 60}[unit]
            for number, unit in DURATION.findall(self.spec["stop_grace_period"])
        )


def read_image() -> Image:
    last = list(_read_instructions())
    stage = last[max(number for number, (word, _) in enumerate(last) if word == "FROM") :]
    said = dict(stage)
    pairs = (pair.split("=", 1) for pair in shlex.split(said["ENV"]))
    environment = {name: text for name, text in pairs if name != "PATH"}
    health = said["HEALTHCHECK"].split("CMD ", 1)[1]
    return Image(
        environment, tuple(json.loads(said["ENTRYPOINT"])), tuple(json.loads(health)), said["USER"]
    )


def _read_instructions() -> Iterator[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    for line in re.sub(r"\\\n\s*", " ", "\n".join(lines)).splitlines():
        if line:
            word, _, rest = line.partition(" ")
            yield word, rest


def read_services(**variables: str) -> dict[str, Service]:
    """All of them, each after those it waits for; `variables` as `docker compose` takes them."""
    image = read_image()
    project = _interpolate(yaml.safe_load(COMPOSE.read_text()), variables)
    found = {name: Service(name, spec, image) for name, spec in project["services"].items()}
    order = TopologicalSorter({name: one.waits_for for name, one in found.items()})
    return {name: found[name] for name in order.static_order()}


def _interpolate(part: Any, variables: Mapping[str, str]) -> Any:
    """Values only, after parsing: what was a text stays one."""
    if isinstance(part, dict):
        return {name: _interpolate(value, variables) for name, value in part.items()}
    if isinstance(part, list):
        return [_interpolate(value, variables) for value in part]
    if isinstance(part, str):
        return VARIABLE.sub(lambda found: variables.get(found[1], found[2]), part)
    return part
