"""Four made-up importers, and what each of them follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from service.core.match.subscription import Rule

Channel = Literal["webhook", "email"]


@dataclass(frozen=True, slots=True)
class Importer:
    """`asked` is what its subscription says beside name and address."""

    name: str
    follows: str
    channel: Channel
    asked: Mapping[str, Any]

    @property
    def slug(self) -> str:
        """Names its webhook path and its mailbox."""
        return self.name.split()[0].lower()

    @property
    def email(self) -> str:
        """A made-up address: nothing leaves this process."""
        return f"desk@{self.slug}.example"

    @property
    def rule(self) -> Rule:
        """As it is matched."""
        return Rule.model_validate(self.asked)


IMPORTERS: tuple[Importer, ...] = (
    Importer("Weber Autohaus", "cars, 8703", "webhook", {"lanes": [{"product": "8703"}]}),
    Importer(
        "Saigon Sofas",
        "upholstered furniture, 9401.61, Vietnam to US",
        "webhook",
        {"lanes": [{"importer": "US", "origin": "VN", "product": "9401.61"}]},
    ),
    Importer("Pearl River Trading", "all goods of China", "email", {"lanes": [{"origin": "CN"}]}),
    Importer(
        "Harbour Brokers",
        "everything, official statement or better",
        "webhook",
        {"lanes": [{}], "min_certainty": "official_statement"},
    ),
)
