"""Which endpoint answers which path, what its body may hold and which parameters it knows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from airflow_provider_mlconnector.sandbox.cin7 import (
    accounts,
    books,
    orders,
    products,
    purchase_list,
    purchases,
    suppliers,
)
from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply
from airflow_provider_mlconnector.sandbox.cin7.company import Company
from airflow_provider_mlconnector.sandbox.cin7.shapes import Shape

Handler = Callable[[Company, Ask], Reply]


@dataclass(frozen=True)
class Endpoint:
    """One operation. Members and parameters beside `shape` and `query` are ignored by the vendor, remembered by us."""

    handler: Handler
    query: tuple[str, ...] = ()
    shape: Shape | None = None


_PAGE = ("Page", "Limit")
_ONE = ("ID", "CombineAdditionalCharges")


def _purchase(kind: str, post: Shape) -> dict[str, Endpoint]:
    return {
        "GET": Endpoint(purchases.read_one(kind), _ONE),
        "POST": Endpoint(purchases.create(kind), shape=post),
        "PUT": Endpoint(purchases.change(kind), shape=purchases.PUT),
        "DELETE": Endpoint(purchases.void(kind), ("ID", "Void")),
    }


def _book(book: books.Book, *, removable: bool = True) -> dict[str, Endpoint]:
    hidden = (book.hides[1],) if book.hides else ()
    found = {
        "GET": Endpoint(books.listing(book), (*_PAGE, "ID", "Name", *book.flags, *book.texts, *hidden)),
        "POST": Endpoint(books.creating(book), shape=book.post),
        "PUT": Endpoint(books.changing(book), shape=book.put),
    }
    return found | ({"DELETE": Endpoint(books.deleting(book), ("ID",))} if removable else {})


PATHS: Mapping[str, Mapping[str, Endpoint]] = {
    "/me": {"GET": Endpoint(books.me)},
    "/supplier": {
        "GET": Endpoint(suppliers.listed, (*_PAGE, "ID", "Name", "ModifiedSince", "IncludeDeprecated")),
        "POST": Endpoint(suppliers.create, shape=suppliers.POST),
        "PUT": Endpoint(suppliers.change, shape=suppliers.PUT),
    },
    "/purchaseList": {
        "GET": Endpoint(
            purchase_list.listed,
            (*_PAGE, "Search", "RequiredBy", "UpdatedSince", "UpdatedUntil", "DropShipTaskID", *purchase_list.STATES),
        )
    },
    "/purchase": _purchase(purchases.SIMPLE, purchases.POST_SIMPLE),
    "/advanced-purchase": _purchase(purchases.ADVANCED, purchases.POST),
    "/purchase/order": {
        "GET": Endpoint(orders.read_one, ("TaskID", "CombineAdditionalCharges")),
        "POST": Endpoint(orders.write, shape=orders.POST),
    },
    "/product": {
        "GET": Endpoint(
            products.listed,
            (
                *_PAGE, "ID", "Name", "Sku", "ModifiedSince", "IncludeDeprecated", "IncludeBOM", "IncludeSuppliers",
                "IncludeMovements", "IncludeAttachments", "IncludeReorderLevels", "IncludeCustomPrices",
            ),
        )
    },
    "/ref/account": {
        "GET": Endpoint(accounts.listed, (*_PAGE, "Code", "Name", "Type", "Status", "Class")),
        "POST": Endpoint(accounts.create, shape=accounts.POST),
        "PUT": Endpoint(accounts.change, shape=accounts.PUT),
        "DELETE": Endpoint(accounts.delete, ("Code",)),
    },
    "/ref/account/bank": {"GET": Endpoint(accounts.banks, (*_PAGE, "ID", "Name", "Bank"))},
    "/ref/tax": _book(books.TAXES, removable=False),
    "/ref/paymentterm": _book(books.TERMS),
    "/ref/location": _book(books.LOCATIONS),
    "/ref/unit": _book(books.UNITS),
    "/ref/brand": _book(books.BRANDS),
    "/ref/category": _book(books.CATEGORIES),
}  # fmt: skip
"""Path below `/ExternalApi/v2` → method → endpoint."""
