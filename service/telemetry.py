"""What the service says of itself: structured logs, and one metric family a stage."""

import logging
import sys

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCIES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The families of one process, on a registry of their own (so that tests may hold several)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        count, gauge = self._count, self._gauge
        self.accepted = count("accepted", "Events made durable by the API.")
        self.events = count("events", "Events by outcome.", "outcome")
        self.foreign_keys = count(
            "foreign_keys",
            "Events whose record had another key than ours: their producer partitions its own way.",
        )
        self.changes = count("changes", "Changes by headline kind.", "kind")
        self.matches = count("matches", "Destinations looked at, by answer.", "answer")
        self.doubted = count("approvals_asked", "Changes that wait, or waited, for approval.")
        self.deliveries = count("deliveries", "Attempts by kind and outcome.", "kind", "outcome")
        self.notices = count("notices", "What owners were told that no change caused.", "kind")
        self.sending = Histogram(
            "tariffwire_attempt_seconds",
            "One transmission.",
            ["kind"],
            buckets=LATENCIES,
            registry=self.registry,
        )
        self.waiting = gauge("waiting", "Work that waits, by stage.", "stage")
        self.oldest = gauge(
            "oldest_seconds", "For how long the oldest has waited, by stage.", "stage"
        )
        self.lag = gauge(
            "lag", "Positions of the log that are not consumed yet.", "topic", "partition"
        )
        self.roles = gauge("role_up", "1 while a role of this process runs untroubled.", "role")
        self.up = gauge("up", "1 while this process reaches the database, and the log.", "what")
        self.held = gauge("sending_held", "1 while nothing may be sent.")

    def _count(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"tariffwire_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"tariffwire_{name}", text, labels, registry=self.registry)


def open_logs(level: str, style: str) -> None:
    """Logs to standard error: for people on a console, or as JSON lines."""
    renderer = (
        structlog.processors.JSONRenderer()
        if style == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
