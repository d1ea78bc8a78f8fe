"""A small export of the tariff schedule: rates, numbers and slips as the real one prints them."""

import json


def row(htsno, general="", special="", other="", **more):
    """A row with the keys of an export, the misspelt one among them."""
    return {
        "htsno": htsno,
        "indent": "0",
        "description": "Goods",
        "superior": None,
        "units": [],
        "general": general,
        "special": special,
        "other": other,
        "footnotes": None,
        "quotaQuantity": None,
        "additionalDuties": None,
        "addiitionalDuties": None,
        **more,
    }


SENTENCE = "The duty provided in the applicable subheading + 25%"
PARTNERS = "AU,BH,CL,CO,IL,JO,KR,MA,OM,P,PA,PE,SG"

ROWS = [
    row("0101"),
    row("", superior="true"),
    row("0101.21.00", "Free", "", "Free"),
    row("0101.21.00.10"),
    row("0101.30.00.00", "6.8%", f"Free (A+,D,E,S,{PARTNERS})", "15%"),
    row(
        "0406.10.08.00",
        "$1.509/kg",
        "Free (BH,CL,JO,MA,OM,P,SG) 10¢/kg (KR) See 9822.04.35 (AU) See 9823.04.01-9823.04.54 (S+)",
        "$1.775/kg",
    ),
    row("6103.10.70.00", "The rate applicable to each garment", "", "33 1/3%"),
    row("7208.10.15.00", "Free", "", "0.4¢/kg + 20%"),
    row("8703.23.01", "2.5%", f"Free (A+,B,D,E, S,{PARTNERS})", "10%"),
    row("8703.23.01.60"),
    row("8803.00.00", "2.5% ", "Free (C,K,CA)", "35% 1/"),
    row("9006.59.15", "Free", "", "20%"),
    row("9006.59.15.20", "", "", "20%"),
    row("9802.00.40", "A duty upon the value of the repairs"),
    row("9903.01.25", SENTENCE, SENTENCE, "See above"),
    row("9904", "Free"),
]


def bytes_of(rows):
    return json.dumps(rows).encode()
