"""What comes in: three types of event in a CloudEvents 1.0 envelope, and the clock's own."""

from service.core.event.claim import ClaimAssessed, Verdict
from service.core.event.envelope import (
    Event,
    Handling,
    Identity,
    decode,
    digest_of,
    named_by,
    read_event,
    topic_of,
)
from service.core.event.fields import Evidence, Instrument, Reference
from service.core.event.goods import refuse_unknown_goods
from service.core.event.measure import Action, Condition, Measure, Origin, Product
from service.core.event.negotiation import NegotiationStep, Party, Stage
from service.core.event.tick import CLOCK, Tick, Turn
from service.core.event.unreadable import Fault, Unreadable

__all__ = [
    "CLOCK",
    "Action",
    "ClaimAssessed",
    "Condition",
    "Event",
    "Evidence",
    "Fault",
    "Handling",
    "Identity",
    "Instrument",
    "Measure",
    "NegotiationStep",
    "Origin",
    "Party",
    "Product",
    "Reference",
    "Stage",
    "Tick",
    "Turn",
    "Unreadable",
    "Verdict",
    "decode",
    "digest_of",
    "named_by",
    "read_event",
    "refuse_unknown_goods",
    "topic_of",
]
