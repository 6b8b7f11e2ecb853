"""Generates companies, currencies, cost centres and the chart of accounts (jde.md §4: F0010, F0013, F0006, F0901)."""

from __future__ import annotations

from dataclasses import dataclass

from .currencies import COMPANIES, DECIMALS
from .names import COMPANIES as OLDER_UNITS
from .writer import Writer

COST_CENTERS = (
    ("1140", "00001", "Maintenance", ""),
    ("11-QA", "00001", "Quality assurance", ""),
    ("0042", "00001", "Tool room", ""),
    ("2140", "00070", "Instandhaltung", ""),
    ("ENG100", "00070", "Konstruktion", ""),
    ("J4711", "00070", "Auftrag Görlitz", ""),
    ("3140", "00200", "Warehouse", ""),
    ("M30", "00200", "Marketing", ""),
    ("CLOSED", "00200", "Closed depot", "N"),
)
"""Code (mixed shapes, a leading zero), company, name, posting edit PECC (N = closed to posting)."""

CHART = (
    ("1410", "", "Raw materials", "Rohstoffe", "6", ""),
    ("6000", "", "Operating expenses", "Betriebsaufwand", "4", "N"),
    ("6110", "", "Operating supplies", "Betriebsstoffe", "6", ""),
    ("6120", "0010", "Tooling, plant", "Werkzeuge, Werk", "7", ""),
    ("8600", "", "Repairs and maintenance", "Reparaturen", "6", ""),
    ("8610", "", "Freight in", "Eingangsfrachten", "6", "?"),
)
"""Object, subsidiary, English and German name, level of detail LDA, posting edit PEC (? = differs by unit)."""

EDITS = ("", "", "I", "", "M", "", "S", "B", "", "")
"""The posting edits that the units take in turn: inactive, machine only, subledger needed, budget only."""


@dataclass(frozen=True)
class Account:
    """A row of F0901; `edit` is its PEC, `open_unit` False = its business unit is closed to posting."""

    aid: str
    unit: str
    object: str
    subsidiary: str
    company: str
    edit: str
    open_unit: bool = True

    @property
    def number(self) -> str:
        """MCU.OBJ.SUB, without the last dot when there is no subsidiary."""
        return ".".join(part for part in (self.unit, self.object, self.subsidiary) if part)

    @property
    def postable(self) -> bool:
        """Whether a voucher line may name it, without more ado."""
        return self.edit == "" and self.open_unit


def ledger_accounts(writer: Writer, scale: float) -> list[Account]:
    """Write the four tables and return the accounts: 25 business units of six at scale 1 and below."""
    for company, (name, currency) in COMPANIES.items():
        writer.add("F0010", CO=company, NAME=name, CRCD=currency, PNC=11, DFYJ="20260101", **writer.stamp())
    for currency, decimals in DECIMALS.items():
        writer.add("F0013", CRCD=currency, DL01=f"Currency {currency}", CDEC=decimals, **writer.stamp())
    for code, company, name, edit in COST_CENTERS:
        writer.add("F0006", MCU=code, STYL="CC", CO=company, DL01=name, PECC=edit, RP01="EST", **writer.stamp())
    if scale <= 0:
        return []
    made: list[Account] = []
    for place, (unit, company, is_open) in enumerate(_units()):
        for subsidiary in range(max(1, round(scale))):
            _unit_accounts(writer, made, (unit, company, is_open), EDITS[place % len(EDITS)], subsidiary)
    return made


def _units() -> list[tuple[str, str, bool]]:
    """Return code, company and whether it is open, of the older business units and the cost centres."""
    older = [
        (f"{number * 10 + 1}{unit}" if number else f"9{unit}", company, True)
        for number, company in enumerate(OLDER_UNITS)
        for unit in ("", "10", "20", "30")
    ]
    return older + [(code, company, edit == "") for code, company, _, edit in COST_CENTERS]


def _unit_accounts(writer: Writer, made: list[Account], unit: tuple[str, str, bool], odd: str, subsidiary: int) -> None:
    code, company, is_open = unit
    for obj, sub, english, german, level, edit in CHART:
        account = Account(
            f"{10001 + len(made):08d}", code, obj, f"{subsidiary * 100:04d}" if subsidiary else sub, company,
            odd if edit == "?" else edit, is_open,
        )  # fmt: skip
        made.append(account)
        writer.add(
            "F0901", AID=account.aid, MCU=code, OBJ=obj, SUB=account.subsidiary, CO=company,
            DL01=german if company == "00070" else english, LDA=level, PEC=account.edit, **writer.stamp(),
        )  # fmt: skip
