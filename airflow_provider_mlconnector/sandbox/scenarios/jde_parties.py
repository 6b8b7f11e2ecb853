"""What customers and vendors must look like as parties, told from the tables of a JD Edwards address book alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Stamp = tuple[str, int]
BY_DAY = ("F03012", "F0401", "F0116")
"""Tables whose time of change is not read: Oracle's column lists name a day only."""


@dataclass(frozen=True)
class Party:
    """A customer (F03012) or vendor (F0401) with an address book row.

    `email` is the first of type E on line 0, else on the lowest line that has one, "" for none; `line` is that line,
    whose `given` and `surname` the party has. `phone` (F0115) is line 0's, else that line's; `web` is line 0's first
    of type I; `address` is in force; `stamps` are the days and times of change of the rows, by table (`F01151_I`: web).
    """

    number: int
    type: str
    name: str
    email: str
    line: int | None
    given: str
    surname: str
    phone: Row | None
    web: str
    address: Row | None
    stamps: dict[str, Stamp]

    @property
    def key(self) -> str:
        """The record's key."""
        return str(self.number)

    def stamp(self, tables: Collection[str] | None = None) -> Stamp:
        """Return the newest change, of the rows of all tables or of those that a field map reads."""
        return max(stamp for table, stamp in self.stamps.items() if tables is None or table in tables)


class PartyBook:
    """The tables by address number."""

    def __init__(self, tables: dict[str, list[Row]], address: Callable[[int], Row | None]):
        self._address = address
        self._rows: dict[str, dict[int, list[Row]]] = {}
        for table in ("F03012", "F0401", "F0101", "F0111", "F0115", "F01151"):
            self._rows[table] = defaultdict(list)
            for row in tables[table]:
                self._rows[table][row["AN8"]].append(row)

    def party(self, number: int) -> Party:
        """Return the party with this number."""
        mail, web = self._e_mail(number), self._web(number)
        line = mail["IDLN"] if mail else None
        person = next((row for row in self._rows["F0111"][number] if row["IDLN"] == line), None)
        book, phone, address = self._rows["F0101"][number][0], self._phone(number, line), self._address(number)
        master, payee = self._master(number), next(iter(self._rows["F0401"][number]), None)
        dated = {"F03012": master, "F0401": payee, "F0101": book, "F0116": address}
        dated |= {"F0111": person, "F0115": phone, "F01151": mail, "F01151_I": web}
        return Party(
            number=number,
            type="Customer and vendor" if master and payee else "Customer" if master else "Vendor",
            name=book["ALPH"],
            email=mail["EMAL"] if mail else "",
            line=line,
            given=person["GNNM"] if person else "",
            surname=person["SRNM"] if person else "",
            phone=phone,
            web=web["EMAL"] if web else "",
            address=address,
            stamps={table: _stamp(table, row) for table, row in dated.items() if row},
        )

    def _master(self, number: int) -> Row | None:
        rows = sorted(self._rows["F03012"][number], key=lambda row: str(row["CO"]))
        return next((row for row in rows if row["CO"] == "00000"), rows[0] if rows else None)

    def _e_mail(self, number: int) -> Row | None:
        mails = [row for row in self._rows["F01151"][number] if row["ETP"] == "E" and row["EMAL"]]
        return min(mails, key=lambda row: (row["IDLN"], row["RCK7"]), default=None)

    def _web(self, number: int) -> Row | None:
        own = [row for row in self._rows["F01151"][number] if row["IDLN"] == 0 and row["ETP"] == "I" and row["EMAL"]]
        return min(own, key=lambda row: int(row["RCK7"]), default=None)

    def _phone(self, number: int, line: int | None) -> Row | None:
        """Return a number to speak on: landlines before mobiles, no fax."""
        for wanted in (0, line):
            rows = [row for row in self._rows["F0115"][number] if row["IDLN"] == wanted]
            spoken = [row for row in rows if row["PHTP"] != "FAX" and row["PH1"]]
            if spoken:
                return min(spoken, key=lambda row: (row["PHTP"] == "MOB", row["RCK7"], row["CNLN"]))
        return None


def _stamp(table: str, row: Row) -> Stamp:
    return row["UPMJ"], 0 if table in BY_DAY else row["UPMT"]


def owners(parties: Iterable[Party], tables: Collection[str] | None = None) -> dict[str, Party]:
    """Return e-mail address in small letters → the party it belongs to: the newest, of equals the lowest key.

    :param tables: those that a field map reads; only their rows make a party newer.
    """
    found: dict[str, Party] = {}
    for party in sorted(parties, key=lambda party: party.key):
        holder = found.get(party.email.casefold())
        if party.email and (holder is None or party.stamp(tables) > holder.stamp(tables)):
            found[party.email.casefold()] = party
    return found
