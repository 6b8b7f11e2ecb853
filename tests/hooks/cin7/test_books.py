from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.cin7.chart import AccountKey, Chart
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.models import Account


def chart(*codes: str, **account_map: str) -> Chart:
    return Chart((Account.model_validate({"Code": code}) for code in codes), account_map)


def code_for(found: Chart, account: str) -> str | None:
    matched = found.match(AccountKey.parse(account))
    return matched.code if matched else None


def test_each_book_is_loaded_once(client: Cin7Client, server: Any) -> None:
    """However often it is asked; 4 calls a run, and 1 for all products that fit a page."""
    for _ in range(3):
        _ = (client.books.chart, client.books.taxes, client.books.terms, client.books.locations)
        client.books.products.by_sku("AB-1")
        client.books.products.by_sku("nothing")
    assert len(server.requests()) == 5


def test_what_may_not_be_used_is_not_in_the_books(client: Cin7Client) -> None:
    """Inactive terms, rules for sales, deprecated locations; names in any case."""
    books = client.books
    assert list(books.terms) == ["30 days", "60 days"]
    assert list(books.taxes) == ["Tax Exempt", "Sales Tax on Imports"]
    assert list(books.locations) == ["Main Warehouse", "Annex"]
    assert books.terms["30 DAYS "].name == "30 days"


def test_an_unknown_name_comes_with_the_nearest(client: Cin7Client) -> None:
    """So that the user knows what to write."""
    assert client.books.terms.unknown("30 dys") == "Cin7 has no active payment term '30 dys'; did you mean '30 days'?"
    assert "there are 'Annex', 'Main Warehouse'" in client.books.locations.unknown("???")


def test_an_sku_is_the_whole_sku(client: Cin7Client) -> None:
    """`Sku` finds what contains it: AB-1 is not AB-10; another case is accepted, and Cin7's own spelling sent."""
    found = [client.books.products.by_sku(sku) for sku in ("AB-1", "AB", "bread", " AB-10 ")]
    assert [product.sku if product else None for product in found] == ["AB-1", None, "Bread", "AB-10"]


def test_an_sku_goes_back_as_it_is_held(client: Cin7Client, server: Any) -> None:
    """Another spelling beside a product's id renames the product, and so do blanks that were cut off."""
    server.pages("product", [{"ID": "p-1", "SKU": "AB-1  ", "Name": " Bolt", "Status": "Active"}])
    found = client.books.products.by_sku("AB-1")
    assert found is not None
    assert (found.sku, found.name) == ("AB-1  ", " Bolt")


def test_a_deprecated_product_is_none(client: Cin7Client, server: Any) -> None:
    """Also where Cin7 shows it without being asked: nobody orders it any more."""
    server.pages("product", [{"ID": "1", "SKU": "AB", "Status": "DEPRECATED"}, {"ID": "2", "SKU": "ab", "Status": ""}])
    found = [client.books.products.by_sku(sku) for sku in ("AB", "ab")]
    assert [product.id if product else None for product in found] == ["2", "2"]


def test_two_skus_that_differ_in_case_alone(client: Cin7Client, server: Any) -> None:
    """Only the exact one is meant then."""
    server.pages("product", [{"ID": "1", "SKU": "ab"}, {"ID": "2", "SKU": "AB"}])
    found = [client.books.products.by_sku(sku) for sku in ("ab", "AB", "Ab")]
    assert [product.id if product else None for product in found] == ["1", "2", None]


def test_a_long_catalogue_is_asked_sku_by_sku_until_reading_it_costs_no_more(client: Cin7Client, server: Any) -> None:
    """Three pages are left: three questions, then the pages."""
    pages = [[{"ID": f"{page}-{n}", "SKU": f"S{page}-{n}"} for n in range(2)] for page in range(4)]
    asked: list[str] = []

    def answer(request: Any, context: Any) -> Any:
        context.headers["Content-Type"] = "application/json"
        query = request.qs
        asked.append(query.get("sku", query["page"])[0])
        sku = query.get("sku", [""])[0].upper()
        found = (
            [each for page in pages for each in page if sku in each["SKU"]] if sku else pages[int(query["page"][0]) - 1]
        )
        return {"Total": len(found) if sku else 8, "Products": found}

    server.mocker.get("https://inventory.dearsystems.com/ExternalApi/v2/product", json=answer)
    products = client.books.products
    found = [products.by_sku(sku) for sku in ("S0-0", "S3-1", "none", "S3-1", "none", "S2-0", "S1-0", "S1-1", "void")]
    assert [product.sku if product else None for product in found] == [
        "S0-0", "S3-1", None, "S3-1", None, "S2-0", "S1-0", "S1-1", None
    ]  # fmt: skip
    assert asked == ["1", "s3-1", "none", "s2-0", "2", "3", "4"]


@pytest.mark.parametrize(
    ("account", "code"),
    [("30.5010", "5010"), ("30.5010.01", "5010"), ("5010", "5010"), ("  30.5020", "30.5020"), ("31.5020", None),
     ("30.5030", "30-5030"), ("30.ab", "AB"), ("", None)],
)  # fmt: skip
def test_accounts_match_by_object_then_by_unit_and_object(account: str, code: str | None) -> None:
    """Codes are compared without blanks, case and the sort of separator."""
    assert code_for(chart("5010", "30.5020", "30-5030", "AB"), account) == code


def test_the_users_map_comes_first() -> None:
    """The most exact entry of it; an entry that leads nowhere is no match by code."""
    found = chart("5010", "310", "320", **{"5010": "310", "30.5010": "320", "30.5011": "999"})
    assert [code_for(found, each) for each in ("31.5010", "30.5010", "30.5010.1", "30.5011")] == [
        "310", "320", "320", None
    ]  # fmt: skip
    assert found.unknown_in_map == ["999"]


def test_check_says_what_works(make_client: Callable[..., Cin7Client]) -> None:
    """Account, books, products, what the defaults are worth."""
    lines = make_client(account_map={"1": "999"}).check()
    assert "account 'Acme' (USD, UTC)" in lines[0]
    assert lines[1:] == [
        "chart of accounts: 5 accounts; payable: 800",
        "2 tax rules for purchases, 2 payment terms, 2 locations",
        "3 products",
        "suppliers: the defaults are complete and known to Cin7",
        "account_map: 1 accounts named; not in Cin7's chart: 999",
    ]


def test_check_names_what_does_not_work(make_client: Callable[..., Cin7Client], server: Any, failure: Any) -> None:
    """One missing permission or default does not hide the rest."""
    server.answer("GET", "product", failure("Not in your plan", status=403, code=403))
    client = make_client()
    client.connection = client.connection.model_copy(
        update={"defaults": client.connection.defaults.model_copy(update={"tax_rule": "Nope"})}
    )
    lines = client.check()
    assert any("products: permission missing" in line for line in lines)
    assert any("defaults.tax_rule: Cin7 has no tax rule for purchases 'Nope'" in line for line in lines)
