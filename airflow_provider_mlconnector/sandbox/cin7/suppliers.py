"""`/supplier`: listed by the beginning of the name, created, changed.

Source: https://dearinventory.docs.apiary.io (Supplier); what an omitted attribute means is what callers have recorded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, Row, one
from airflow_provider_mlconnector.sandbox.cin7.company import Company, changed_since
from airflow_provider_mlconnector.sandbox.cin7.errors import Refused, missing, not_found
from airflow_provider_mlconnector.sandbox.cin7.shapes import Choice, Flag, Guid, Many, Number, Shape, Text, read

ATTRIBUTES = {f"AdditionalAttribute{number}": Text(256) for number in range(1, 11)}
ADDRESS = Shape(
    {
        "ID": Guid(),
        "Line1": Text(256),
        "Line2": Text(256),
        "City": Text(256),
        "State": Text(256),
        "Postcode": Text(20),
        "Country": Text(256),
        "Type": Choice(("Billing", "Business", "Shipping")),
        "DefaultForType": Flag(),
    },
    ("Line1", "Country", "Type"),
)
CONTACT = Shape(
    {
        "ID": Guid(),
        "Name": Text(256),
        "Phone": Text(50),
        "MobilePhone": Text(50),
        "Fax": Text(50),
        "Email": Text(256),
        "Website": Text(256),
        "Comment": Text(256),
        "Default": Flag(),
        "IncludeInEmail": Flag(),
    },
    ("Name",),
)
REQUIRED = ("Name", "Currency", "PaymentTerm", "TaxRule", "AccountPayable")
POST = Shape(
    {
        "Name": Text(256),
        "Currency": Text(3),
        "PaymentTerm": Text(256),
        "TaxRule": Text(50),
        "AccountPayable": Text(50),
        "Status": Choice(("Active", "Deprecated"), as_given=True),
        "Discount": Number(0, 100, 2),
        "Comments": Text(256),
        "TaxNumber": Text(50, digits=True),
        "AttributeSet": Text(256),
        **ATTRIBUTES,
        "Addresses": Many(ADDRESS),
        "Contacts": Many(CONTACT),
    },
    REQUIRED,
)
PUT = Shape({"ID": Guid(), **POST.members}, ("ID", *REQUIRED))
_BLANK: Row = {"Status": "Active", "Discount": 0, "Comments": "", "TaxNumber": "", "AttributeSet": None}


def listed(company: Company, ask: Ask) -> Reply:
    """Answer a page of suppliers, by name; deprecated ones only when asked for."""
    wanted_id, start = ask.guid("ID"), (ask.text("Name") or "").lower()
    hidden = not ask.flag("IncludeDeprecated")
    found = [
        row
        for row in changed_since(company.suppliers.values(), ask.moment("ModifiedSince"))
        if wanted_id in {None, row["ID"]}
        and row["Name"].lower().startswith(start)
        and not (hidden and is_deprecated(row))
    ]
    return ask.page("SupplierList", sorted(found, key=lambda row: (row["Name"].lower(), row["ID"])))


def create(company: Company, ask: Ask) -> Reply:
    """Add a supplier."""
    return one("SupplierList", add(company, ask.body))


def change(company: Company, ask: Ask) -> Reply:
    """Change what a body names of a supplier; addresses and contacts without an ID are added."""
    if not ask.body.get("ID"):
        raise Refused(missing("ID"))
    given = read(PUT, ask.body, partial=True)
    row = company.suppliers.get(given["ID"])
    if row is None:
        raise not_found("Supplier")
    _check(company, given, row["ID"])
    _write(company, row, given)
    return one("SupplierList", row)


def add(company: Company, body: Any) -> Row:
    """Add a supplier described as in the body of a POST; raises `Refused`."""
    given = read(POST, body)
    _check(company, given, None)
    row: Row = {"ID": company.next_id(), **dict.fromkeys(REQUIRED, ""), **_BLANK, **dict.fromkeys(ATTRIBUTES, "")}
    row |= {"Addresses": [], "Contacts": []}
    company.suppliers[row["ID"]] = row
    # An ID is for changes only; here it says nothing.
    parts = {name: [{**each, "ID": None} for each in given.get(name, ())] for name in ("Addresses", "Contacts")}
    _write(company, row, given | parts)
    return row


def is_deprecated(row: Row) -> bool:
    """Whether a supplier is no longer used."""
    return str(row["Status"]).lower() == "deprecated"


def _check(company: Company, given: Row, own_id: str | None) -> None:
    texts = [*company.wrong_references(given), *_wrong_name(company, given, own_id)]
    if not re.fullmatch("[A-Z]{3}", given.get("Currency", "USD")):
        texts.append(f"Currency '{given['Currency']}' is not a valid currency code.")
    row = company.suppliers.get(own_id or "")
    for name, what in (("Addresses", "Address"), ("Contacts", "Contact")):
        held = {each["ID"] for each in row[name]} if row else set()
        unknown = [each["ID"] for each in given.get(name, ()) if own_id and each.get("ID") and each["ID"] not in held]
        texts += [f"{what} with ID {each} was not found" for each in unknown]
    if texts:
        raise Refused(*texts)


def _wrong_name(company: Company, given: Row, own_id: str | None) -> Iterator[str]:
    if "Name" in given and company.options.unique_suppliers:
        other = company.supplier_named(given["Name"])
        if other is not None and other["ID"] != own_id:
            yield f"Supplier with name '{given['Name']}' already exists. Supplier name must be unique."


def _write(company: Company, row: Row, given: Row) -> None:
    row |= {name: value for name, value in given.items() if name not in {"ID", "Addresses", "Contacts"}}
    for each in given.get("Addresses", ()):
        made = _part(company, row, "Addresses", each, ADDRESS)
        _only_default(row["Addresses"], made, "DefaultForType", same="Type")
    for each in given.get("Contacts", ()):
        made = _part(company, row, "Contacts", each, CONTACT)
        _only_default(row["Contacts"], made, "Default")
    row["LastModifiedOn"] = company.now()


def _part(company: Company, row: Row, name: str, given: Row, shape: Shape) -> Row:
    """Write one address or contact: the one with its ID, else a new one."""
    held: Row | None = next((each for each in row[name] if each["ID"] == given.get("ID")), None)
    if held is not None:
        held.update(given)
        return held
    blank: Row = {key: False if isinstance(kind, Flag) else "" for key, kind in shape.members.items()}
    made = blank | {key: value for key, value in given.items() if value is not None}
    made |= {"ID": company.next_id(), "SupplierID": row["ID"]}
    row[name].append(made)
    return made


def _only_default(parts: list[Row], made: Row, flag: str, same: str = "SupplierID") -> None:
    for each in parts:
        if made[flag] and each is not made and each[same] == made[same]:
            each[flag] = False
