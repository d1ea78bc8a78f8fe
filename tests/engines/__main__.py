"""`make engines`: both servers until Ctrl-C, and how tests find them."""

import signal
import sys

from tests.engines.kafka import Kafka, fetch_libraries
from tests.engines.plugin import GIVEN_KAFKA, GIVEN_POSTGRES
from tests.engines.postgres import Postgres

ENDS = {signal.SIGINT, signal.SIGTERM}

fetch_libraries(print)
with Kafka() as kafka, Postgres(durable=False) as postgres:
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # what is started above must not inherit it
    sys.stdout.write(f"export {GIVEN_KAFKA}={kafka.address} {GIVEN_POSTGRES}={postgres.url}\n")
    sys.stdout.flush()
    signal.sigwait(ENDS)
