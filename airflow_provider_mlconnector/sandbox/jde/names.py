"""Words the generated companies and people are made of; no real company or person is meant."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Locale:
    """A country's names, towns (city, postal code, state) and habits. `web` = top-level domain, `dial` = area codes."""

    country: str
    currency: str
    web: str
    dial: tuple[str, ...]
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[tuple[str, str, str], ...]


US = Locale(
    "US", "USD", "com", ("312", "216", "704", "503", "617"),
    ("James", "Mary", "Robert", "Patricia", "Michael", "Linda", "David", "Susan", "Carlos", "Aisha", "Siobhán"),
    ("Carter", "Nguyen", "Brennan", "Hollis", "Ortega", "Whitfield", "Kowalski", "O'Neill", "Marsh", "Delacroix"),
    ("Tool & Die", "Castings", "Industrial Supply", "Fasteners", "Hydraulics", "Controls", "Packaging"),
    ("Inc.", "LLC", "Corp.", "Co."),
    ("Foundry Road", "Mill Street", "Industrial Pkwy", "Harbor Avenue", "Depot Lane"),
    (("Cleveland", "44114", "OH"), ("Charlotte", "28202", "NC"), ("Portland", "97209", "OR")),
)  # fmt: skip
DE = Locale(
    "DE", "EUR", "de", ("030", "0711", "089", "0421"),
    ("Jürgen", "Käthe", "Stefan", "Anna", "Uwe", "Björn", "Sabine", "Günter"),
    ("Müller", "Weiß", "Schäfer", "Krüger", "Hoffmann", "Vogt", "Großmann", "Lindner"),
    ("Maschinenbau", "Gießerei", "Antriebstechnik", "Werkzeuge", "Kunststofftechnik", "Präzisionsteile"),
    ("GmbH", "AG", "GmbH & Co. KG", "KG"),
    ("Industriestraße", "Am Güterbahnhof", "Werkstraße", "Hafenweg"),
    (("Stuttgart", "70173", ""), ("Bremen", "28195", ""), ("München", "80331", ""), ("Görlitz", "02826", "")),
)  # fmt: skip
PL = Locale(
    "PL", "PLN", "pl", ("22", "12", "61", "71"),
    ("Łukasz", "Małgorzata", "Paweł", "Zofia", "Michał", "Agnieszka"),
    ("Wałęga", "Dąbrowski", "Król", "Żak", "Zieliński", "Wróbel"),
    ("Odlewnia", "Narzędzia", "Łożyska", "Tworzywa", "Hydraulika"),
    ("Sp. z o.o.", "S.A.", "Sp. k."),
    ("ul. Przemysłowa", "ul. Łódzka", "ul. Hutnicza"),
    (("Łódź", "90-001", ""), ("Kraków", "30-001", ""), ("Wrocław", "50-001", "")),
)  # fmt: skip
JP = Locale(
    "JP", "JPY", "co.jp", ("03", "06", "052"),
    ("太郎", "花子", "健一", "美咲"),
    ("田中", "佐藤", "鈴木", "高橋", "山本"),
    ("精機", "工業", "鋳造", "電装"),
    ("株式会社", "有限会社"),
    ("丸の内", "本町", "栄"),
    (("東京", "100-0005", ""), ("大阪", "541-0053", ""), ("名古屋", "460-0008", "")),
)  # fmt: skip
FR = Locale(
    "FR", "EUR", "fr", ("01", "04", "05"),
    ("Élodie", "François", "Hélène", "Benoît", "Chloé"),
    ("Lefèvre", "Moreau", "Garçon", "Dubois", "Bérenger"),
    ("Fonderie", "Mécanique", "Emballages", "Outillage", "Câblage"),
    ("SARL", "SAS", "SA"),
    ("rue de l'Usine", "avenue des Forges", "quai du Port"),
    (("Lyon", "69001", ""), ("Besançon", "25000", ""), ("Orléans", "45000", "")),
)  # fmt: skip
LOCALES = (US, DE, PL, JP, FR)
WEIGHTS = (50, 20, 12, 8, 10)

TITLES = ("Purchasing Manager", "Plant Manager", "CFO", "Buyer", "Controller", "Maintenance", "")
INVALID_EMAILS = ("not-an-address", "info@", "n/a", "@missing-local.com", "two words@mail.com", "a@b@c.com", "tbd")
STAGES = ("Prospecting", "Qualification", "Proposal", "Negotiation", "Closed Won", "Closed Lost")
ITEMS = ("Bearing", "Bushing", "Shaft", "Gasket", "Valve", "Housing", "Bolt M8", "Bracket", "Łącznik", "Dichtung")
COMPANIES = ("00000", "00001", "00070", "00200")

_ASCII = str.maketrans(
    {"ü": "ue", "ö": "oe", "ä": "ae", "ß": "ss", "ł": "l", "Ł": "L", "ą": "a", "ę": "e", "ó": "o", "ż": "z", "Ż": "Z",
     "ń": "n", "é": "e", "è": "e", "ê": "e", "ç": "c", "î": "i", "É": "E", "á": "a", "â": "a", "ź": "z", "ś": "s"}
)  # fmt: skip
_ROMAJI = {
    "太郎": "taro", "花子": "hanako", "健一": "kenichi", "美咲": "misaki", "田中": "tanaka", "佐藤": "sato",
    "鈴木": "suzuki", "高橋": "takahashi", "山本": "yamamoto", "精機": "seiki", "工業": "kogyo", "鋳造": "chuzo",
    "電装": "denso",
}  # fmt: skip


@cache
def slug(text: str) -> str:
    """Return `text` as the plain lower-case letters and digits a mail address may have."""
    for word, latin in _ROMAJI.items():
        text = text.replace(word, f"{latin} ")
    plain = text.translate(_ASCII).lower()
    return "-".join("".join(c if c.isascii() and c.isalnum() else " " for c in plain).split())
