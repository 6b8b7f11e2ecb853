"""Fills the tables from a seed: the same seed, scale and day give the same company."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from . import names
from .accounts import ledger_accounts
from .orders import purchase_orders
from .parties import Party, PartyMaker
from .payables import vouchers
from .people import ContactMaker
from .store import Store
from .writer import Writer

CUSTOMERS, SUPPLIERS, EMPLOYEES, ITEMS, OPPORTUNITIES = 400, 60, 40, 120, 150
ORDERS, VOUCHERS = 120, 80
FIRST_CUSTOMER = 1001


def fill(store: Store, *, seed: int, scale: float, today: date) -> None:
    """Generate all tables; `scale` 1 is about 400 customers, 900 contacts, 120 orders of 500 lines."""
    writer = Writer(store, seed, today)
    customers = _customers(writer, scale)
    _suppliers(writer, scale, customers)
    _others(writer, scale, customers)
    _business_units(writer)
    _items(writer, scale)
    _opportunities(writer, scale, customers)
    writer.flush()
    purchasing = Writer(store, seed, today, "jde:purchasing")
    accounts = ledger_accounts(purchasing, scale)
    purchase_orders(purchasing, store, accounts, _size(ORDERS, scale))
    vouchers(purchasing, store, accounts, _size(VOUCHERS, scale))
    purchasing.flush()


def _size(base: int, scale: float) -> int:
    return max(1, round(base * scale)) if scale > 0 else 0


def _customers(writer: Writer, scale: float) -> list[Party]:
    maker = PartyMaker(writer)
    contacts = ContactMaker(writer)
    made = []
    for number in range(_size(CUSTOMERS, scale)):
        party = maker.party(FIRST_CUSTOMER + number, "C")
        maker.customer_rows(party)
        if e_mail := contacts.company_lines(party):
            writer.mailboxes.append(e_mail)
        contacts.contacts(party)
        made.append(party)
    return made


def _suppliers(writer: Writer, scale: float, customers: list[Party]) -> None:
    """Suppliers; each fifth is one of the customers too, each tenth has the e-mail address of a customer."""
    maker, contacts = PartyMaker(writer), ContactMaker(writer)
    first = FIRST_CUSTOMER + len(customers) + 1000
    for number in range(_size(SUPPLIERS, scale)):
        if number % 5 == 2 and customers:
            maker.supplier_rows(customers[(number * 7) % len(customers)])
            continue
        party = maker.party(first + number, "V")
        maker.supplier_rows(party)
        contacts.company_lines(party)
        contacts.contacts(party)
        if number % 10 == 1 and writer.mailboxes:
            shared = writer.mailboxes[number // 10 * 3 % len(writer.mailboxes)]
            contacts.shared_mailbox(party, shared.upper() if number % 20 == 11 else shared)


def _others(writer: Writer, scale: float, customers: list[Party]) -> None:
    """Employees; a prospect without a customer master row; a customer master row without an address book row."""
    maker, contacts = PartyMaker(writer), ContactMaker(writer)
    first = FIRST_CUSTOMER + len(customers) + 1000 + _size(SUPPLIERS, scale) + 1000
    employees = _size(EMPLOYEES, scale)
    for number in range(employees):
        contacts.employee(maker.party(first + number, "E"))
    if customers:
        contacts.company_lines(maker.party(first + employees + 1, "C"))
        orphan = Party(first + employees + 2, "", names.US, "", maker.stamp())
        maker.customer_rows(orphan, addresses=False)


def _business_units(writer: Writer) -> None:
    for number, company in enumerate(names.COMPANIES):
        for unit in ("", "10", "20", "30"):
            code = f"{number * 10 + 1}{unit}" if company != "00000" else f"9{unit}"
            name = f"Plant {code}" if unit else f"Company {company}"
            stamp = writer.stamp()
            writer.add("F0006", MCU=code, STYL="BP" if unit else "BS", CO=company, DL01=name, RP01="EST", **stamp)


def _items(writer: Writer, scale: float) -> None:
    rnd = writer.random
    for number in range(_size(ITEMS, scale)):
        writer.add(
            "F4101", ITM=60001 + number, LITM=f"{rnd.choice('ABCDE')}{number:05d}", AITM=f"AI-{number:05d}",
            DSC1=f"{rnd.choice(names.ITEMS)} {rnd.randint(4, 400)} mm", DSC2=rnd.choice(("", "", "stainless")),
            STKT=rnd.choice("PM"), LNTY="S", UOM1=rnd.choice(("EA", "KG", "M")), GLPT="IN30", **writer.stamp(),
        )  # fmt: skip


def _opportunities(writer: Writer, scale: float, customers: list[Party]) -> None:
    rnd = writer.random
    for number in range(_size(OPPORTUNITIES, scale) if customers else 0):
        party = rnd.choice(customers)
        stamp = writer.stamp()
        writer.add(
            "OPPORTUNITY", OPID=f"OPP-{number + 1:06d}", AN8=party.number,
            NAME=f"{party.name} - {rnd.choice(names.ITEMS)}", CRCD=party.locale.currency,
            STAGE=rnd.choice(names.STAGES), AMOUNT=Decimal(rnd.randint(5_000, 9_000_000)) / 100,
            CLOSEJ=writer.day(-rnd.randint(-120, 200)), UPMJ=stamp["UPMJ"], UPMT=stamp["UPMT"],
        )  # fmt: skip
