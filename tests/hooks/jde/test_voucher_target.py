"""Vouchers as a target: asked for, checked, sent once, read back."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.exceptions import ConfigurationError, PermissionDenied, Unavailable
from airflow_provider_mlconnector.hooks.jde.voucher_inputs import edtn_of
from airflow_provider_mlconnector.hooks.jde.voucher_plan import plan_vouchers
from airflow_provider_mlconnector.hooks.jde.voucher_target import VoucherObject, vouchers
from airflow_provider_mlconnector.hooks.jde.vouchers import Progress, progress
from airflow_provider_mlconnector.mapping import FieldMap, to
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready
from tests.hooks.jde.fakes import timed_out
from tests.hooks.jde.voucher_site import EDTN, EXTRA, INVOICE, Make, Site, account


@pytest.fixture
def target(site: Site, make_client: Make) -> VoucherObject:
    """The target, ready to deliver."""
    made = vouchers(make_client(**EXTRA))
    made.prepare(Plan(), 1)
    return made


def deliver(target: VoucherObject, *, key: str = "J-1", **changes: Any) -> RowResult:
    ready = Ready(key, {**INVOICE, **changes})
    assert target.batch_size(target.group(ready)) == 1
    (result,) = target.deliver(target.group(ready), [ready])
    return result


def test_an_invoice_is_created_when_it_was_read_back(site: Site, target: VoucherObject) -> None:
    """Asked for first, sent once, its rows found under EDUS and EDTN; dates go in as the user writes them."""
    result = deliver(target)
    assert (result.outcome, result.target_id) == (Outcome.CREATED, EDTN)
    (header,) = site.ais.tables["F0411Z1"]
    assert (header["EDUS"], header["EDTN"], header["EDBT"]) == ("SVCBATCH", EDTN, "SVCBATCH260310")
    assert (header["DIVJ"], header["CRRM"]) == ("01/03/2026", "D")
    assert [row["EDLN"] for row in site.ais.tables["F0911Z1"]] == [1, 2]
    bodies = [call.json() for call in site.ais.calls if call.url.endswith(("/dataservice", "/ORCH"))]
    order = [body.get("targetName", "run") for body in bodies]
    assert order.index("F0901") < order.index("F0411Z1") < order.index("run") < len(order) - 1


def test_who_may_not_look_must_not_send(site: Site, make_client: Make) -> None:
    """Before anything is read: a user without the right to read the Z tables could not tell what has arrived."""
    site.ais.forbidden = {"F0911Z1"}
    with pytest.raises(PermissionDenied, match="F0911Z1"):
        plan_vouchers(None, make_client(**EXTRA), FieldMap((to("AN8", "INVOICE.SUPPLIER"),)))


def test_one_that_is_there_is_not_sent_again(site: Site, target: VoucherObject) -> None:
    """After a crash the next delivery finds what the one before had sent."""
    deliver(target)
    assert deliver(target).outcome is Outcome.CREATED
    assert site.runs == 1


def test_an_answer_that_was_lost(site: Site, target: VoucherObject) -> None:
    """Committed but the connection dropped: it is looked for, found, and not sent a second time."""
    site.answers = [timed_out(), {"status": 502, "text": "<html>"}, {"text": "<html>"}]
    for number in ("INV-1", "INV-2", "INV-3"):
        assert deliver(target, VINV=number).outcome is Outcome.CREATED
    assert (site.runs, len(site.ais.tables["F0411Z1"])) == (3, 3)


def test_no_answer_and_nothing_there_is_pending(site: Site, target: VoucherObject) -> None:
    """It may still be running: nothing is repeated now; the next delivery asks, and sends it then."""
    site.writes, site.answers = [None], [timed_out()]
    result = deliver(target)
    assert (result.outcome, result.target_id, site.runs) == (Outcome.PENDING, EDTN, 1)
    assert deliver(target).outcome is Outcome.CREATED
    assert len(site.ais.tables["F0411Z1"]) == 1


def test_no_answer_and_a_part_there_is_pending(site: Site, target: VoucherObject) -> None:
    """It may still be running; what the next delivery finds half done is rejected and left to people."""
    site.writes, site.answers = [1], [timed_out()]
    assert deliver(target).outcome is Outcome.PENDING
    result = deliver(target)
    assert (result.outcome, result.code, site.runs) == (Outcome.REJECTED, "differs", 1)
    assert "1 of 2 lines" in (result.message or "")
    assert "P0411Z1" in (result.message or "")


def test_a_look_that_fails_does_not_lose_the_record(site: Site, target: VoucherObject) -> None:
    """What was sent stays pending, whatever hinders the look."""
    site.ais.forbidden = set()

    def run(body: dict[str, Any]) -> dict[str, Any]:
        answer = Site.run(site, body)
        site.ais.forbidden = {"F0911Z1"}
        return answer

    site.ais.runs["/ORCH"] = run
    result = deliver(target)
    assert result.outcome is Outcome.PENDING
    assert "F0911Z1" in (result.message or "")


@pytest.mark.parametrize("status", [200, 500])
def test_an_error_of_the_orchestration_rejects_with_the_vendors_words(
    site: Site, target: VoucherObject, status: int
) -> None:
    """Nothing was written: its code, and its words apart. It has ended, and is not tried again by itself."""
    failed = {"errorDetails": {"errors": [{"CODE": "0002", "TITLE": "Jane's record invalid"}]}, "message": "no"}
    site.writes, site.answers = [None], [{"status": status, "json": failed}]
    result = deliver(target)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "0002")
    assert "Jane" in (result.detail or "")
    assert "Jane" not in (result.message or "")
    assert site.runs == 1


def test_a_fault_of_the_server_is_no_answer(site: Site, target: VoucherObject) -> None:
    """AIS may have given up on a call that goes on behind it: it is waited for, and the next delivery looks first."""
    site.writes, site.answers = [None], [{"status": 500, "json": {"message": "x", "exception": "a.B"}}]
    assert deliver(target).outcome is Outcome.PENDING
    assert site.runs == 1
    assert deliver(target).outcome is Outcome.CREATED
    assert len(site.ais.tables["F0411Z1"]) == 1


def test_an_orchestration_that_is_not_there(site: Site, target: VoucherObject) -> None:
    """It is the Connection that is wrong, and no voucher is in doubt for it."""
    site.writes, site.answers = [None], [{"status": 404, "json": {"message": "not found"}}]
    with pytest.raises(ConfigurationError, match="'ORCH'"):
        deliver(target)


def test_success_without_rows(site: Site, target: VoucherObject) -> None:
    """It is refused and never sent again by itself; three in a row are the orchestration's fault."""
    site.writes = [None] * 3
    result = deliver(target)
    assert (result.outcome, result.code, result.awaits) == (Outcome.REJECTED, "not_read_back", "voucher")
    assert deliver(target).code == "not_there"
    assert site.runs == 1
    deliver(target, key="J-2", VINV="INV-2")
    with pytest.raises(ConfigurationError, match="EDUS"):
        deliver(target, key="J-3", VINV="INV-3")


