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
    "AID": "Account ID", "OBJ": "Obj Acct", "SUB": "Sub", "LDA": "LOD", "PEC": "Posting Edit", "ANI": "Account Number",
    "DOCO": "Order Number", "DCTO": "Or Ty", "KCOO": "Order Co", "SFXO": "Ord Suf", "LNID": "Line Number",
    "LNTY": "Ln Ty", "NXTR": "Next Stat", "LTTR": "Last Stat", "UORG": "Quantity Ordered", "UOPN": "Quantity Open",
    "UREC": "Quantity Received", "UOM": "UoM", "PRRC": "Unit Cost", "AEXP": "Extended Cost", "AOPN": "Amount Open",
    "FRRC": "Foreign Unit Cost", "FEA": "Foreign Extended", "OTOT": "Order Total", "TRDJ": "Order Date",
    "TDAY": "Time of Day", "KCO": "Doc Co", "DOC": "Document Number", "DCT": "Doc Ty", "SFX": "Pay Itm",
    "VINV": "Supplier Invoice Number", "AG": "Gross Amount", "AA": "Amount", "DIVJ": "Invoice Date", "DGJ": "G/L Date",
    "EDUS": "User ID", "EDBT": "Batch Number", "EDTN": "Transaction No", "EDLN": "Line Number",
    "EDSP": "EDI Successfully Processed", "EDTC": "Trans Action", "EDTR": "Trn Typ",
}  # fmt: skip

STAMP = "USER:s10 PID:s10 JOBN:s10 UPMJ:d UPMT:t"
ORDER_STAMP = "USER:s10 PID:s10 JOBN:s10 UPMJ:d TDAY:t"
"""Purchase order tables have TDAY where others have UPMT."""
ORDER_KEY = "DOCO:n DCTO:s2 KCOO:s5 SFXO:s3"
Z_KEY = "EDUS:s10 EDBT:s15 EDTN:s22 EDLN:n"
MONEY = (
    "AG:a2 AAP:a2 ATXA:a2 ATXN:a2 STAM:a2 TXA1:s10 EXR1:s2 CRRM:s1 CRCD:s3 CRR:a7 ACR:a2 FAP:a2 CTXA:a2 CTXN:a2 CTAM:a2"
)
"""A payable's amounts, domestic and (ACR, FAP, CTX…) foreign, as the voucher and its Z row both have them."""


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
        _table(
            "F0010", "Company Constants", "CO",
            f"CO:s5 NAME:s30p DFYJ:d PNC:n CRCD:s3 {STAMP}",
        ),
        _table(
            "F0013", "Currency Codes", "CRCD",
            f"CRCD:s3 DL01:s30p CDEC:n {STAMP}",
        ),
        _table(
            "F0901", "Account Master", "AID",
            f"AID:s8 MCU:m OBJ:s6 SUB:s8 CO:s5 DL01:s30p LDA:s1 PEC:s1 {STAMP}",
        ),
        _table(
            "F4301", "Purchase Order Header", "DOCO DCTO KCOO SFXO",
            f"{ORDER_KEY} MCU:m AN8:n SHAN:n DRQJ:d TRDJ:d PDDJ:d CNDJ:d? PTC:s3 TXA1:s10 EXR1:s2? HOLD:s2 ORBY:s10- "
            f"CRRM:s1 CRCD:s3 CRR:a7 OTOT:a2 FAP:a2 {ORDER_STAMP}",
        ),
        _table(
            "F4311", "Purchase Order Detail", "DOCO DCTO KCOO SFXO LNID",
            f"{ORDER_KEY} LNID:a3 AN8:n MCU:m ITM:n LITM:s25p DSC1:s30p DSC2:s30? LNTY:s2 NXTR:s3 LTTR:s3 "
            "UORG:a4 UOPN:a4 UREC:a4 UOM:s2 PRRC:a4 AEXP:a2 AOPN:a2 FRRC:a4 FEA:a2 ANI:s29p AID:s8? OBJ:s6 "
            f"SUB:s8 GLC:s4 TRDJ:d PDDJ:d DGL:d? CNDJ:d? CRRM:s1 CRCD:s3 CRR:a7 {ORDER_STAMP}",
        ),
        _table(
            "F0411", "Accounts Payable Ledger", "KCO DOC DCT SFX SFXE",
            "KCO:s5 DOC:n DCT:s2 SFX:s3 SFXE:n CO:s5 AN8:n PYE:n DIVJ:d DSVJ:d DDJ:d DDNJ:d DGJ:d ICU:n ICUT:s2 "
            f"POST:s1 PST:s1 {MONEY} GLC:s4 MCU:m PTC:s3 VINV:s25p PO:s8? PDCT:s2 PKCO:s5 VOD:s1 RMK:s30- {STAMP}",
        ),
        _table(
            "F0911", "Account Ledger", "KCO DCT DOC DGJ JELN EXTL LT",
            "KCO:s5 DCT:s2 DOC:n DGJ:d JELN:a1 EXTL:s2 LT:s2 AID:s8 ANI:s29p MCU:m OBJ:s6 SUB:s8 SBL:s8 SBLT:s1 CO:s5 "
            f"AA:a2 U:a2 EXA:s30p EXR:s30p AN8:n POST:s1 ICU:n ICUT:s2 CRCD:s3 {STAMP}",
        ),
        _table(
            "F0411Z1", "Voucher Transactions - Batch File", "EDUS EDBT EDTN EDLN",
            f"{Z_KEY} EDSP:s1 EDTC:s1 EDTR:s1 KCO:s5 DOC:n DCT:s2 CO:s5 AN8:n PYE:n DIVJ:d DSVJ:d DDJ:d DDNJ:d DGJ:d "
            f"ICU:n ICUT:s2 PST:s1 {MONEY} GLC:s4 MCU:m PTC:s3 VINV:s25p PO:s8? PDCT:s2 PKCO:s5 RMK:s30- "
            f"TORG:s10 {STAMP}",
        ),
        _table(
            "F0911Z1", "Journal Entry Transactions - Batch File", "EDUS EDBT EDTN EDLN",
            f"{Z_KEY} EDSP:s1 EDTC:s1 EDTR:s1 KCO:s5 DOC:n DCT:s2 CO:s5 AN8:n DGJ:d ICU:n ICUT:s2 AM:s1 ANI:s29p "
            "AID:s8 MCU:m OBJ:s6 SUB:s8 SBL:s8 SBLT:s1 LT:s2 AA:a2 ACR:a2 CRRM:s1 CRCD:s3 CRR:a7 U:a2 EXA:s30p "
            f"EXR:s30p PO:s8? TORG:s10 {STAMP}",
        ),
    )
}  # fmt: skip
"""Table name → declaration. F0103 is deliberately missing: JD Edwards has no such table (jde.md §4)."""
