"""`/ref/account`: the chart of accounts.

Source: https://dearinventory.docs.apiary.io (Chart of accounts); an unknown code and the form of system accounts are
what callers have recorded and what the newer text says.
"""

from __future__ import annotations

from typing import Any

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, Row, one
from airflow_provider_mlconnector.sandbox.cin7.company import CURRENCY, Company
from airflow_provider_mlconnector.sandbox.cin7.errors import Refused, missing
from airflow_provider_mlconnector.sandbox.cin7.shapes import Choice, Flag, Kind, Shape, Text, read

SYSTEM = {"CREDITORS": "Accounts Payable", "DEBTORS": "Accounts Receivable", "GST": "Tax Liability"}
"""System account: code → name."""
CLASSES = {
    "ASSET": ("BANK", "CURRENT", "FIXED", "NONCURRENT", "PREPAYMENT", "INVENTORY"),
    "LIABILITY": (
        "CURRLIAB", "LIABILITY", "TERMLIA", "PAYGLIABILITY", "SUPERANNUATIONLIABILITY", "WAGESPAYABLELIABILITY",
    ),
    "EXPENSE": ("EXPENSE", "DIRECTCOSTS", "OVERHEADS", "DEPRECIATN"),
    "EQUITY": ("EQUITY",),
    "REVENUE": ("REVENUE", "SALES", "OTHERINCOME"),
}  # fmt: skip
"""Class → the types it has."""
TYPES = tuple(each for types in CLASSES.values() for each in types)
_MEMBERS: dict[str, Kind] = {
    "Code": Text(50),
    "Name": Text(256),
    "Type": Choice(TYPES),
    "Status": Choice(("ACTIVE", "DEPRECATED")),
    "Description": Text(1024),
    "Class": Choice(tuple(CLASSES)),
    "ForPayments": Flag(),
    "Bank": Text(256),
    "BankAccountNumber": Text(50),
    "Currency": Text(3),
}
REQUIRED = ("Code", "Name", "Type", "Status")
POST = Shape({**_MEMBERS, "SystemAccount": Choice(tuple(SYSTEM))}, REQUIRED)
PUT = Shape(_MEMBERS, REQUIRED)


def listed(company: Company, ask: Ask) -> Reply:
    """Answer a page of accounts, by code; an unknown code is refused."""
    code, start = ask.text("Code"), (ask.text("Name") or "").lower()
    if code is not None and code not in company.accounts:
        raise Refused("Account with specified ID not found", code=404)
    wanted = {name: text.upper() for name in ("Type", "Status", "Class") if (text := ask.text(name))}
    found = [
        show(company, row)
        for row in sorted(company.accounts.values(), key=lambda each: str(each["Code"]))
        if code in {None, row["Code"]}
        and row["Name"].lower().startswith(start)
        and all(row[name] == value for name, value in wanted.items())
    ]
    return ask.page("AccountsList", found)


def banks(company: Company, ask: Ask) -> Reply:
    """Answer a page of bank accounts."""
    own_id, start, bank = ask.guid("ID"), (ask.text("Name") or "").lower(), ask.text("Bank")
    found = [
        {
            "AccountID": row["BankAccountId"],
            "AccountCode": row["Code"],
            "AccountName": row["Name"],
            "AccountNumber": row["BankAccountNumber"],
            "Bank": row["Bank"],
            "Currency": row["Currency"],
            **dict.fromkeys(("InitialBalance", "StatementBalance", "BalanceInDear"), 0),
        }
        for row in company.accounts.values()
        if row["Type"] == "BANK"
        and own_id in {None, row["BankAccountId"]}
        and row["Name"].lower().startswith(start)
        and bank in {None, row["Bank"]}
    ]
    return ask.page("BankAccountsList", found)


def create(company: Company, ask: Ask) -> Reply:
    """Add an account, unless the chart belongs to an accounting system."""
    _check_tie(company, "POST")
    return one("AccountsList", show(company, add(company, ask.body)))


def change(company: Company, ask: Ask) -> Reply:
    """Change the account of the body's code, unless the chart belongs to an accounting system."""
    _check_tie(company, "PUT")
    given = read(PUT, ask.body, partial=True)
    row = _known(company, given.get("Code"))
    changed = row | given
    _check_bank(changed)
    row |= changed
    return one("AccountsList", show(company, row))


def delete(company: Company, ask: Ask) -> Reply:
    """Remove an account, unless it is the system's or a supplier's, or the chart belongs to an accounting system."""
    _check_tie(company, "DELETE")
    row = _known(company, ask.text("Code"))
    if row["SystemAccount"] or any(each["AccountPayable"] == row["Code"] for each in company.suppliers.values()):
        raise Refused(f"Account {row['Code']} is used and cannot be deleted")
    del company.accounts[row["Code"]]
    return Reply({"Success": True}, written=1)


def add(company: Company, body: Any) -> Row:
    """Add an account described as in the body of a POST; raises `Refused`."""
    given = read(POST, body)
    if given["Code"] in company.accounts:
        raise Refused(f"Account with code '{given['Code']}' already exists. Account code must be unique.")
    row: Row = dict.fromkeys(("OldCode", "SystemAccount", "Bank", "BankAccountNumber", "BankAccountId"))
    row |= {"Description": "", "ForPayments": False, "Currency": CURRENCY, "Class": class_of(given["Type"]), **given}
    _check_bank(row)
    if row["Type"] == "BANK":
        row["BankAccountId"] = company.next_id()
    company.accounts[row["Code"]] = row
    return row


def class_of(kind: str) -> str:
    """Return the class a type belongs to."""
    return next(each for each, types in CLASSES.items() if kind in types)


def show(company: Company, row: Row) -> Row:
    """Return an account as the vendor answers it."""
    shown = row | {"DisplayName": f"{row['Code']}: {row['Name']}"}
    if company.options.account_form == "names":
        code = row["SystemAccount"]
        shown |= {"SystemAccount": SYSTEM.get(code or ""), "SystemAccountCode": code}
    return shown


def _known(company: Company, code: str | None) -> Row:
    if not code:
        raise Refused(missing("Code"))
    if code not in company.accounts:
        raise Refused("Account with specified ID not found", code=404)
    return company.accounts[code]


def _check_tie(company: Company, method: str) -> None:
    tied = company.options.tied_to
    if tied and (method == "PUT" or company.options.tied_refuses == "all"):
        name = {"xero": "Xero", "quickbooks": "QuickBooks"}[tied]
        raise Refused(f"{method} is not allowed for Chart of Accounts while {name} integration is enabled")


def _check_bank(row: Row) -> None:
    absent = [name for name in ("Bank", "BankAccountNumber") if not row.get(name)] if row["Type"] == "BANK" else []
    texts = [missing(name) for name in absent]
    if row["Class"] != class_of(row["Type"]):
        texts.append(f"Account type {row['Type']} does not belong to class {row['Class']}")
    if texts:
        raise Refused(*texts)
