"""Vouchers before they are sent: the payload, its amounts, what it is to the orchestration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from airflow_provider_mlconnector.currencies import decimals_of
from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected, UnknownField
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection, OrchestrationConfig
from airflow_provider_mlconnector.hooks.jde.voucher_amounts import check_amounts
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import Identity, edtn_of, edus_of, identity_of, inputs_of
from airflow_provider_mlconnector.hooks.jde.voucher_models import voucher_of
from airflow_provider_mlconnector.hooks.jde.voucher_plan import (
    has_voucher_field,
    plan_vouchers,
    validate_vouchers,
    voucher_key,
)
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.pipeline.ports import Plan

Make = Callable[..., JdeConnection]
ORCH = OrchestrationConfig(name="ORCH")
TODAY = date(2026, 3, 10)


def payload(**changes: Any) -> dict[str, Any]:
    invoice = {
        "AN8": 4343,
        "VINV": "INV-1",
        "DIVJ": "2026-03-01",
        "DGJ": "2026-03-05",
        "CO": "00001",
        "CRCD": "USD",
        "AG": "119.00",
        "ATXA": "100.00",
        "STAM": "19.00",
        "EXR1": "V",
        "TXA1": "DE19",
        "LINES": [{"ANI": "M30.6110", "AA": "60.00"}, {"ANI": "M30.6120.01", "AA": "40.00", "EXR": "Screws"}],
    }
    return {name: value for name, value in {**invoice, **changes}.items() if value is not None}


def rejection(**changes: Any) -> RecordRejected:
    with pytest.raises(RecordRejected) as error:
        check_amounts(voucher_of(payload(**changes)))
    return error.value


def test_an_invoice_that_balances() -> None:
    """Distribution = gross less the tax that E1 posts itself, to the cent; a credit memo with all signs turned."""
    check_amounts(voucher_of(payload()))
    lines = [{"ANI": "M30.6110", "AA": "-100.00"}]
    check_amounts(voucher_of(payload(AG="-119.00", ATXA="-100.00", STAM="-19.00", LINES=lines)))


@pytest.mark.parametrize(
    ("code", "tax", "lines"),
    [
        ("V", "19.00", "100.00"),
        ("C", "19.00", "100.00"),
        ("B", "19.00", "100.00"),
        ("S", "19.00", "119.00"),
        ("E", None, "119.00"),
        (None, None, "119.00"),
    ],
)
def test_which_tax_e1_posts_depends_on_the_code(code: str | None, tax: str | None, lines: str) -> None:
    """Value added tax is posted by E1, sales tax is part of the expense; an exempt invoice has none."""
    changes: dict[str, Any] = {"EXR1": code, "STAM": tax, "ATXA": None}
    check_amounts(voucher_of(payload(**changes, LINES=[{"ANI": "M30.6110", "AA": lines}])))
    assert rejection(**changes, LINES=[{"ANI": "M30.6110", "AA": "109.50"}]).code == "unbalanced"


def test_use_tax_is_not_the_suppliers() -> None:
    """It is owed beside the gross, so it is neither in it nor in the distribution."""
    lines = [{"ANI": "M30.6110", "AA": "119.00"}]
    check_amounts(voucher_of(payload(EXR1="U", ATXA="119.00", STAM="7.00", LINES=lines)))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"LINES": [{"ANI": "M30.6110", "AA": "99.99"}]}, "unbalanced"),
        ({"LINES": [{"ANI": "M30.6110", "AA": "119.00"}]}, "unbalanced"),
        ({"LINES": [{"ANI": "M30.6110", "AA": "99.995"}, {"ANI": "M30.6110", "AA": "0.005"}]}, "too_many_decimals"),
        ({"CRCD": "JPY", "AG": "119.50"}, "too_many_decimals"),
        ({"EXR1": None}, "tax_not_coded"),
        ({"EXR1": "E"}, "tax_not_coded"),
        ({"ATXA": "90.00"}, "tax_amounts"),
    ],
)
def test_amounts_that_do_not_add_up_are_not_sent(changes: dict[str, Any], code: str) -> None:
    """Rejected before any call, with every reason."""
    assert rejection(**changes).code == code


def test_currencies_have_their_own_decimals() -> None:
    """Amounts are whole units of the smallest coin."""
    assert [decimals_of(code) for code in ("USD", "JPY", "KWD", None)] == [2, 0, 3, 2]


@pytest.mark.parametrize(
    "changes",
    [
        {"VINV": "X" * 26},
        {"VINV": " "},
        {"AN8": "M30"},
        {"AN8": 0},
        {"DGJ": None},
        {"DIVJ": "31/03/2026"},
        {"AG": 119.0},
        {"AG": "NaN"},
        {"RMK": "X" * 31},
        {"EXR1": "VAT"},
        {"CRCD": "US"},
        {"LINES": []},
        {"LINES": [{"ANI": "M30.6110", "AA": 100.0}]},
        {"LINES": [{"AA": "100.00"}]},
        {"LINES": [{"ANI": "M30.6110", "AA": "100.00", "SUBL": "1"}]},
        {"VLDT": "2026-03-01"},
    ],
)
def test_a_payload_is_what_the_z_tables_take(changes: dict[str, Any]) -> None:
    """Nothing is cut off, guessed or passed on unknown; the message has the column, not its value."""
    error = rejection(**changes)
    assert error.code == "invalid_voucher"
    assert "X" * 26 not in error.message


def test_blank_is_not_sent_and_companies_are_zero_filled() -> None:
    """A company is five characters."""
    voucher = voucher_of(payload(CO="1", RMK=" ", PTC=""))
    assert (voucher.company, voucher.remark, voucher.terms) == ("00001", None, None)


def test_the_transaction_number_is_the_invoices_for_ever() -> None:
    """Of supplier and invoice number alone, 22 of A-Z and 2-7; case and blanks make no other invoice."""
    number = edtn_of(4343, "INV-1")
    assert number == "BPP4DDJNNQTLWMKDJWPOLB"
    assert edtn_of(4343, " inv-1 ") == number
    assert len({number, edtn_of(4344, "INV-1"), edtn_of(4343, "INV-2"), edtn_of(434, "3INV-1")}) == 4
    keys = [voucher_key({**given, "EDUS": "SVC"}) for given in (payload(), {"AN8": "4343", "VINV": "INV-1 "})]
    assert keys == [f"SVC-{number}"] * 2
    assert voucher_key({"VINV": "INV-1"}) is voucher_key({"AN8": 1}) is None


def test_the_batch_is_user_and_day(connection: Make) -> None:
    """At most 15 characters; another day's try has another batch and the same transaction number."""
    voucher = voucher_of(payload())
    given = connection(voucher={"edus": "MLCONNECT1"})
    first, second = identity_of(given, voucher, TODAY), identity_of(given, voucher, date(2026, 3, 11))
    assert (first.edbt, second.edbt) == ("MLCONNECT260310", "MLCONNECT260311")
    assert (first.edus, first.edtn) == (second.edus, second.edtn) == ("MLCONNECT1", edtn_of(4343, "INV-1"))


