"""The edits of R04110ZA: what keeps a voucher in the batch files from becoming one in the ledger (jde.md §6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .amounts import DOMESTIC, FOREIGN, Amounts, Record, is_foreign, line_amount
from .currencies import IN_DOLLARS
from .settings import Settings
from .store import Store

EXPLANATIONS = ("", "V", "VT", "C", "CT", "B", "BT", "S", "ST", "U", "UT", "E")
"""Tax explanation codes (EXR1)."""
WITH_SUBLEDGER = ("S", "L")
"""Posting edits (PEC) that want a subledger and its type; blank wants nothing, all others refuse."""


@dataclass(frozen=True)
class Document:
    """One voucher: rows of F0411Z1 and F0911Z1 that share EDUS, EDBT and EDTN."""

    headers: list[dict[str, Any]]
    lines: list[dict[str, Any]]

    @property
    def first(self) -> dict[str, Any]:
        """The first pay item, which speaks for the voucher where all must agree."""
        return self.headers[0]


@dataclass(frozen=True)
class Problem:
    """What an edit found: `edit` names it; a warning stops nothing."""

    edit: str
    message: str
    line: int = 0
    warning: bool = False


@dataclass(frozen=True)
class Books:
    """What the edits look into."""

    store: Store
    settings: Settings

    def one(self, table: str, **equal: Any) -> dict[str, Any] | None:
        """Return a row as alias → value, None when there is none."""
        rows = self.store[table].where(equal)
        return dict(zip(self.store[table].columns, rows[0], strict=True)) if rows else None

    def currency(self, company: str) -> str:
        """Return the currency of a company's books."""
        found = self.one("F0010", CO=company)
        return str(found["CRCD"]) if found else ""

    def account(self, line: Record) -> dict[str, Any] | None:
        """Return the account a G/L line names: by AID, by AM and ANI, or by MCU, OBJ and SUB."""
        if line["ANI"]:
            if line["AM"] == "1":
                return self.one("F0901", AID=str(line["ANI"]).zfill(8))
            if line["AM"] not in ("2", "7"):
                return None
            unit, obj, sub = [part.strip() for part in [*str(line["ANI"]).split(".", 2), "", ""]][:3]
            return self.one("F0901", MCU=unit, OBJ=obj, SUB=sub)
        if line["AID"]:
            return self.one("F0901", AID=line["AID"])
        return self.one("F0901", MCU=line["MCU"], OBJ=line["OBJ"], SUB=line["SUB"])


Found = Iterator[Problem]


def verify(document: Document, books: Books) -> list[Problem]:
    """Return every problem of a voucher."""
    return [problem for check in CHECKS for problem in check(document, books)]


def _supplier(document: Document, books: Books) -> Found:
    header = document.first
    if books.one("F0401", AN8=header["AN8"]) is None:
        yield Problem("supplier", f"address number {header['AN8']} is not in F0401")
    elif header["PYE"] and books.one("F0101", AN8=header["PYE"]) is None:
        yield Problem("supplier", f"payee {header['PYE']} is not in F0101")


def _company(document: Document, books: Books) -> Found:
    for header in document.headers:
        if not books.currency(header["CO"]):
            yield Problem("company", f"company {header['CO']!r} is not in F0010")
        if header["KCO"] not in ("", header["CO"]):
            yield Problem("company", f"document company {header['KCO']} is not the company {header['CO']}")


def _dates(document: Document, _: Books) -> Found:
    if not document.first["DGJ"]:
        yield Problem("date", "the G/L date DGJ is blank")


def _document_number(document: Document, books: Books) -> Found:
    header = document.first
    kind = header["DCT"] or "PV"
    if header["DOC"] and books.one("F0411", KCO=header["CO"], DOC=header["DOC"], DCT=kind):
        yield Problem("document_number", f"{header['CO']}-{kind}-{header['DOC']} is in F0411 already")


def _duplicate_invoice(document: Document, books: Books) -> Found:
    header, edit = document.first, books.settings.duplicate_invoice_edit
    if not header["VINV"] or edit == "off":
        return
    if found := books.one("F0411", AN8=header["AN8"], VINV=header["VINV"], VOD=""):
        message = f"invoice {header['VINV']} of {header['AN8']} is voucher {found['KCO']}-{found['DCT']}-{found['DOC']}"
        yield Problem("duplicate_invoice", message, warning=edit == "warning")


def _currency(document: Document, books: Books) -> Found:
    for header in document.headers:
        yield from _header_currency(header, books)
    wanted = document.first["CRCD"]
    for line in document.lines:
        if line["CRCD"] not in ("", wanted):
            yield Problem("currency", f"currency {line['CRCD']} is not the voucher's {wanted or 'own'}", line["EDLN"])


