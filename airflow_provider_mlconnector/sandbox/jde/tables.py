"""The tables the sandbox has: declarations only (jde.md §4). Key columns come first, in key order."""

from __future__ import annotations

from dataclasses import dataclass

from .columns import Column, parse_columns

TITLES = {
    "AN8": "Address Number", "ALPH": "Alpha Name", "ALKY": "Long Address Number", "TAX": "Tax ID", "DC": "Description",
    "MCU": "Business Unit", "SIC": "Industry Class", "LNGP": "Lang", "AT1": "Sch Typ", "CM": "Credit Message",
    "UPMJ": "Date Updated", "UPMT": "Time Updated", "USER": "User ID", "PID": "Program ID", "JOBN": "Work Stn ID",
    "IDLN": "Line ID", "MLNM": "Mailing Name", "GNNM": "Given Name", "SRNM": "Surname", "ATTL": "Contact Title",
    "RCK7": "Line Number", "CNLN": "Related Person ID", "PHTP": "Phone Type", "AR1": "Prefix", "PH1": "Phone Number",
    "ETP": "E-Address Type", "EMAL": "Electronic Address", "EFTB": "Beginning Effective Date",
    "ADD1": "Address Line 1", "ADD2": "Address Line 2", "ADD3": "Address Line 3", "ADD4": "Address Line 4",
    "ADDZ": "Postal Code", "CTY1": "City", "COUN": "County", "ADDS": "State", "CTR": "Country",
    "CO": "Company", "ACL": "Credit Limit", "TRAR": "Payment Terms", "CRCD": "Currency", "HOLD": "Hold Orders",
    "ITM": "Short Item No", "LITM": "2nd Item Number", "DSC1": "Description", "STYL": "Business Unit Type",
}  # fmt: skip

STAMP = "USER:s10 PID:s10 JOBN:s10 UPMJ:d UPMT:t"


@dataclass(frozen=True)
class TableDef:
    """A table: `key` columns identify a row; `public` tables can be read through the data service."""

    name: str
    title: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    public: bool = True


def _table(name: str, title: str, key: str, columns: str, *, public: bool = True) -> TableDef:
    parsed = parse_columns(columns, TITLES)
    keys = tuple(key.split())
    if tuple(column.alias for column in parsed[: len(keys)]) != keys:
        raise ValueError(f"{name}: the key columns must come first, in key order")
    return TableDef(name, title, keys, parsed, public)


TABLES: dict[str, TableDef] = {
    table.name: table
    for table in (
        _table(
            "F0101", "Address Book Master", "AN8",
            "AN8:n ALKY:s20p TAX:s20 ALPH:s40 DC:s40 MCU:m SIC:s10 LNGP:s2 AT1:s3 CM:s2 TAXC:s1? AN81-AN86:n PDI:d "
            f"AC01-AC30:s3 {STAMP}",
        ),
        _table(
            "F0111", "Address Book - Who's Who", "AN8 IDLN",
            "AN8:n IDLN:n MLNM:s40p ALPH:s40 GNNM:s25 MDNM:s25? SRNM:s25 ATTL:s40? TYC:s1 W001-W005:s3 "
            f"{STAMP}",
        ),
        _table(
            "F0115", "Address Book - Contact Phone Numbers", "AN8 IDLN RCK7 CNLN",
            f"AN8:n IDLN:n RCK7:n CNLN:n PHTP:s4 AR1:s6- PH1:s20 {STAMP}",
        ),
        _table(
            "F01151", "Electronic Address", "AN8 IDLN RCK7",
            f"AN8:n IDLN:n RCK7:n ETP:s4 EMAL:s256 {STAMP}",
        ),
        _table(
            "F0116", "Address by Date", "AN8 EFTB",
            "AN8:n EFTB:d EFTF:s1 ADD1-ADD4:s40p ADDZ:s12p CTY1:s25p COUN:s25? ADDS:s3 CTR:s3 "
            f"{STAMP}",
        ),
        _table(
            "F03012", "Customer Master by Line of Business", "AN8 CO",
            "AN8:n CO:s5 ARC:s4 MCUR:m OBAR:s6 AIDR:s8 CRCD:s3 TXA1:s10 EXR1:s2 ACL:a0 HDAR:s1 TRAR:s3 RYIN:s1 "
            f"CRCA:s3? HOLD:s2? CMGR:s10- {STAMP}",
        ),
        _table(
            "F0401", "Supplier Master", "AN8",
            "AN8:n APC:s4 MCUP:m OBAP:s6 AIDP:s8 CRRP:s3 TXA2:s10 EXR2:s2 HDPY:s1 TRAP:s3 PYIN:s1 CRCA:s3? "
            f"{STAMP}",
        ),
        _table(
            "F0006", "Business Unit Master", "MCU",
            f"MCU:m STYL:s2 CO:s5 DL01:s30p DL02-DL04:s30? RP01-RP30:s3 RMCU1:s40- PECC:s1 {STAMP}",
        ),
        _table(
            "F4101", "Item Master", "ITM",
            "ITM:n LITM:s25p AITM:s25 DSC1:s30p DSC2:s30? SRTX:s30- STKT:s1 LNTY:s2 UOM1:s2 GLPT:s4 PRP1-PRP9:s3 "
            f"SRP1-SRP9:s3 {STAMP}",
        ),
        _table(
            "OPPORTUNITY", "Sales opportunities, read through an orchestration only", "OPID",
            "OPID:s12 AN8:n NAME:s80 STAGE:s20 AMOUNT:a2 CRCD:s3 CLOSEJ:d UPMJ:d UPMT:t", public=False,
        ),
    )
}  # fmt: skip
"""Table name → declaration. F0103 is deliberately missing: JD Edwards has no such table (jde.md §4)."""