def test_the_batch_user_is_the_connections(connection: Make) -> None:
    """`voucher.edus`, else the login, if it fits."""
    assert edus_of(connection(login="svc")) == "SVC"
    with pytest.raises(ConfigurationError, match=r"voucher\.edus"):
        edus_of(connection(login="A_VERY_LONG_USER"))


def sent(connection: JdeConnection, foreign: bool | None = False, config: Any = ORCH, **changes: Any) -> Any:
    identity = Identity("SVC", "SVC260310", "T1")
    return inputs_of(connection, config, voucher_of(payload(**changes)), identity, foreign=foreign)


def test_inputs_are_the_columns_of_the_z_tables(connection: Make) -> None:
    """Keys, EDSP 0, EDTC A, EDTR V on both; amounts plain, with their cents, not scaled by 100; dates as dates."""
    header, rows = sent(connection(voucher={"document_type": "PV"}))
    assert {name: value for name, value in header.items() if value is not None} == {
        "EDUS": "SVC", "EDBT": "SVC260310", "EDTN": "T1", "EDLN": 1, "EDSP": "0", "EDTC": "A", "EDTR": "V",
        "ICUT": "V", "DCT": "PV", "AN8": 4343, "VINV": "INV-1", "CO": "00001",
        "DIVJ": date(2026, 3, 1), "DGJ": date(2026, 3, 5), "CRCD": "USD", "CRRM": "D",
        "AG": Decimal("119.00"), "ATXA": Decimal("100.00"), "STAM": Decimal("19.00"), "EXR1": "V", "TXA1": "DE19",
    }  # fmt: skip
    assert {name: value for name, value in rows[1].items() if value is not None} == {
        "EDUS": "SVC", "EDBT": "SVC260310", "EDTN": "T1", "EDLN": 2, "EDSP": "0", "EDTC": "A", "EDTR": "V",
        "AM": "2", "ANI": "M30.6120.01", "LT": "AA", "AA": Decimal("40.00"), "CRCD": "USD", "EXR": "Screws",
    }  # fmt: skip
    assert str(sent(connection(), AG="119", ATXA="100", STAM="19")[0]["AG"]) == "119.00"


