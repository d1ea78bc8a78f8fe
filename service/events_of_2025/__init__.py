"""The trade actions of 2025, and one news article, as events; README.md says what they are."""

import json
from datetime import datetime
from importlib.resources import files
from typing import Any


def read_year() -> list[dict[str, Any]]:
    """Both topics of 2025 in one stream, as the public came to know them.

    No event carries `handling`: whoever sends them decides whether they alert.
    """
    events = _read("tariffs.ndjson") + _read("negotiations.ndjson")
    return sorted(events, key=lambda event: datetime.fromisoformat(event["knownfrom"]))


def read_article() -> list[dict[str, Any]]:
    """One news article, taken apart; it states no date, so it is known from when it is sent."""
    return _read("article_000.ndjson")


def read_records() -> dict[str, str]:
    """Every record we started from → why it became no event; empty where it became one."""
    lines = (files(__name__) / "RECORDS.txt").read_text("utf-8").splitlines()
    return {record: reason for record, _, reason in (line.partition("\t") for line in lines)}


def _read(name: str) -> list[dict[str, Any]]:
    lines = (files(__name__) / name).read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]
