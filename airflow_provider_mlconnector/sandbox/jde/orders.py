"""Generates purchase orders F4301 and F4311, in every state that a buyer leaves them in (jde.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .accounts import Account
from .columns import Value
from .currencies import COMPANIES, rate, rounded
from .store import Store
from .writer import Writer

FIRST_ORDER = 4001
COMPANY_CODES = ("00001", "00001", "00001", "00070", "00200")
OPEN, PARTLY, RECEIVED, CANCELLED = "open", "partly", "received", "cancelled"
FATES = ((OPEN, 45), (PARTLY, 15), (RECEIVED, 20), (CANCELLED, 8), ("mixed", 12))
STATUSES = {OPEN: ("220", "280"), PARTLY: ("280", "400"), RECEIVED: ("400", "999"), CANCELLED: ("980", "999")}
"""State of a line → LTTR, NXTR. Open are lines whose NXTR is below 999 and that have a quantity or amount open."""
LINE_COUNTS = ((1, 2, 3, 4, 5, 6, 8, 12), (15, 20, 20, 15, 12, 9, 6, 3))
MANY_LINES = 30


@dataclass(frozen=True)
class Money:
    """The currencies of an order: its own, and the one of its company's books."""

    currency: str
    books: str

    @property
    def foreign(self) -> bool:
        """Whether they differ."""
        return self.currency != self.books

    @property
    def rate(self) -> Decimal:
        """What one unit of the order's currency is worth in the books; 0 when they are the same."""
        return rate(self.currency, self.books) if self.foreign else Decimal(0)

    def columns(self) -> dict[str, Value]:
        """Return CRRM, CRCD and CRR."""
        return {"CRRM": "F" if self.foreign else "D", "CRCD": self.currency, "CRR": self.rate}

    def extended(self, quantity: Decimal, price: Decimal) -> dict[str, Value]:
        """Return unit cost and extended cost, in the books' currency and (when foreign) in the order's."""
        return self._amounts(price, rounded(quantity * price, self.currency))

    def lump_sum(self, amount: Decimal) -> dict[str, Value]:
        """Return the same for an amount without a quantity."""
        return self._amounts(Decimal(0), rounded(amount, self.currency))

    def _amounts(self, price: Decimal, amount: Decimal) -> dict[str, Value]:
        if not self.foreign:
            return {"PRRC": price, "AEXP": amount, "FRRC": Decimal(0), "FEA": Decimal(0)}
        cost = (price * self.rate).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        return {"PRRC": cost, "AEXP": rounded(amount * self.rate, self.books), "FRRC": price, "FEA": amount}


def open_columns(line: dict[str, Any], state: str) -> dict[str, Value]:
    """Return the columns that say how far a line has come: statuses, open and received quantities, open amount."""
    last, following = STATUSES[state]
    received = {PARTLY: (line["UORG"] / 2).quantize(Decimal("0.01")), RECEIVED: line["UORG"]}.get(state, Decimal(0))
    done = state in (RECEIVED, CANCELLED)
    half = (line["AEXP"] / 2).quantize(Decimal("0.01"), ROUND_HALF_UP) if state == PARTLY else line["AEXP"]
    return {
        "LTTR": last,
        "NXTR": following,
        "UREC": received,
        "UOPN": Decimal(0) if done else line["UORG"] - received,
        "AOPN": Decimal(0) if done else half,
    }


def purchase_orders(writer: Writer, store: Store, accounts: list[Account], count: int) -> None:
    """Write `count` orders to the suppliers of F0401; none when there are no suppliers."""
    suppliers, items = store["F0401"].to_dicts(), store["F4101"].to_dicts()
    if not suppliers:
        return
    maker = _OrderMaker(writer, items, accounts)
    for number in range(count):
        maker.order(number, writer.random.choice(suppliers))


