"""What tests may do to an account behind its API's back, through `/_sandbox/change`.

`{"authorise": purchase}`, and `draft`, `void`, `receive` likewise (a purchase's ID or number);
`{"invoice": {"purchase", "number"}}`; `{"note": {"purchase", "text"}}`; `{"add_supplier": {"Name", …}}`;
`{"rename_supplier": {"from", "to"}}`; `{"deprecate_supplier": name}`; `{"add_product": {"SKU", …}}`;
`{"deprecate_product": sku}`; `{"add_account": {"Code", "Name", …}}`; `{"deprecate_account": code}`;
`{"remove_account": code}`; `{"add_term": {…}}`, `{"add_tax": {…}}`, `{"add_location": {…}}` as in a POST;
`{"deactivate_term": name}`; `{"deactivate_tax": name}`; `{"deprecate_location": name}`;
`{"tie": "xero" | "quickbooks" | ""}`; `{"other_calls": number}` of somebody else who uses the quota;
`{"options": {name: value}}`; `{"clear": true}` (suppliers and purchases).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mlconnector.sandbox.cin7 import accounts, books, products, seeds, suppliers
from airflow_provider_mlconnector.sandbox.cin7.ask import Row
from airflow_provider_mlconnector.sandbox.cin7.company import Company, named
from airflow_provider_mlconnector.sandbox.cin7.limits import Limits


def apply_change(company: Company, limits: Limits, command: Mapping[str, Any]) -> dict[str, Any]:
    """Do the one or more things a command names; raises `ValueError` or `KeyError` for what cannot be done."""
    known = {*CHANGES, "other_calls"}
    if unknown := set(command) - known:
        raise ValueError(f"unknown change {sorted(unknown)}; known: {', '.join(sorted(known))}")
    done: dict[str, Any] = {}
    for name, argument in command.items():
        done[name] = limits.use(argument) if name == "other_calls" else CHANGES[name](company, argument)
    return done


def _purchase(company: Company, wanted: str) -> Row:
    found = (row for row in company.purchases.values() if wanted in {row["ID"], row["OrderNumber"]})
    row = next(found, None)
    if row is None:
        raise KeyError(f"no purchase {wanted}")
    row["LastUpdatedDate"] = company.now()
    return row


def _turn(status: str) -> Callable[[Company, Any], str]:
    def turn(company: Company, wanted: Any) -> str:
        row = _purchase(company, wanted)
        row["Order"]["Status"] = status
        return str(row["ID"])

    return turn


def _receive(company: Company, wanted: Any) -> str:
    row = _purchase(company, wanted)
    row["Order"]["Status"], row["Later"] = "AUTHORISED", "RECEIVED"
    return str(row["ID"])


def _invoice(company: Company, described: Mapping[str, str]) -> str:
    row = _purchase(company, described["purchase"])
    row["Order"]["Status"], row["Later"], row["InvoiceNumber"] = "AUTHORISED", "INVOICED", described["number"]
    return str(row["ID"])


def _note(company: Company, described: Mapping[str, str]) -> str:
    row = _purchase(company, described["purchase"])
    row["Note"] = described["text"]
    return str(row["ID"])


def _add_supplier(company: Company, described: Mapping[str, Any]) -> str:
    return str(suppliers.add(company, seeds.supplier(described["Name"]) | dict(described))["ID"])


def _supplier(company: Company, name: str) -> Row:
    row = company.supplier_named(name)
    if row is None:
        raise KeyError(f"no supplier {name}")
    row["LastModifiedOn"] = company.now()
    return row


def _rename_supplier(company: Company, described: Mapping[str, str]) -> str:
    row = _supplier(company, described["from"])
    row["Name"] = described["to"]
    return str(row["ID"])


def _deprecate_supplier(company: Company, name: str) -> str:
    row = _supplier(company, name)
    row["Status"] = "Deprecated"
    return str(row["ID"])


def _add_product(company: Company, described: Mapping[str, Any]) -> str:
    return str(products.add(company, described)["ID"])


def _deprecate_product(company: Company, sku: str) -> str:
    row = company.product_of(sku)
    if row is None:
        raise KeyError(f"no product {sku}")
    row |= {"Status": "Deprecated", "LastModifiedOn": company.now()}
    return str(row["ID"])


def _add_account(company: Company, described: Mapping[str, Any]) -> str:
    return str(accounts.add(company, {"Type": "EXPENSE", "Status": "ACTIVE", **described})["Code"])


def _deprecate_account(company: Company, code: str) -> str:
    company.accounts[code]["Status"] = "DEPRECATED"
    return code


def _remove_account(company: Company, code: str) -> str:
    del company.accounts[code]
    return code


def _add(book: books.Book) -> Callable[[Company, Any], str]:
    return lambda company, described: str(books.add(company, book, described)["ID"])


def _set(book: books.Book, flag: str, value: bool) -> Callable[[Company, Any], str]:
    def change(company: Company, name: Any) -> str:
        row = named(book.rows(company), name)
        if row is None:
            raise KeyError(f"no {book.what.lower()} {name}")
        row[flag] = value
        return str(row["ID"])

    return change


def _tie(company: Company, system: str) -> str:
    company.options.update({"tied_to": system or ""})
    return company.options.tied_to


def _options(company: Company, values: Mapping[str, Any]) -> dict[str, Any]:
    company.options.update(values)
    return dict(values)


def _clear(company: Company, _: Any) -> bool:
    company.purchases.clear()
    company.suppliers.clear()
    return True


CHANGES: dict[str, Callable[[Company, Any], Any]] = {
    "authorise": _turn("AUTHORISED"),
    "draft": _turn("DRAFT"),
    "void": _turn("VOIDED"),
    "receive": _receive,
    "invoice": _invoice,
    "note": _note,
    "add_supplier": _add_supplier,
    "rename_supplier": _rename_supplier,
    "deprecate_supplier": _deprecate_supplier,
    "add_product": _add_product,
    "deprecate_product": _deprecate_product,
    "add_account": _add_account,
    "deprecate_account": _deprecate_account,
    "remove_account": _remove_account,
    "add_term": _add(books.TERMS),
    "add_tax": _add(books.TAXES),
    "add_location": _add(books.LOCATIONS),
    "deactivate_term": _set(books.TERMS, "IsActive", False),
    "deactivate_tax": _set(books.TAXES, "IsActive", False),
    "deprecate_location": _set(books.LOCATIONS, "IsDeprecated", True),
    "tie": _tie,
    "options": _options,
    "clear": _clear,
}
