"""`POST /v1/events`: from the bytes of a request to records that are durable.

`bodies` cuts a request into events, `reading` understands each, `recall` knows what was accepted
and is not in the books yet, `acceptance` decides, and `way` leads into the log, or into the outbox
while that is away. All or nothing, and no 202 before one of them has it.
"""

from service.api.intake.acceptance import Intake
from service.api.intake.routes import router

__all__ = ["Intake", "router"]
