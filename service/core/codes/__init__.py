"""Country and product codes: what people write, understood or answered with a suggestion.

The reference tables are files in `data/`, read once when first asked for (`tables.py` says why).
"""

from service.core.codes.countries import (
    country_name,
    country_phrase,
    find_country,
    importer_label,
    is_country,
    timezone_of,
)
from service.core.codes.groups import (
    LEVYING,
    Group,
    Membership,
    era_of,
    find_group,
    groups_of,
    known_groups,
    levier_of,
    list_groups,
    members,
    memberships,
)
from service.core.codes.harmonized import describe_product, format_product
from service.core.codes.meeting import Meet, codes_meet, covers
from service.core.codes.nomenclatures import find_nomenclature
from service.core.codes.products import ProductCode, find_product
from service.core.codes.unknown import (
    MOST_HINTED,
    Unhinted,
    UnknownCode,
    UnknownCountry,
    UnknownGroup,
    UnknownNomenclature,
    UnknownProduct,
    unhinted,
)

__all__ = [
    "LEVYING",
    "MOST_HINTED",
    "Group",
    "Meet",
    "Membership",
    "ProductCode",
    "Unhinted",
    "UnknownCode",
    "UnknownCountry",
    "UnknownGroup",
    "UnknownNomenclature",
    "UnknownProduct",
    "codes_meet",
    "country_name",
    "country_phrase",
    "covers",
    "describe_product",
    "era_of",
    "find_country",
    "find_group",
    "find_nomenclature",
    "find_product",
    "format_product",
    "groups_of",
    "importer_label",
    "is_country",
    "known_groups",
    "levier_of",
    "list_groups",
    "members",
    "memberships",
    "timezone_of",
    "unhinted",
]