def _header_currency(header: Record, books: Books) -> Found:
    own, mode = books.currency(header["CO"]), header["CRRM"]
    currency = header["CRCD"] or own
    if books.one("F0013", CRCD=currency) is None:
        yield Problem("currency", f"currency {currency!r} is not in F0013")
    if mode not in ("", "D", "F"):
        yield Problem("currency", f"currency mode CRRM {mode!r} is neither D nor F")
    elif (mode == "F") is (currency == own):
        yield Problem(
            "currency", f"mode {mode or 'D'} does not go with {currency} in a company that keeps books in {own}"
        )
    if mode == "F" and not header["CRR"] and currency not in IN_DOLLARS:
        yield Problem("currency", f"there is no exchange rate for {currency}")
    others = DOMESTIC if mode == "F" else FOREIGN
    if any(header[name] for name in others):
        yield Problem("currency", f"{', '.join(others)} must be zero in mode {mode or 'D'}")


def _tax(document: Document, books: Books) -> Found:
    for header in document.headers:
        area, code = header["TXA1"], header["EXR1"]
        if code not in EXPLANATIONS:
            yield Problem("tax", f"tax explanation code {code!r} is unknown")
        if area and area not in books.settings.tax_rates:
            yield Problem("tax", f"tax rate/area {area!r} is unknown")
        if bool(area) is not bool(code) and code != "E":
            yield Problem("tax", "TXA1 and EXR1 go together")
        tax = header["CTAM" if is_foreign(header) else "STAM"]
        if tax and code in ("", "E"):
            yield Problem("tax", f"tax {tax} with explanation code {code!r}")


def _amounts(document: Document, books: Books) -> Found:
    for header in document.headers:
        found = Amounts.of(header, books.settings)
        if not found.gross:
            yield Problem("amount", "the voucher has no amount")
        elif found.taxable + found.exempt + found.tax != found.gross:
            parts = f"{found.taxable} + {found.exempt} + {found.tax}"
            yield Problem("amount", f"taxable, non-taxable and tax {parts} are not the gross {found.gross}")


def _accounts(document: Document, books: Books) -> Found:
    for line in document.lines:
        account = books.account(line)
        if account is None:
            spelt = line["ANI"] or line["AID"] or ".".join(line[name] for name in ("MCU", "OBJ", "SUB"))
            yield Problem("account", f"account {spelt!r} (mode {line['AM']!r}) is not in F0901", line["EDLN"])
            continue
        if problem := _posting_edit(account, line, books):
            yield Problem("posting_edit", problem, line["EDLN"])


def _posting_edit(account: Record, line: Record, books: Books) -> str:
    edit, name = account["PEC"], f"{account['MCU']}.{account['OBJ']}.{account['SUB']}"
    unit = books.one("F0006", MCU=account["MCU"])
    if unit is None or unit["PECC"]:
        return f"business unit {account['MCU']} is closed to posting"
    if edit in WITH_SUBLEDGER:
        return "" if line["SBL"] and line["SBLT"] else f"account {name} wants a subledger (posting edit {edit})"
    return f"account {name} cannot be posted to (posting edit {edit})" if edit else ""


def _balance(document: Document, books: Books) -> Found:
    for line in document.lines:
        if line["LT"] not in ("", "AA"):
            yield Problem("ledger_type", f"ledger type {line['LT']} is not AA", line["EDLN"])
        if not line_amount(line, document.first):
            yield Problem("amount", "the line has no amount", line["EDLN"])
    wanted = sum((Amounts.of(header, books.settings).distributed for header in document.headers), Decimal(0))
    given = sum((line_amount(line, document.first) for line in document.lines), Decimal(0))
    if given != wanted:
        yield Problem("balance", f"the G/L lines add up to {given}, not {wanted}")


CHECKS: tuple[Callable[[Document, Books], Found], ...] = (
    _supplier, _company, _dates, _document_number, _duplicate_invoice, _currency, _tax, _amounts, _accounts, _balance,
)  # fmt: skip


def pending(store: Store) -> Mapping[tuple[str, ...], Document]:
    """Return the vouchers whose rows wait for R04110ZA (EDSP 0), by EDUS, EDBT, EDTN."""
    found: dict[tuple[str, ...], Document] = {}
    for row in _waiting(store, "F0411Z1"):
        found.setdefault((row["EDUS"], row["EDBT"], row["EDTN"]), Document([], [])).headers.append(row)
    for row in _waiting(store, "F0911Z1"):
        if document := found.get((row["EDUS"], row["EDBT"], row["EDTN"])):
            document.lines.append(row)
    return found


def _waiting(store: Store, table: str) -> list[dict[str, Any]]:
    columns = store[table].columns
    return [dict(zip(columns, row, strict=True)) for row in store[table].where({"EDSP": "0"})]
