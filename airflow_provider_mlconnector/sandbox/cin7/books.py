"""The reference books beside the chart of accounts: tax rules, payment terms, locations, units, brands, categories.

Source: https://dearinventory.docs.apiary.io (Reference books).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.sandbox.cin7.ask import Ask, Reply, Row, one
from airflow_provider_mlconnector.sandbox.cin7.company import CURRENCY, Company, named
from airflow_provider_mlconnector.sandbox.cin7.errors import Refused, missing, not_found
from airflow_provider_mlconnector.sandbox.cin7.shapes import (
    Choice,
    Flag,
    Guid,
    Many,
    Number,
    Percent,
    Shape,
    Text,
    read,
)

METHODS = (
    "number of days",
    "day of next month",
    "last day of next month",
    "days since the end of the month",
)
_COMPONENT = Shape(
    {
        "ID": Guid(),
        "Name": Text(256),
        "Percent": Percent(),
        "AccountCode": Text(50, blank=True),
        "Compound": Text(5),
        "ComponentOrder": Text(5, digits=True),
    },
    ("Name", "Percent"),
)
_ADDRESS = ("Line1", "Line2", "CitySuburb", "StateProvince", "ZipPostCode", "Country")


@dataclass(frozen=True)
class Book:
    """A reference book: its table in `Company`, its list's name, its members, and what they are when not given.

    `flags`: parameters that must equal a member; `texts` likewise; `bare`: a POST or PUT answers the record alone;
    `hides`: the member whose records are listed only when asked for by the parameter of the second name.
    """

    table: str
    key: str
    what: str
    shape: Shape
    blank: Mapping[str, Any]
    flags: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    bare: bool = False
    hides: tuple[str, str] | None = None

    def rows(self, company: Company) -> dict[str, Row]:
        """Return the table."""
        found: dict[str, Row] = getattr(company, self.table)
        return found

    @property
    def post(self) -> Shape:
        """What the body of a POST holds."""
        return self.shape

    @property
    def put(self) -> Shape:
        """What the body of a PUT holds."""
        return Shape({"ID": Guid(), **self.shape.members}, self.shape.required)


TAXES = Book(
    "taxes", "TaxRuleList", "Tax rule",
    Shape(
        {
            "Name": Text(50), "Account": Text(50), "IsActive": Flag(), "TaxInclusive": Flag(), "TaxPercent": Number(),
            "IsTaxForSale": Flag(), "IsTaxForPurchase": Flag(), "Components": Many(_COMPONENT),
        },
        ("Name", "Account", "Components"),
    ),
    {"IsActive": True, "TaxInclusive": False, "IsTaxForSale": False, "IsTaxForPurchase": False, "Components": ()},
    ("IsActive", "IsTaxForSale", "IsTaxForPurchase"), ("Account",),
)  # fmt: skip
TERMS = Book(
    "terms", "PaymentTermList", "Payment term",
    Shape(
        {"Name": Text(256), "Duration": Number(0), "Method": Choice(METHODS), "IsActive": Flag(), "IsDefault": Flag()},
        ("Name", "Duration", "Method"),
    ),
    {"IsActive": True, "IsDefault": False}, ("IsActive", "IsDefault"), ("Method",),
)  # fmt: skip
LOCATIONS = Book(
    "locations", "LocationList", "Location",
    Shape(
        {"Name": Text(256), **{f"Address{part}": Text(256) for part in _ADDRESS},
         **{f"Is{each}": Flag() for each in ("CoMan", "Shopfloor", "Staging", "Default", "Deprecated")}},
        ("Name",),
    ),
    {
        **{f"Address{part}": "" for part in _ADDRESS}, "Bins": None, "ParentID": None, "ParentName": None,
        "PickZones": None, "ReferenceCount": 0, "FixedAssetsLocation": False, "AllowReorder": False,
        **{f"Is{each}": False for each in ("CoMan", "Shopfloor", "Staging", "Default", "Deprecated")},
    },
    bare=True, hides=("IsDeprecated", "Deprecated"),
)  # fmt: skip
_NAMED = Shape({"Name": Text(50)}, ("Name",))
UNITS = Book("units", "UnitList", "Unit", _NAMED, {}, bare=True)
BRANDS = Book("brands", "BrandList", "Brand", _NAMED, {}, bare=True)
CATEGORIES = Book("categories", "CategoryList", "Category", _NAMED, {}, bare=True)

Handler = Callable[[Company, Ask], Reply]


def listing(book: Book) -> Handler:
    """Return the GET of a book: names by their beginning."""

    def get(company: Company, ask: Ask) -> Reply:
        own_id, start = ask.guid("ID"), (ask.text("Name") or "").lower()
        wanted: Row = {name: value for name in book.flags if (value := ask.flag(name)) is not None}
        wanted |= {name: text for name in book.texts if (text := ask.text(name))}
        if book.hides and not ask.flag(book.hides[1]):
            wanted[book.hides[0]] = False
        found = [
            row
            for row in book.rows(company).values()
            if own_id in {None, row["ID"]}
            and row["Name"].lower().startswith(start)
            and all(row[name] == value for name, value in wanted.items())
        ]
        return ask.page(book.key, found)

    return get


def creating(book: Book) -> Handler:
    """Return the POST of a book."""
    return lambda company, ask: _answer(book, add(company, book, ask.body))


def changing(book: Book) -> Handler:
    """Return the PUT of a book: what is given is changed."""

    def put(company: Company, ask: Ask) -> Reply:
        if not ask.body.get("ID"):
            raise Refused(missing("ID"))
        given = read(book.put, ask.body, partial=True)
        row = _known(company, book, given["ID"])
        _check_name(company, book, str(given.get("Name") or row["Name"]), row["ID"])
        _write(company, book, row, given)
        return _answer(book, row)

    return put


def deleting(book: Book) -> Handler:
    """Return the DELETE of a book."""

    def delete(company: Company, ask: Ask) -> Reply:
        row = _known(company, book, ask.needed("ID"))
        used = {each["PaymentTerm"] for each in company.suppliers.values()}
        if book is TERMS and row["Name"] in used:
            raise Refused(f"Payment term {row['Name']} is used and cannot be deleted")
        del book.rows(company)[row["ID"]]
        return Reply({"Success": True}, written=1)

    return delete


def add(company: Company, book: Book, body: Any) -> Row:
    """Add a record described as in the body of a POST; raises `Refused`."""
    given = read(book.shape, body)
    _check_name(company, book, given["Name"], None)
    row: Row = {"ID": company.next_id(), **book.blank}
    _write(company, book, row, given)
    book.rows(company)[row["ID"]] = row
    return row


def _write(company: Company, book: Book, row: Row, given: Row) -> None:
    row |= given
    if book is TAXES:
        defaults = {"AccountCode": "", "Compound": "0", "ComponentOrder": "1"}
        row["Components"] = [{"ID": company.next_id(), **defaults, **each} for each in row["Components"]]
        # Whatever the caller says: the sum of the components.
        total = sum((Decimal(each["Percent"]) for each in row["Components"]), Decimal(0))
        row["TaxPercent"] = int(total) if total == int(total) else total.normalize()


def _check_name(company: Company, book: Book, name: str, own_id: str | None) -> None:
    found = named(book.rows(company), name)
    if found is not None and found["ID"] != own_id:
        raise Refused(f"This {book.what.lower()} already exists. {book.what} name must be unique.")


def _known(company: Company, book: Book, own_id: str) -> Row:
    row = book.rows(company).get(own_id)
    if row is None:
        raise not_found(book.what)
    return row


def _answer(book: Book, row: Row) -> Reply:
    return Reply(row, written=1) if book.bare else one(book.key, row)


def me(company: Company, _: Ask) -> Reply:
    """Answer who the account is."""
    tax = next(iter(company.taxes.values()), {"ID": "", "Name": ""})
    return Reply(
        {
            "Company": "Northwind Fasteners Inc.",
            "Currency": CURRENCY,
            "TimeZone": "UTC",
            "DefaultWeightUnits": "g",
            "DefaultDimensionsUnits": "cm",
            "LockDate": None,
            "OpeningBalanceDate": "2021-07-31T00:00:00",
            "TaxCalculationMethod": "Total",
            "DefaultSaleTaxRuleId": tax["ID"],
            "DefaultSaleTaxRuleName": tax["Name"],
            "DiscountRule": "Discount",
            "ApplyCustomerDiscountsAfterOtherDiscounts": True,
            "AutomaticallyApplyDiscounts": False,
            "MaximumDecimalPlacesInQuantity": "N4",
            "RoundingTable": [],
        }
    )