@pytest.mark.parametrize(("gross", "outcome"), [(100.0, Outcome.CREATED), (90.0, Outcome.REJECTED)])
def test_an_orchestration_that_has_the_voucher_made_at_once(
    site: Site, target: VoucherObject, gross: float, outcome: Outcome
) -> None:
    """Nothing is left in the Z tables, and F0411 has the voucher, which was not there before: it is created."""
    row = {"AN8": 4343, "VINV": "INV-1", "DOC": 77, "DCT": "PV", "KCO": "00001", "SFX": "001", "SFXE": 0, "AG": gross}

    def run(body: dict[str, Any]) -> dict[str, Any]:
        site.ais.tables["F0411"].append(row)
        return {"json": {"jde__status": "SUCCESS"}}

    site.ais.runs["/ORCH"] = run
    result = deliver(target)
    assert (result.outcome, result.awaits) == (outcome, "voucher")
    deliver(target)
    assert len(site.ais.tables["F0411"]) == 1


def test_an_error_after_the_rows_were_written(site: Site, target: VoucherObject) -> None:
    """A later step failed, the voucher is there: it is created, and not sent again."""
    site.answers = [{"json": {"continuedOnError": [{"step": "mail", "message": "no server"}]}}]
    assert deliver(target).outcome is Outcome.CREATED
    site.answers = [{"status": 500, "json": {"message": "x", "exception": "a.B"}}]
    assert deliver(target, VINV="INV-2").outcome is Outcome.CREATED
    assert site.runs == 2


