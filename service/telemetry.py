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
        self.accepted = Counter(
            "tariffwire_accepted", "Events made durable by the API.", registry=self.registry
        )
        self.events = Counter(
            "tariffwire_events", "Events by outcome.", ["outcome"], registry=self.registry
        )
        self.changes = Counter(
            "tariffwire_changes", "Changes by headline kind.", ["kind"], registry=self.registry
        )
        self.matches = Counter(
            "tariffwire_matches",
            "Destinations looked at, by answer.",
            ["answer"],
            registry=self.registry,
        )
        self.deliveries = Counter(
            "tariffwire_deliveries",
            "Attempts by kind and outcome.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self.sending = Histogram(
            "tariffwire_attempt_seconds",
            "One transmission.",
            ["kind"],
            buckets=LATENCIES,
            registry=self.registry,
        )
        self.waiting = Gauge(
            "tariffwire_waiting", "Work that waits, by stage.", ["stage"], registry=self.registry
        )


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
