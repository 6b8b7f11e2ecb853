"""What R04110ZA writes for a voucher that passed: F0411, F0911, and the state of the Z rows (jde.md §6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .amounts import Amounts, Record, is_foreign, line_amount
from .currencies import rate, rounded
from .stamps import insert, stamp
from .voucher_checks import Books, Document

if TYPE_CHECKING:
    from .server import JdeSandbox

LAST_NUMBER = 500_000
"""Vouchers made by the batch are numbered from the next one on."""
LAST_BATCH = 9000


@dataclass(frozen=True)
class Voucher:
    """The number a document gets, and the batch it goes into."""

    company: str
    kind: str
    number: int
    batch: int

    @classmethod
    def of(cls, document: Document, books: Books, batch: int) -> Voucher:
        """Return the next voucher number of F0411, unless the document brings its own."""
        ledger, header = books.store["F0411"], document.first
        place = ledger.position["DOC"]
        following = max((int(row[place]) for row in ledger.rows), default=0)
        number = header["DOC"] or max(following, LAST_NUMBER) + 1
        return cls(header["CO"], header["DCT"] or "PV", number, batch)

    def columns(self) -> dict[str, Any]:
        """Return what F0411 and F0911 rows have in common."""
        return {
            "KCO": self.company, "DCT": self.kind, "DOC": self.number, "CO": self.company,
            "ICU": self.batch, "ICUT": "V",
        }  # fmt: skip


def next_batch(books: Books) -> int:
    """Return the next batch number."""
    ledger = books.store["F0411"]
    place = ledger.position["ICU"]
    return max(max((int(row[place]) for row in ledger.rows), default=0), LAST_BATCH) + 1


def post(server: JdeSandbox, document: Document, books: Books, voucher: Voucher) -> None:
    """Write the voucher and mark its Z rows as processed."""
    own = books.currency(voucher.company)
    for place, header in enumerate(document.headers, start=1):
        insert(server, server.store["F0411"], _pay_item(header, books, voucher, own, place))
    for row in _ledger_lines(document, books, voucher, own):
        insert(server, server.store["F0911"], row)
    done: dict[str, Any] = {"EDSP": server.settings.processed_flag}
    if server.settings.voucher_number_back:
        done |= {"DOC": voucher.number, "DCT": voucher.kind, "KCO": voucher.company}
    for name, rows in (("F0411Z1", document.headers), ("F0911Z1", document.lines)):
        table = server.store[name]
        for row in rows:
            table.update(table.row(row), {**done, **stamp(server, table)})


def _pay_item(header: Record, books: Books, voucher: Voucher, own: str, place: int) -> dict[str, Any]:
    supplier = books.one("F0401", AN8=header["AN8"]) or {}
    invoiced = header["DIVJ"] or header["DGJ"]
    terms = header["PTC"] or supplier.get("TRAP", "")
    due = header["DDJ"] or _due(invoiced, str(terms))
    copied = ("AN8", "DIVJ", "DGJ", "TXA1", "EXR1", "VINV", "PO", "PDCT", "PKCO", "RMK")
    return {
        **voucher.columns(), **{name: header[name] for name in copied}, "SFX": f"{place:03d}", "SFXE": 0,
        "DIVJ": invoiced, "DSVJ": header["DSVJ"] or invoiced, "DDJ": due, "DDNJ": header["DDNJ"] or due,
        "PYE": header["PYE"] or header["AN8"], "PST": header["PST"] or "A", "PTC": terms,
        "GLC": header["GLC"] or supplier.get("APC", ""), "MCU": header["MCU"] or supplier.get("MCUP", ""),
        **_money(header, books, own),
    }  # fmt: skip


def _due(day: str, terms: str) -> str:
    """Return the due date that payment terms such as N30 give."""
    days = int(terms[1:]) if terms[:1] == "N" and terms[1:].isdecimal() else 0
    return (date.fromisoformat(day) + timedelta(days=days)).strftime("%Y%m%d")


def _money(header: Record, books: Books, own: str) -> dict[str, Any]:
    found = Amounts.of(header, books.settings)
    parts = (found.gross, found.gross, found.taxable, found.exempt, found.tax)
    domestic = dict(zip(("AG", "AAP", "ATXA", "ATXN", "STAM"), parts, strict=True))
    currency = header["CRCD"] or own
    if not is_foreign(header):
        return {**domestic, "CRRM": "D", "CRCD": currency, "CRR": 0}
    exchange = _rate(header, own)
    domestic = {name: rounded(amount * exchange, own) for name, amount in domestic.items()}
    foreign = dict(zip(("ACR", "FAP", "CTXA", "CTXN", "CTAM"), parts, strict=True))
    return {**domestic, **foreign, "CRRM": "F", "CRCD": currency, "CRR": exchange}


def _rate(header: Record, own: str) -> Decimal:
    return Decimal(header["CRR"]) or rate(header["CRCD"], own)


def _ledger_lines(document: Document, books: Books, voucher: Voucher, own: str) -> list[dict[str, Any]]:
    """Return the F0911 rows: ledger AA in the books' currency; of a foreign voucher also CA in its own."""
    made = []
    for number, line in enumerate(document.lines, start=1):
        account = books.account(line) or {}
        amount = line_amount(line, document.first)
        row = {
            **voucher.columns(), **{name: account[name] for name in ("AID", "MCU", "OBJ", "SUB", "CO")},
            **{name: line[name] for name in ("SBL", "SBLT", "U", "EXA", "EXR")}, "JELN": number,
            "ANI": ".".join(part for part in (account["MCU"], account["OBJ"], account["SUB"]) if part),
            "DGJ": document.first["DGJ"], "AN8": document.first["AN8"], "CRCD": document.first["CRCD"] or own,
        }  # fmt: skip
        if is_foreign(document.first):
            made.append({**row, "LT": "CA", "AA": amount})
            amount = rounded(amount * _rate(document.first, own), own)
        made.append({**row, "LT": "AA", "AA": amount})
    return made