def test_a_line_that_was_refused(site: Site, target: VoucherObject) -> None:
    """Continue-on-error: the header is there, a line is not. It is rejected, and says what to do."""
    site.writes = [1]
    site.answers = [{"json": {"continuedOnError": [{"step": "F0911Z1", "message": "account refused"}]}}]
    result = deliver(target)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "ORCHESTRATION")
    assert "1 of 2 lines" in (result.message or "")
    assert "account refused" in (result.detail or "")
    assert deliver(target).code == "differs"
    assert site.runs == 1


def test_amounts_that_were_scaled_on_the_way(site: Site, target: VoucherObject) -> None:
    """A mapping that multiplies by 100, as SQL would need it, is found out by the first invoice."""
    site.factor = 100.0
    result = deliver(target)
    assert (result.outcome, result.code) == (Outcome.REJECTED, "differs")
    assert "10000.0 instead of 100.00" in (result.message or "")


@pytest.mark.parametrize(
    ("table", "row", "there"),
    [
        ("F0411", {"DOC": 77, "DCT": "PV", "KCO": "00001", "SFX": "001", "SFXE": 0, "AG": 100.0}, "00001-PV-77"),
        ("F0411Z1", {"EDUS": "OTHER", "EDTN": "9", "EDBT": "B", "EDLN": 1, "EDSP": "0", "AG": 100.0}, "EDUS OTHER"),
    ],
)
def test_an_invoice_that_someone_else_entered(
    site: Site, target: VoucherObject, table: str, row: dict[str, Any], there: str
) -> None:
    """Supplier and invoice number are there under another key: rejected as a duplicate, saying where."""
    site.ais.tables[table].append({"AN8": 4343, "VINV": "INV-1  ", **row})
    site.ais.tables[table].append({"AN8": 4343, "VINV": "INV-1", **row})
    result = deliver(target)
    assert (result.outcome, result.code, site.runs) == (Outcome.REJECTED, "duplicate", 0)
    assert there in (result.message or "")


def test_a_voided_voucher_is_none(site: Site, target: VoucherObject) -> None:
    """The invoice may come again."""
    voided = {"DOC": 77, "DCT": "PV", "KCO": "00001", "SFX": "001", "SFXE": 0, "AG": 100.0, "VOD": "V"}
    site.ais.tables["F0411"].append({"AN8": 4343, "VINV": "INV-1", **voided})
    assert deliver(target).outcome is Outcome.CREATED


def test_a_changed_invoice_is_not_entered_twice(site: Site, target: VoucherObject) -> None:
    """The Z tables know no change: it is rejected and names what is there, processed or not."""
    deliver(target)
    lines = [{"ANI": "M30.6110", "AA": "90.00"}]
    assert deliver(target, AG="90.00", LINES=lines).code == "differs"
    site.ais.tables["F0411Z1"][0]["EDSP"] = "1"
    result = deliver(target, AG="90.00", LINES=lines)
    assert "processed" in (result.message or "")
    other = [{"ANI": "M30.6120", "AA": "60.00"}, {"ANI": "M30.6120.01", "AA": "40.00"}]
    assert "other accounts or amounts" in (deliver(target, LINES=other).message or "")
    assert site.runs == 1


