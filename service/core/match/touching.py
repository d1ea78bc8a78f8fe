"""Whether a rule names goods that a code concerns, be there a measure on them or not."""

from service.core.codes import codes_meet
from service.core.match.subscription import ProductLane, Rule


def touches(rule: Rule, code: str, nomenclature: str | None) -> bool:
    """Whether a lane names the code, one above it or one below, and does not except it."""
    lanes = (lane.product for lane in rule.lanes if lane.product)
    return any(_touches(lane, code, nomenclature) for lane in lanes)


def _touches(lane: ProductLane, code: str, nomenclature: str | None) -> bool:
    if any(code.startswith(wide) for wide in lane.excluded):
        return False
    return any(codes_meet(own, lane.nomenclature, code, nomenclature) for own in lane.ever)
