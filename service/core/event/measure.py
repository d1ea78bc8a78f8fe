"""`tariff.measure`: something was threatened, announced, changed or ended."""

from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from service.core.certainty import Certainty
from service.core.codes import find_nomenclature, known_groups, timezone_of, unhinted
from service.core.duty import AtMost, Duty, Frozen, Short, Text
from service.core.event.fields import (
    LONGEST_COMMON,
    MAX_LIST,
    Citations,
    CountryCode,
    EvidenceList,
    Instrument,
    Key,
    Passed,
    ProductDigits,
    Reference,
    check_code,
)
from service.core.moment import When


class Action(StrEnum):
    """What happened to the measure."""

    IMPOSED = "imposed"
    INCREASED = "increased"
    DECREASED = "decreased"
    AMENDED = "amended"
    SCOPE_EXTENDED = "scope_extended"
    SCOPE_REDUCED = "scope_reduced"
    EXEMPTED = "exempted"
    EXEMPTION_ENDED = "exemption_ended"
    SUSPENDED = "suspended"
    RESUMED = "resumed"
    DELAYED = "delayed"
    EXTENDED = "extended"
    TERMINATED = "terminated"
    EXPIRED = "expired"
    STRUCK_DOWN = "struck_down"
    RULED_UNLAWFUL = "ruled_unlawful"  # no effect while stayed
    AUTHORISED = "authorised"
    THREATENED = "threatened"
    THREAT_WITHDRAWN = "threat_withdrawn"
    INVESTIGATION_OPENED = "investigation_opened"
    DETERMINATION_PRELIMINARY = "determination_preliminary"
    DETERMINATION_FINAL = "determination_final"
    CORRECTED = "corrected"

    @property
    def is_threat(self) -> bool:
        """A threat never moves a rate, however official."""
        return self in _THREATS


_THREATS = frozenset({Action.THREATENED, Action.THREAT_WITHDRAWN})


_nomenclature = unhinted(lru_cache(find_nomenclature))
Nomenclature = Annotated[str, Field(max_length=80), AfterValidator(_nomenclature)]
"""Whose list a code of 8 or 10 digits is taken from; "HTSUS" is understood as "HTS"."""


class Origin(Frozen):
    """Whose goods. `all` stays symbolic; groups stand for their members on the day asked."""

    kind: Literal["country", "group", "all", "pseudo"]
    members: Annotated[tuple[Annotated[str, Field(max_length=60)], ...], AtMost(300)] = ()
    excluded: Annotated[
        tuple[CountryCode, ...], AtMost(300), Field(alias="except", serialization_alias="except")
    ] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.kind == "all") != (not self.members):
            message = "`members` names the origins, and stays empty only for kind `all`"
            raise ValueError(message)
        if self.kind in {"country", "group"}:
            for member in self.members:
                if member not in known_groups():
                    check_code(member)
        return self


class Product(Frozen):
    """Which goods. `described` and `unknown` are not `all`."""

    scope: Literal["all", "codes", "described", "unknown"]
    nomenclature: Nomenclature | None = None
    edition: Short | None = None
    include: Annotated[tuple[ProductDigits, ...], AtMost(5000)] = ()
    excluded: Annotated[
        tuple[ProductDigits, ...],
        AtMost(5000),
        Field(alias="except", serialization_alias="except"),
    ] = ()
    text: Text | None = None
    condition: Short | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.scope == "codes") != bool(self.include):
            message = "`include` lists codes when, and only when, scope is `codes`"
            raise ValueError(message)
        longest = max(map(len, (*self.include, *self.excluded)), default=0)
        if longest > LONGEST_COMMON and self.nomenclature is None:
            message = "codes of 8 or more digits belong to a nomenclature: name it (HTS, CN, TARIC)"
            raise ValueError(message)
        return self


class Condition(Frozen):
    """What a threat hangs on."""

    text: Text | None = None
    actor: CountryCode | None = None
    deadline: When | None = None
    then: Passed | None = None


class Measure(Frozen):
    """The data of a `tariff.measure` event: one subject, one step in its life."""

    importer: CountryCode
    measure: Key | None = None
    aliases: Annotated[tuple[Short, ...], AtMost(MAX_LIST)] = ()
    origin: Origin
    product: Product
    programme: Short | None = None
    duty: Duty | None = None
    action: Action
    certainty: Certainty
    condition: Condition | None = None
    stayed: bool | None = None
    announced_at: When | None = None
    effective_at: When | None = None
    until: When | None = None
    expires_at: When | None = None
    realises: Reference | None = None
    withdraws: Reference | None = None
    met: bool | None = None  # of what it withdraws: whether that is because its condition was met
    instrument: Instrument | None = None
    citations: Citations = ()
    evidence: EvidenceList = ()
    claimed_status: Short | None = None
    apply: Passed | None = None
    exporters: Annotated[tuple[Passed, ...], AtMost(MAX_LIST)] = ()
    quota: Passed | None = None
    deadlines: Annotated[tuple[Passed, ...], AtMost(MAX_LIST)] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        start, ends = self.effective_at, (self.until, self.expires_at)
        if start and any(end and end.at <= start.at for end in ends):
            message = "`until` and `expires_at` are exclusive ends: they lie after `effective_at`"
            raise ValueError(message)
        if self.met and self.withdraws is None:
            message = "`met` says why a threat is withdrawn: name the threat under `withdraws`"
            raise ValueError(message)
        return self

    @model_validator(mode="before")
    @classmethod
    def _give_zone(cls, given: Any) -> Any:
        """A deadline stated as a bare day counts in the importer's zone."""
        if not isinstance(given, dict) or not isinstance(given.get("condition"), dict):
            return given
        deadline, importer = given["condition"].get("deadline"), given.get("importer")
        if isinstance(deadline, str) and len(deadline) == len("2025-04-09") and importer:
            zoned = {"day": deadline, "zone": timezone_of(str(importer))}
            return given | {"condition": given["condition"] | {"deadline": zoned}}
        return given

    @property
    def ends(self) -> tuple[Reference, ...]:
        """What it carries out or takes back, by its own word: never inferred from resemblance."""
        return tuple(one for one in (self.realises, self.withdraws) if one)

    @property
    def moves_law(self) -> bool:
        """Whether this can move the law layer at all."""
        return self.certainty.moves_law and not self.action.is_threat