def test_one_that_is_there_twice(site: Site, target: VoucherObject) -> None:
    """A new batch with an old transaction number is a valid key for E1: two of them are reported."""
    deliver(target)
    site.ais.tables["F0411Z1"].append({**site.ais.tables["F0411Z1"][0], "EDBT": "SVCBATCH260309"})
    assert "2 rows" in (deliver(target).message or "")


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"AN8": 99}, "unknown_supplier", ["supplier 99"]),
        ({"LINES": [{"ANI": "M30.9999", "AA": "100.00"}]}, "unknown_account", ["M30.9999"]),
        ({"LINES": [{"ANI": "M31.6110", "AA": "100.00"}]}, "unknown_account", ["M31.6110"]),
        ({"LINES": [{"ANI": "6110", "AA": "100.00"}]}, "unknown_account", ["6110"]),
        ({"LINES": [{"ANI": "M30.6130", "AA": "100.00"}]}, "account_restricted", ["non-posting", "PEC N"]),
        ({"LINES": [{"ANI": "M30.6140", "AA": "100.00"}]}, "account_restricted", ["needs a subledger"]),
        (
            {"AN8": 99, "LINES": [{"ANI": "M30.6130", "AA": "50.00"}, {"ANI": "M30.9999", "AA": "50.00"}]},
            "unknown_supplier",
            ["supplier 99", "M30.6130", "M30.9999"],
        ),
        ({"AG": "99.99"}, "unbalanced", ["99.99"]),
        ({"VINV": None}, "invalid_voucher", ["VINV"]),
    ],
)
def test_what_cannot_be_posted_is_not_sent(
    site: Site, target: VoucherObject, changes: dict[str, Any], code: str, words: list[str]
) -> None:
    """Rejected before sending, with every reason found."""
    result = deliver(target, **changes)
    assert (result.outcome, result.code, site.runs) == (Outcome.REJECTED, code, 0)
    assert [word for word in words if word not in (result.message or "")] == []


def test_a_subledger_satisfies_an_account_that_needs_one(site: Site, target: VoucherObject) -> None:
    """PEC L and S."""
    line = {"ANI": "         M30.6140", "AA": "100.00", "SBL": "4343", "SBLT": "A"}
    assert deliver(target, LINES=[line]).outcome is Outcome.CREATED


def test_master_data_is_asked_for_once(site: Site, target: VoucherObject) -> None:
    """What exists is remembered within a run; what was missing is asked for again."""
    assert deliver(target, VINV="INV-0", LINES=[{"ANI": "M30.6150", "AA": "100.00"}]).outcome is Outcome.REJECTED
    site.ais.tables["F0901"].append(account("6150"))
    for number in ("INV-0", "INV-1", "INV-2"):
        assert deliver(target, VINV=number, LINES=[{"ANI": "M30.6150", "AA": "100.00"}]).outcome is Outcome.CREATED
    assert [site.ais.reads(table) for table in ("F0401", "F0901", "F0010")] == [1, 3, 1]


@pytest.mark.parametrize(
    ("constants", "ledger", "extra", "mode"),
    [
        ("USD", [], {}, "F"),
        ("EUR", [], {}, "D"),
        (None, [{"CO": "00001", "CRRM": "D", "CRCD": "USD", "DOC": 1}], {}, "F"),
        (None, [], {"base_currency": "USD"}, "F"),
        (None, [], {"base_currency": {"00001": "EUR"}}, "D"),
        (None, [], {}, None),
    ],
)
def test_the_companys_currency_tells_domestic_from_foreign(
    site: Site, make_client: Make, constants: str | None, ledger: list[Any], extra: Any, mode: str | None
) -> None:
    """The Connection's word, else F0010, else a domestic voucher in F0411; where nothing tells, E1 decides."""
    site.ais.tables["F0411"] = ledger
    site.ais.tables["F0010"] = [{"CO": "00001", "CRCD": constants}] if constants else []
    if not constants:
        site.ais.lacking = {"F0010.CRCD"}
    target = vouchers(make_client(**{**EXTRA, "voucher": {"edus": "SVCBATCH", **extra}}))
    assert deliver(target, CRCD="EUR").outcome is Outcome.CREATED
    (header,) = site.ais.tables["F0411Z1"]
    assert header.get("CRRM") == mode
    assert (header["AG"], header.get("ACR")) == ((0.0, 100.0) if mode == "F" else (100.0, None))


