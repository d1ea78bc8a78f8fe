"""What holds for the code as a whole, by reading it."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import consumers
import service

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*ROOT.glob("service/**/*.py"), *ROOT.glob("consumers/**/*.py")])


def path_of(source):
    return str(source.relative_to(ROOT))


def imported(source):
    """Top-level names of all that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


def called(source):
    """Dotted names of all that a file calls or hands on, as `datetime.now`."""
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def test_imports_run_one_way():
    linted = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(
    ("library", "doors"),
    [
        ("aiohttp", set()),
        ("httptools", {"service/dispatch/http/"}),
        ("aiosmtplib", {"service/dispatch/mail.py"}),
        ("babel", {"service/core/language/"}),
        ("smtplib", set()),
        ("imaplib", {"service/dispatch/mailbox.py"}),
        ("apscheduler", {"service/runtime/clock.py"}),
        ("aiokafka", {"service/log/kafka/"}),
        ("asyncpg", {"service/store/engines/"}),
        ("sqlite3", {"service/log/embedded.py", "service/log/writer.py", "service/store/engines/"}),
        ("uvicorn", {"service/runtime/listening.py", "service/listener.py"}),
        ("alembic", {"service/store/migrations.py"}),
        (
            "cryptography",
            {
                "service/core/proof/signing.py",
                "service/store/following/vault.py",
                "service/api/destinations/",
                "service/dispatch/seal.py",
            },
        ),
    ],
)
def test_each_library_has_one_door(library, doors):
    """A door is a file, or the folder of an adapter."""
    found = {path_of(source) for source in SOURCES if library in imported(source)}
    assert {next((one for one in doors if path.startswith(one)), path) for path in found} == doors


def test_the_time_of_day_is_read_in_one_place():
    banned = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"}
    found = {path_of(source) for source in SOURCES if called(source) & banned}
    assert found == {"service/runtime/opening.py"}


CORE_MAY_IMPORT = {
    "service",
    "pydantic",
    "pydantic_core",
    "jinja2",
    "babel",  # by `core/language`: CLDR as data, asked by a locale that is always named
    "cryptography",  # by one door, above: an Ed25519 signature is arithmetic, and Python has none
    "rapidfuzz",  # how alike two words are: arithmetic on letters, some 50 times difflib's speed
    "snowballstemmer",  # a table of English endings: "batteries" is "battery"
    *sys.stdlib_module_names,
}
CORE_MAY_NOT = {
    "asyncio",
    "random",
    "secrets",
    "socket",
    "sqlite3",
    "threading",
    "subprocess",
    "time",
}


@pytest.mark.parametrize("source", sorted(ROOT.glob("service/core/**/*.py")), ids=path_of)
def test_the_core_is_pure(source):
    names = imported(source)
    assert names <= CORE_MAY_IMPORT
    assert not names & CORE_MAY_NOT
    tree = ast.walk(ast.parse(source.read_text()))
    assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in tree)


PACKAGES = ["service", "consumers"] + [
    found.name
    for root in (service, consumers)
    for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}.")
    if found.ispkg
]


@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_offers_what_its_table_of_contents_says(name):
    module = importlib.import_module(name)
    listed = getattr(module, "__all__", [])
    assert sorted(set(listed)) == sorted(listed)
    assert [one for one in listed if not hasattr(module, one)] == []


@pytest.mark.parametrize("name", ["service.core.codes", "service.core.event", "service.log"])
def test_a_table_of_contents_is_complete(name):
    module = importlib.import_module(name)
    tree = ast.parse(Path(module.__file__).read_text())
    reachable = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(name)
        for alias in node.names
    }
    own = {node.name for node in tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    public = {one for one in reachable | own if not one.startswith("_")}
    assert public - set(module.__all__) == set()


@pytest.mark.parametrize("source", SOURCES, ids=path_of)
def test_a_file_says_what_it_is_and_stays_readable(source):
    text = source.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree) or not text.strip()
    assert len(text.splitlines()) <= 500
    longest = [
        (node.name, node.end_lineno - node.lineno)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno > 60
    ]
    assert longest == []
