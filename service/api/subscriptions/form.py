"""What a subscription looks like on the way in and on the way out."""

import hashlib
from typing import Annotated, Any, Self

import orjson
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from service.api.destinations.form import Address
from service.core.duty import AtMost
from service.core.event.fields import Passed
from service.core.match.subscription import (
    MAX_FILTERS,
    MAX_LANES,
    Country,
    Lane,
    ProductLane,
    Rule,
    explode,
    read_product,
)
from service.core.sending.superseding import EVERY, Steps
from service.store.following.subscriptions import SubscriptionValue

MAX_METADATA = 2_000
MOST_CODES = 20_000
"""In all lanes of a form, those that stand in several counted as often."""


def _printable(text: str) -> str:
    if not text.isprintable():
        message = "control characters are not allowed here"
        raise ValueError(message)
    return text


def _fit_for_alerts(given: dict[str, Any]) -> dict[str, Any]:
    try:
        size = len(orjson.dumps(given))
    except TypeError as error:
        message = f"{error}; write such a number as text"
        raise ValueError(message) from error
    if size > MAX_METADATA:
        message = f"at most {MAX_METADATA} bytes, for it is repeated in every alert"
        raise ValueError(message)
    return given


LabelText = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
ExternalId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_printable)]
DestinationId = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_printable)]


def _count_in(lane: Any) -> int:
    """How many codes a lane names, in whatever form; nothing of it has been read yet."""
    product = lane.get("product") if isinstance(lane, dict) else None
    lists = (
        [product.get("codes"), product.get("except")] if isinstance(product, dict) else [product]
    )
    return sum(len(one) for one in lists if isinstance(one, list | tuple))


class RuleForm(Rule):
    """What to follow: `lanes`, or the shorthands `country` and `product`; with minima beside."""

    lanes: Annotated[tuple[Lane, ...], AtMost(MAX_LANES)] = ()
    country: Country | None = None
    product: Annotated[ProductLane | None, BeforeValidator(read_product)] = None

    @model_validator(mode="before")
    @classmethod
    def _count_codes(cls, given: Any) -> Any:
        """Before any is read, for a body has room for more than can be read in a second."""
        lanes = given.get("lanes") if isinstance(given, dict) else None
        if isinstance(lanes, list) and sum(map(_count_in, lanes)) > MOST_CODES:
            message = f"these lanes name more than {MOST_CODES} codes: write several subscriptions"
            raise ValueError(message)
        return given

    @model_validator(mode="after")
    def _check_lanes(self) -> Self:
        short = self.country or self.product
        if not (self.lanes or short):
            message = (
                "say what to follow: `lanes`, or `country` or `product`; the lane {} is everything"
            )
            raise ValueError(message)
        if self.lanes and short:
            message = (
                "`country` and `product` are shorthands for one lane: leave them out beside `lanes`"
            )
            raise ValueError(message)
        if any(lane.product and (lane.product.listed or lane.product.heirs) for lane in self.lanes):
            message = "`listed` and `heirs` are written by us: name `codes`, or a `catalogue`"
            raise ValueError(message)
        if len(explode(self.rule)) > MAX_FILTERS:
            message = (
                f"these lanes need more than {MAX_FILTERS} index rows: write several subscriptions"
            )
            raise ValueError(message)
        return self

    @property
    def rule(self) -> Rule:
        """What is matched, shorthands written out."""
        lanes = self.lanes or (Lane(country=self.country, product=self.product),)
        minima = {name: getattr(self, name) for name in Rule.model_fields if name != "lanes"}
        return Rule(lanes=lanes, **minima)


class SubscriptionForm(RuleForm):
    """What to follow, and whom to tell.

    `destinations` are ids; `url` or `email` makes a destination, or takes the one you have.
    """

    steps: Annotated[
        Steps, Field(description="Of a subject every alert, or the latest that was not sent yet.")
    ] = EVERY
    name: Annotated[str, Field(max_length=200), AfterValidator(_printable)] = ""
    external_id: ExternalId | None = None
    destinations: Annotated[tuple[DestinationId, ...], AtMost(50)] = ()
    url: Address | None = None
    email: Address | None = None
    labels: Annotated[dict[LabelText, LabelText], Field(max_length=20)] = Field(
        default_factory=dict
    )
    metadata: Annotated[Passed, AfterValidator(_fit_for_alerts)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_told(self) -> Self:
        if not (self.destinations or self.url or self.email):
            message = "say whom to tell: `destinations` (ids), `url` or `email`"
            raise ValueError(message)
        return self


def rule_json(rule: Rule) -> dict[str, Any]:
    """Every setting; of a lane only what it states."""
    ours = {"product": {"listed", "heirs"}}
    lanes = [
        lane.model_dump(mode="json", exclude_defaults=True, exclude=ours) for lane in rule.lanes
    ]
    return {**rule.model_dump(mode="json", exclude={"lanes"}), "lanes": lanes}


def form_json(value: SubscriptionValue) -> dict[str, Any]:
    """As the form that would make it, for changes of some fields."""
    return {
        "name": value.name,
        "external_id": value.external_id,
        **rule_json(value.rule),
        "steps": value.steps,
        "destinations": list(value.destinations),
        "labels": dict(value.labels),
        "metadata": dict(value.metadata),
    }


def as_json(value: SubscriptionValue) -> dict[str, Any]:
    """As the API shows it."""
    return {
        "id": value.id,
        "state": value.state,
        **form_json(value),
        "after_change": value.after_change,
        "created_at": value.created_at,
        "updated_at": value.updated_at,
    }


def merge_form(value: SubscriptionValue, given: Any) -> Any:
    """The form with `given` laid over it; null sets a field back to its default."""
    if not isinstance(given, dict):
        return given  # validation says what is wrong with it
    merged = form_json(value)
    if given.get("country") is not None or given.get("product") is not None:
        merged.pop("lanes")
    if any(given.get(name) is not None for name in ("url", "email")) and "destinations" in given:
        merged["destinations"] = []
    return {name: one for name, one in (merged | given).items() if one is not None}


def tag_of(value: SubscriptionValue) -> str:
    """Changes with anything that is shown."""
    return f'"{hashlib.sha256(orjson.dumps(as_json(value))).hexdigest()[:20]}"'