def test_lines_are_numbered_as_the_site_does(connection: Make) -> None:
    """1, 2, 3, or in thousands."""
    header, rows = sent(connection(voucher={"line_numbering": "thousands"}))
    assert (header["EDLN"], [row["EDLN"] for row in rows]) == (1000, [1000, 2000])


def test_a_foreign_invoice_has_foreign_amounts(connection: Make) -> None:
    """ACR, CTXA, CTAM; the domestic ones are zero, E1 reckons them. Where nothing tells, E1 goes by the currency."""
    header, rows = sent(connection(), foreign=True, CRCD="EUR")
    amounts = {name: str(header[name]) for name in ("AG", "ACR", "CTXA", "CTAM")}
    assert amounts == {"AG": "0.00", "ACR": "119.00", "CTXA": "100.00", "CTAM": "19.00"}
    assert (header["CRRM"], "ATXA" in header, "STAM" in header) == ("F", False, False)
    assert [(str(row["AA"]), str(row["ACR"])) for row in rows] == [("0.00", "60.00"), ("0.00", "40.00")]
    assert sent(connection(), foreign=None, CRCD="EUR")[0]["CRRM"] is None


def test_what_is_not_tax_is_taxable(connection: Make) -> None:
    """With a tax amount alone the taxable one is told from it."""
    assert str(sent(connection(), ATXA=None)[0]["ATXA"]) == "100.00"


def test_header_and_rows_may_have_inputs_of_their_own(connection: Make) -> None:
    """One alias stands in both tables; the orchestration may call it differently in each."""
    config = OrchestrationConfig.of({"name": "ORCH", "fields": {"F0411Z1.EDLN": "Header Line", "AG": "Gross"}})
    header, rows = sent(connection(), config=config)
    assert "F0411Z1.EDLN" in header
    assert "EDLN" in rows[0]


def test_a_field_map_names_columns_that_are_sent(connection: Make) -> None:
    """Checked before anything is read; a site without the orchestration has no such sync."""

    class Client:
        def __init__(self, **extra: Any) -> None:
            self.connection, self.asked = connection(**extra), list[str]()
            self.dataservice = self

        def peek(self, columns: list[str], _where: Any, *, size: int) -> list[Any]:
            self.asked += columns[:size]
            return []

    client: Any = Client(orchestrations={"voucher_import": "ORCH"})
    good = FieldMap((to("AN8", "INVOICE.SUPPLIER"), to("LINES", "INVOICE.LINES")))
    assert plan_vouchers(None, client, good).not_configured is None
    with pytest.raises(UnknownField, match="did you mean 'VINV'"):
        plan_vouchers(None, client, FieldMap((to("VINW", "INVOICE.NUMBER"),)))
    assert client.asked == ["F0411Z1.EDTN", "F0911Z1.EDTN"]
    bare: Any = Client()
    assert "voucher_import" in (plan_vouchers(None, bare, good).not_configured or "")
    assert has_voucher_field(client, "DGJ")
    assert not has_voucher_field(client, "EDTN")
    with pytest.raises(RecordRejected, match="distribution"):
        validate_vouchers(Plan())(payload(AG="1.00", ATXA=None, STAM=None))