class _OrderMaker:
    def __init__(self, writer: Writer, items: list[dict[str, Value]], accounts: list[Account]):
        self._writer = writer
        self._random = writer.random
        self._items = items
        self._accounts = accounts

    def order(self, number: int, supplier: dict[str, Value]) -> None:
        """Write header and lines; lines were changed with the header, or before, or after it."""
        rnd, writer = self._random, self._writer
        company = rnd.choice(COMPANY_CODES)
        money = Money(str(supplier["CRRP"]), COMPANIES[company][1])
        stamp = writer.order_stamp()
        header: dict[str, Any] = {
            **self._key(number, company),
            **self._header(number, supplier, company),
            **money.columns(),
        }
        header["TRDJ"] = min(header["TRDJ"], stamp["UPMJ"])
        fate = rnd.choices([name for name, _ in FATES], [weight for _, weight in FATES])[0]
        lines = [self._line(number, header, money, line, fate) for line in self._line_numbers(number)]
        counted = [line for line in lines if line["LTTR"] != STATUSES[CANCELLED][0]]
        header["OTOT"] = sum((line["AEXP"] for line in counted), Decimal(0))
        header["FAP"] = sum((line["FEA"] for line in counted), Decimal(0))
        writer.add("F4301", **header, **stamp)
        for line in lines:
            own = writer.order_stamp()
            changed = own if own["UPMJ"] >= header["TRDJ"] and rnd.random() < 0.5 else stamp
            cancelled = {"CNDJ": changed["UPMJ"]} if line["LTTR"] == STATUSES[CANCELLED][0] else {}
            writer.add("F4311", **line, **cancelled, **changed)

    def _key(self, number: int, company: str) -> dict[str, Value]:
        """Return the key. A requisition shares its number with the order before it: only the whole key is unique."""
        kind = {5: "OR", 9: "OB"}.get(number % 13, "OS" if number % 29 == 7 else "OP")
        document = FIRST_ORDER + number - (1 if kind == "OR" else 0)
        suffix = "001" if number % 19 == 4 else "000"
        return {"DOCO": document, "DCTO": kind, "KCOO": company, "SFXO": suffix}

    def _header(self, number: int, supplier: dict[str, Value], company: str) -> dict[str, Any]:
        rnd, writer = self._random, self._writer
        ordered = rnd.randint(5, 700)
        unit = {"00001": "1130", "00070": "2110", "00200": "3120"}[company]
        return {
            "MCU": unit,
            "AN8": supplier["AN8"],
            "SHAN": rnd.choice((1, 70, 200)),
            "TRDJ": writer.day(ordered),
            "DRQJ": writer.day(ordered - 14),
            "PDDJ": writer.day(ordered - rnd.randint(14, 60)),
            "PTC": supplier["TRAP"],
            "TXA1": supplier["TXA2"],
            "EXR1": "V" if supplier["TXA2"] else "",
            "HOLD": "B1" if number % 11 == 3 else "",
            "ORBY": rnd.choice(("", "JSMITH", "MKROL")),
        }

    def _line_numbers(self, number: int) -> list[Decimal]:
        """Return the line numbers: from 1, with gaps, and now and then a line that a split put in between."""
        rnd = self._random
        count = MANY_LINES if number % 40 == 20 else rnd.choices(*LINE_COUNTS)[0]
        found = [Decimal(line) for line in sorted(rnd.sample(range(1, count + 2), count))]
        return [*found, found[-1] + Decimal("0.001")] if number % 15 == 6 else found

    def _line(self, number: int, header: dict[str, Value], money: Money, line: Decimal, fate: str) -> dict[str, Any]:
        rnd = self._random
        shared = {name: header[name] for name in ("DOCO", "DCTO", "KCOO", "SFXO", "AN8", "MCU", "TRDJ", "PDDJ")}
        # By order, not by line: a target without account lines must still find orders it can take whole.
        by_account = number % 4 == 1 and (rnd.random() < 0.7 or not self._items)
        made = {**shared, **money.columns(), "LNID": line}
        made |= self._account_line(number, header, money) if by_account else self._item_line(money)
        state = rnd.choice(tuple(STATUSES)) if fate == "mixed" else fate
        return {**made, **open_columns(made, state)}

    def _item_line(self, money: Money) -> dict[str, Value]:
        rnd = self._random
        item = rnd.choice(self._items)
        quantity = Decimal(rnd.randint(1, 500)) if item["UOM1"] == "EA" else Decimal(rnd.randint(1, 40_000)) / 100
        price = Decimal(rnd.randint(100, 4_000_000)) / (100 if money.currency == "JPY" else 10_000)
        names = {name: item[name] for name in ("ITM", "LITM", "DSC1", "DSC2")}
        made: dict[str, Value] = {"LNTY": "S", "UORG": quantity, "UOM": item["UOM1"], "GLC": item["GLPT"]}
        return {**names, **made, **money.extended(quantity, price)}

    def _account_line(self, number: int, header: dict[str, Value], money: Money) -> dict[str, Value]:
        """Return a line without an item: a service by quantity, or a lump sum, charged to an account."""
        rnd = self._random
        account = self._account(str(header["KCOO"]), postable=number % 40 != 25)
        columns: dict[str, Value] = {
            "LNTY": "J", "DSC1": rnd.choice(("Calibration", "Roof repair", "Wartung Kühlanlage", "Consulting")),
            "AID": account.aid, "ANI": account.number, "OBJ": account.object, "SUB": account.subsidiary,
        }  # fmt: skip
        amount = Decimal(rnd.randint(5_000, 2_000_000)) / 100
        if rnd.random() < 0.4:
            return {**columns, "UORG": Decimal(0), "UOM": "", **money.lump_sum(amount)}
        hours = Decimal(rnd.randint(1, 160)) / 4
        price = (amount / 40).quantize(Decimal("0.0001"))
        return {**columns, "UORG": hours, "UOM": "HR", **money.extended(hours, price)}

    def _account(self, company: str, *, postable: bool) -> Account:
        own = [account for account in self._accounts if account.company == company]
        return self._random.choice([account for account in own if account.postable is postable])
