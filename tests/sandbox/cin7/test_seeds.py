from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.sandbox.cin7 import ACCOUNT_ID, APPLICATION_KEY, Cin7Sandbox
from airflow_provider_mlconnector.sandbox.core import Clock
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox
from tests.sandbox.cin7.client import NOON


def test_most_items_of_the_erp_are_products() -> None:
    """With the same seed and scale most item numbers are SKUs in use; some are not there, some no longer in use."""
    for seed, scale in ((1, 1.0), (7, 0.2)):
        clock = Clock(NOON, speed=0)
        items = {row["LITM"] for row in JdeSandbox(seed=seed, scale=scale, clock=clock).store["F4101"].to_dicts()}
        state = Cin7Sandbox(seed=seed, scale=scale, clock=clock).state()
        usable = {row["SKU"] for row in state["products"] if row["Status"] == "Active"}
        assert 0.7 < len(items & usable) / len(items) < 1
        assert any(sku.endswith("-R") for sku in usable)


def test_accounts_by_object_and_by_business_unit() -> None:
    """Beside the vendor's own accounts the chart has object accounts, bare and behind a business unit."""
    accounts = Cin7Sandbox(clock=Clock(NOON, speed=0)).state()["accounts"]
    codes = [row["Code"] for row in accounts]
    assert {"800", "801"} <= set(codes)
    assert [code for code in codes if "." in code]
    assert [code for code in codes if len(code) == 4]
    assert [row["Code"] for row in accounts if row["Status"] == "DEPRECATED"]
    assert [row["Code"] for row in accounts if row["SystemAccount"] == "CREDITORS"] == ["800"]


def test_the_same_seed_gives_the_same_account() -> None:
    """Two sandboxes of one seed and moment are equal, ids included; another seed has other ids."""
    one, two, other = (Cin7Sandbox(seed=seed, scale=0.1, clock=Clock(NOON, speed=0)).state() for seed in (3, 3, 4))
    assert one == two
    assert one["suppliers"][0]["ID"] != other["suppliers"][0]["ID"]


def test_the_connection_names_what_exists() -> None:
    """The Connection's defaults stand in the account's books, and are in use."""
    connection = Cin7Sandbox.connection("http://127.0.0.1:1")
    assert (connection["conn_type"], connection["login"], connection["password"]) == (
        "cin7_core",
        ACCOUNT_ID,
        APPLICATION_KEY,
    )
    defaults = connection["extra"]["defaults"]
    company = Cin7Sandbox(items=(), chart=()).company
    given = {
        "PaymentTerm": defaults["payment_term"],
        "TaxRule": defaults["tax_rule"],
        "AccountPayable": defaults["account_payable"],
        "Location": defaults["location"],
    }
    assert list(company.wrong_references(given)) == []


@pytest.mark.parametrize("options", [{"limit_form": "418"}, {"total_rule": ""}, {"tied_to": "sage"}])
def test_wrong_options(options: dict[str, Any]) -> None:
    """A setting that is no choice is refused at once."""
    with pytest.raises(ValueError, match="must be one of"):
        Cin7Sandbox(items=(), chart=(), **options)


def test_a_restart_loses_nothing() -> None:
    """The account has no sessions: after a restart everything is as before."""
    sandbox = Cin7Sandbox(items=(), chart=(), clock=Clock(NOON, speed=0))
    before = sandbox.state()
    sandbox.restart()
    assert sandbox.state() == before
