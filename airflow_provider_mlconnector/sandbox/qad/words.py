"""Words the generated companies and people are made of; no real company or person is meant.

None of them makes a mail domain that another simulated vendor has too: two systems that feed one target must only
collide where a test wants it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Locale:
    """A country's names, towns (city, postal code, state) and habits. `web` = top-level domain."""

    country: str
    language: str
    currency: str
    web: str
    dial: str
    given: tuple[str, ...]
    surnames: tuple[str, ...]
    places: tuple[str, ...]
    trades: tuple[str, ...]
    forms: tuple[str, ...]
    streets: tuple[str, ...]
    towns: tuple[tuple[str, str, str], ...]


US = Locale(
    "US", "us", "USD", "com", "+1",
    ("Grace", "Owen", "Tamara", "Dwight", "Naomi", "Vincent", "Renée", "Luther", "Priya", "Hank"),
    ("Abbott", "Castillo", "Ferris", "Gallagher", "Iverson", "McBride", "O'Hara", "Pruitt", "Vandermeer", "Yates"),
    ("Blue Ridge", "Great Lakes", "Keystone", "Lone Pine", "Mesa", "Puget", "Red River", "Tri-County"),
    ("Medical Devices", "Dental Supply", "Foods", "Beverage", "Auto Parts", "Electronics", "Plastics", "Labs"),
    ("Inc.", "LLC", "Corporation", "& Sons"),
    ("Commerce Drive", "Market Street", "Airport Blvd", "County Road"),
    (("Grand Rapids", "49503", "MI"), ("Tulsa", "74103", "OK"), ("Reno", "89501", "NV"), ("Dayton", "45402", "OH")),
)  # fmt: skip
IT = Locale(
    "IT", "it", "EUR", "it", "+39",
    ("Niccolò", "Chiara", "Matteo", "Beatrice", "Aurelio", "Ilaria"),
    ("Forlì", "D'Amico", "Rizzo", "Bassanò", "Colombo", "Zanetti"),
    ("Alta Brianza", "Valle d'Aosta", "Città Bassa", "Lago Maggiore"),
    ("Dolciaria", "Ceramiche", "Elettronica", "Farmaceutici"),
    ("S.p.A.", "S.r.l."),
    ("Via Università", "Corso Libertà", "Piazza del Popolo"),
    (("Forlì", "47121", "FC"), ("Torino", "10121", "TO"), ("Modena", "41121", "MO")),
)  # fmt: skip
SE = Locale(
    "SE", "se", "SEK", "se", "+46",
    ("Åsa", "Göran", "Linnéa", "Håkan", "Östen"),
    ("Sjöberg", "Åkesson", "Nyström", "Lövgren", "Ström"),
    ("Norra Älven", "Västkusten", "Mälardalens", "Höga Berget"),
    ("Förpackningar", "Livsmedel", "Fordonsdelar", "Teknik"),
    ("AB", "HB"),
    ("Storgatan", "Järnvägsgatan", "Hamnvägen"),
    (("Malmö", "211 20", ""), ("Örebro", "702 10", ""), ("Gävle", "803 20", "")),
)  # fmt: skip
CZ = Locale(
    "CZ", "cs", "CZK", "cz", "+420",
    ("Jiří", "Zdeňka", "Ondřej", "Tereza", "Vojtěch"),
    ("Dvořák", "Němec", "Růžička", "Šťastný", "Kučera"),
    ("Střední Morava", "Český Ráj", "Horní Lužnice"),
    ("Strojírny", "Pivovar", "Obaly", "Elektro"),
    ("s.r.o.", "a.s."),
    ("Nádražní", "Žižkova", "Průmyslová"),
    (("Plzeň", "301 00", ""), ("Třebíč", "674 01", ""), ("Ústí nad Labem", "400 01", "")),
)  # fmt: skip
KR = Locale(
    "KR", "ko", "KRW", "co.kr", "+82",
    ("민준", "서연", "지훈", "하은"),
    ("김", "박", "최", "정"),
    ("한강", "설악", "남산"),
    ("전자", "식품", "의료기"),
    ("주식회사",),
    ("테헤란로", "중앙로"),
    (("서울", "06133", ""), ("부산", "48058", "")),
)  # fmt: skip
LOCALES = (US, IT, SE, CZ, KR)
WEIGHTS = (55, 15, 12, 12, 6)

TITLES = ("Supply Chain Manager", "Head of Purchasing", "CEO", "Planner", "Quality Manager", "Accounts Payable", "")
INVALID_EMAILS = ("unknown", "sales@", "-", "@no-local-part.com", "first last@mail.net", "x@y@z.org", "see website")
TERMS = ("N30", "N60", "2/10N30", "COD", "")
TYPES = ("OEM", "DIST", "RETAIL", "")
GROUPS = ("", "", "", "GRP-NORTH", "GRP-SOUTH", "GRP-INTL")
CURRENCIES = ("USD", "EUR", "SEK", "CZK", "KRW", "MXN")

_ROMAN = {
    "민준": "minjun", "서연": "seoyeon", "지훈": "jihoon", "하은": "haeun", "김": "kim", "박": "park", "최": "choi",
    "정": "jeong", "한강": "hangang", "설악": "seorak", "남산": "namsan", "전자": "jeonja", "식품": "sikpum",
    "의료기": "uiryogi",
}  # fmt: skip


@cache
def slug(text: str) -> str:
    """Return `text` as the plain lower-case letters and digits a mail address may have."""
    for word, latin in _ROMAN.items():
        text = text.replace(word, f"{latin} ")
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower().replace("'", "")
    return "-".join("".join(c if c.isalnum() else " " for c in plain).split())