def test_domestic_amounts_beside_foreign_ones_are_no_difference(site: Site, target: VoucherObject) -> None:
    """E1 may reckon them as soon as the rows are there."""
    deliver(target, CRCD="EUR")
    for table in ("F0411Z1", "F0911Z1"):
        for row in site.ais.tables[table]:
            row["AG"] = row["AA"] = 123.45
    assert deliver(target, CRCD="EUR").outcome is Outcome.CREATED


def test_a_z_table_without_columns_that_are_not_documented(site: Site, target: VoucherObject) -> None:
    """Amounts are compared whatever else the site's tables lack."""
    site.ais.lacking = {"F0911Z1.ACR", "F0911Z1.SUB", "F0411Z1.CRCD", "F0411.VOD"}
    assert deliver(target).outcome is Outcome.CREATED
    site.ais.lacking = {"F0911Z1.ANI", "F0911Z1.MCU"}
    assert deliver(target).outcome is Outcome.CREATED
    assert deliver(target, AG="50.00", LINES=[{"ANI": "M30.6110", "AA": "50.00"}]).code == "differs"


def test_a_malformed_request_rejects_its_record_alone(site: Site, target: VoucherObject) -> None:
    """HTTP 400 is about what this voucher holds, e.g. a date in a form the input does not take."""
    site.writes, site.answers = [None], [{"status": 400, "json": {"message": "x"}}]
    assert (deliver(target).outcome, deliver(target, VINV="INV-2").outcome) == (Outcome.REJECTED, Outcome.CREATED)


def test_what_ends_the_task_is_raised(site: Site, target: VoucherObject, make_client: Make) -> None:
    """An outage before anything was sent, a refused orchestration, none at all."""
    site.writes, site.answers = [None, None], [{"status": 403, "json": {}}] * 2
    with pytest.raises(PermissionDenied):
        deliver(target)
    site.ais.answers["/dataservice"] = [{"exc": requests.exceptions.ConnectionError("gone")}] * 50
    with pytest.raises(Unavailable):
        deliver(target, VINV="INV-2")
    assert site.ais.tables["F0411Z1"] == []
    with pytest.raises(ConfigurationError, match="voucher_import"):
        vouchers(make_client()).prepare(Plan(), 1)


def test_what_becomes_of_vouchers(site: Site, target: VoucherObject, make_client: Make) -> None:
    """Left at 0, processed and given a number, processed and purged, or gone."""
    for number in ("INV-1", "INV-2"):
        deliver(target, VINV=number)
    site.ais.tables["F0411Z1"][1]["EDSP"] = "1"
    for at, number in enumerate(("INV-2", "INV-3"), 1):
        key = {"DOC": 80 + at, "DCT": "PV", "KCO": "00001", "SFX": "001", "SFXE": 0}
        site.ais.tables["F0411"].append({**key, "AN8": 4343, "VINV": number, "AG": 100.0})
    invoices = {edtn_of(4343, number): (4343, number) for number in ("INV-1", "INV-2", "INV-3", "INV-4")}
    found = progress(make_client(**EXTRA), "SVCBATCH", list(invoices), invoices=invoices)
    assert list(found.values()) == [
        Progress("waiting", None, "SVCBATCH260310"),
        Progress("processed", "00001-PV-81", "SVCBATCH260310"),
        Progress("processed", "00001-PV-82"),
        Progress("gone"),
    ]
