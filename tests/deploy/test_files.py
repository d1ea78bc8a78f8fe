"""What a Docker engine would say of the files, and what they promise."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from service.settings import Role, Settings
from tests.deploy.project import COMPOSE, DOCKERFILE, read_image, read_services

BIN = Path(sys.executable).parent
SERVICES = read_services()
OURS = {name: service for name, service in SERVICES.items() if service.is_ours}
LONG_LIVED = {name: service for name, service in OURS.items() if name != "migrate"}


def lint(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_is_linted():
    lint(BIN / "hadolint", DOCKERFILE)


def test_docker_compose_yml_follows_the_compose_specification():
    lint(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_the_image_is_built_from_files_that_reach_the_builder():
    """`.dockerignore` keeps everything out but what it names."""
    let_through = (DOCKERFILE.parent / ".dockerignore").read_text().splitlines()
    copied = [
        name
        for line in DOCKERFILE.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    ]
    assert copied
    assert {f"!{name}" for name in copied} <= set(let_through)
    assert all((DOCKERFILE.parent / name).exists() for name in copied)


def test_the_image_does_not_run_as_root():
    user, _, group = read_image().user.partition(":")
    assert int(user) > 0
    assert int(group) > 0


def test_each_role_has_a_service_of_its_own():
    told = [tuple(one.spec["command"]) for one in OURS.values() if "--roles" in one.spec["command"]]
    assert sorted(told) == sorted(("serve", "--roles", role) for role in get_args(Role))


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_may_do_nothing_that_it_need_not(name):
    spec = OURS[name].spec
    assert spec["read_only"]
    assert spec["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in spec["security_opt"]
    assert spec["tmpfs"] == ["/tmp"]


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_ours_has_time_to_drain(name):
    said = OURS[name].environment.get("TARIFFWIRE_DRAIN_SECONDS")
    assert OURS[name].grace > float(said or Settings.model_fields["drain_seconds"].default)


@pytest.mark.parametrize("name", LONG_LIVED)
def test_a_service_of_ours_says_whether_it_is_healthy_and_comes_back(name):
    assert LONG_LIVED[name].health
    assert LONG_LIVED[name].spec["restart"] == "unless-stopped"
    assert LONG_LIVED[name].spec["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_may_have_replicas(name):
    assert "container_name" not in SERVICES[name].spec


def test_only_the_api_is_published_and_only_on_loopback():
    published = {name: one.spec["ports"] for name, one in SERVICES.items() if "ports" in one.spec}
    assert published == {"api": ["127.0.0.1:8320:8320"]}


@pytest.mark.parametrize("name", SERVICES)
def test_no_secret_stands_in_the_environment(name):
    said = SERVICES[name].spec.get("environment", {})
    hidden = [
        word for word in said if "PASSWORD" in word or "KEY" in word or "DATABASE_URL" in word
    ]
    assert all(word.endswith("_FILE") for word in hidden)


def test_loopback_is_closed_unless_someone_opens_it():
    assert {one.environment.get("TARIFFWIRE_ALLOW_LOOPBACK", "false") for one in OURS.values()} == {
        "false"
    }
