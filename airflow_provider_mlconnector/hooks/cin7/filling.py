"""What a supplier needs and its record leaves open: from the Connection, or as Cin7 itself has it by default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected
from airflow_provider_mlconnector.hooks.cin7.books import Book, Books
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.codes import MAPS, SOURCE_TAX, SOURCE_TERMS, name_for
from airflow_provider_mlconnector.hooks.cin7.documents import Supplier
from airflow_provider_mlconnector.hooks.cin7.results import Reasons

CODES = {"PaymentTerm": SOURCE_TERMS, "TaxRule": SOURCE_TAX}
REQUIRED = ("Currency", "PaymentTerm", "TaxRule", "AccountPayable")


def default_of(client: Cin7Client, field: str) -> str:
    """Return what a required field of a supplier is where its record has nothing; "" where nobody says."""
    given, books = client.connection.defaults, client.books
    if field == "Currency":
        return given.currency.upper() or client.me.currency.upper()
    if field == "PaymentTerm":
        return given.payment_term or next((each.name for each in books.terms.values() if each.is_default), "")
    if field == "TaxRule":
        return given.tax_rule
    payables = books.chart.payables
    return given.account_payable or (payables[0].code if len(payables) == 1 else "")


def check_defaults(client: Cin7Client, mapped: frozenset[str]) -> None:
    """Refuse defaults that are missing or that Cin7 does not know, before anything is read.

    :param mapped: the fields that the field map fills.
    :raises ConfigurationError: naming the default, and what there is.
    """
    for field, setting in zip(REQUIRED, ("currency", "payment_term", "tax_rule", "account_payable"), strict=True):
        value = default_of(client, field)
        if not value and field not in mapped and not _is_coded(client, field, mapped):
            raise ConfigurationError(
                f"Connection '{client.connection.conn_id}': suppliers need a {field}; set defaults.{setting} in extra"
            )
        try:
            in_books(client.books, field, value)
        except RecordRejected as unknown:
            raise ConfigurationError(
                f"Connection '{client.connection.conn_id}': defaults.{setting}: {unknown.message}"
            ) from None


def check_maps(client: Cin7Client) -> None:
    """Refuse maps of codes to what Cin7's reference books do not have.

    :raises ConfigurationError: naming the code, and what there is.
    """
    given, books = client.connection, client.books
    for setting, names, book in (
        ("payment_term_map", given.payment_term_map, books.terms),
        ("tax_rule_map", given.tax_rule_map, books.taxes),
    ):
        for code, name in names.items():
            if name not in book:
                raise ConfigurationError(f"Connection '{given.conn_id}': {setting}, '{code}': {book.unknown(name)}")


def in_books(books: Books, field: str, value: str) -> str:
    """Return a value as Cin7 has it; "" as it is.

    :raises RecordRejected: for one that its reference book does not have.
    """
    if not value or field == "Currency":
        return value.upper()
    if field == "AccountPayable":
        return _payable(books, value)
    book: Book[Any] = books.terms if field == "PaymentTerm" else books.taxes
    found = book.get(value)
    if found is None:
        code = "unknown_payment_term" if field == "PaymentTerm" else "unknown_tax_rule"
        raise RecordRejected(book.unknown(value), code=code)
    return str(found.name)


def _payable(books: Books, code: str) -> str:
    account = books.chart.by_code(code)
    payables = ", ".join(each.code for each in books.chart.payables) or "none"
    if account is None:
        raise RecordRejected(f"Cin7 has no account '{code}'; payable accounts: {payables}", code="unknown_account")
    if not account.is_payable:
        raise RecordRejected(
            f"account '{code}' is not an accounts payable (CREDITORS) one; those are: {payables}", code="not_payable"
        )
    if not account.is_active:
        raise RecordRejected(f"account '{code}' is not active in Cin7; payable: {payables}", code="inactive_account")
    return account.code


def completed(payload: Mapping[str, Any], client: Cin7Client, there: Supplier | None = None) -> dict[str, Any]:
    """Return a supplier's payload with all that Cin7 requires, by the names Cin7 has for it.

    :param there: the supplier as it is: what its record leaves open stays so.
    :raises RecordRejected: with every name that no reference book has.
    """
    reasons, filled = Reasons(), dict(payload)
    for field in REQUIRED:
        try:
            value = str(payload.get(field) or "").strip() or _coded(client, payload, field)
            if value:
                filled[field] = in_books(client.books, field, value)
            elif there is not None and (kept := str(there.raw.get(field) or "")):
                filled[field] = _kept(client.books, field, kept)
            else:
                filled[field] = in_books(client.books, field, default_of(client, field))
        except RecordRejected as unknown:
            reasons.add(unknown.code or "", f"{field}: {unknown.message}")
            continue
        if filled[field] == "" and there is None:
            reasons.add("missing_value", f"{field}: the record has none, and the Connection no default")
    reasons.refuse()
    return {name: value for name, value in filled.items() if name not in REQUIRED or value}


def _is_coded(client: Cin7Client, field: str, mapped: frozenset[str]) -> bool:
    """Whether the source's codes say what a field is; a record with none of them is refused by itself."""
    code = CODES.get(field)
    return code in mapped and bool(getattr(client.connection, MAPS[code]))


def _coded(client: Cin7Client, payload: Mapping[str, Any], field: str) -> str:
    code = CODES.get(field)
    return name_for(client, payload, code) if code else ""


def _kept(books: Books, field: str, value: str) -> str:
    """Return what a supplier has; "" (not sent) where Cin7 would refuse it today, such as a term made inactive."""
    try:
        return in_books(books, field, value)
    except RecordRejected:
        return ""
