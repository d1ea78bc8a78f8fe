"""What a change is about, as lanes ask for it: countries expanded to unions and members."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from service.core.change import Change
from service.core.codes import LEVYING, era_of, groups_of, members
from service.core.event import Measure, NegotiationStep, Origin, Product
from service.core.match.goods import Goods, goods_of
from service.core.match.outline import Outline, outline_of

_NOBODY: frozenset[str] = frozenset()
Places = tuple[frozenset[str], frozenset[str] | None, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Facts:
    """What a change is about, countries expanded to unions and members on its day."""

    change: Outline
    importers: frozenset[str]
    origins: frozenset[str] | None  # None: every origin but `not_origins`
    not_origins: frozenset[str]
    goods: Goods | None
    parties: frozenset[str]

    @property
    def measure(self) -> Measure | None:
        """The data, where the change is about a measure."""
        return self.change.about if isinstance(self.change.about, Measure) else None

    @property
    def product(self) -> Product | None:
        """The goods of a measure; a negotiation has none."""
        return self.goods.product if self.goods else None

    @property
    def is_blanket(self) -> bool:
        """A measure on every origin, whatever it excepts."""
        return self.goods is not None and self.origins is None

    @property
    def on(self) -> date:
        """The day that memberships are looked at."""
        return self.change.on


def facts_of(change: Change) -> Facts:
    """Once a change; `match` then costs little a subscription."""
    return expand(outline_of(change))


def expand(change: Outline) -> Facts:
    """The same of what is kept of a change for matching."""
    on, about = change.on, change.about
    if isinstance(about, NegotiationStep):
        parties = _with_unions(_with_members(about.named, on), on)
        return Facts(change, _NOBODY, None, _NOBODY, None, parties)
    places = _places(about.importer, about.origin, era_of(on))
    return Facts(change, *places, goods_of(about.product), _NOBODY)


@lru_cache(maxsize=8192)
def _places(importer: str, origin: Origin, on: date) -> Places:
    """Who levies, on whose goods and on whose not; a preview asks for the same very often."""
    importers = _with_unions(_with_members({importer}, on), on)
    exempt = _exempt(importer, origin, on)
    return importers, _origins(origin, exempt, on), exempt


def _exempt(importer: str, origin: Origin, on: date) -> frozenset[str]:
    """Origins let off; nor are an importer's own goods imports, when it levies on everyone."""
    own = {importer} if origin.kind == "all" else set()
    gone = _with_members({*origin.excluded, *own}, on)
    return gone | {union for union in LEVYING if members(union, on) <= gone}


def _origins(origin: Origin, exempt: frozenset[str], on: date) -> frozenset[str] | None:
    if origin.kind == "all":
        return None
    return _with_unions(_with_members(origin.members, on) - exempt, on)


def _with_members(codes: Iterable[str], on: date) -> frozenset[str]:
    """Let groups stand for their members."""
    return frozenset(codes).union(*(members(code, on) for code in codes))


def _with_unions(codes: frozenset[str], on: date) -> frozenset[str]:
    """Who follows a customs union hears of each member."""
    return codes.union(*(groups_of(code, on) & LEVYING for code in codes))
