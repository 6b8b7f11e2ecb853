"""A voucher goes once: its identity, what is remembered of it, what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jde.voucher_inputs import edtn_of
from airflow_provider_mlconnector.hooks.jde.voucher_target import VoucherObject, vouchers
from airflow_provider_mlconnector.ledger.rows import Awaiting
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Plan, Ready
from tests.hooks.jde.fakes import timed_out
from tests.hooks.jde.voucher_site import EDTN, EXTRA, INVOICE, Make, Site, account

KEY = "J-1"


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def target(site: Site, make_client: Make, journal: MemoryJournal) -> VoucherObject:
    """The target, with a journal that the test sees."""
    for row in site.ais.tables["F0901"]:
        row["CO"] = "00001"
    made = vouchers(make_client(**EXTRA), journal)
    made.prepare(Plan(), 1)
    return made


def deliver(target: VoucherObject, *, known: bool = False, **changes: Any) -> RowResult:
    payload = {name: value for name, value in {**INVOICE, **changes}.items() if value is not None}
    return target.deliver("", [Ready(KEY, payload, known=known)])[0]


def test_a_try_is_noted_before_the_orchestration_runs(
    target: VoucherObject, site: Site, journal: MemoryJournal
) -> None:
    """Not for what is refused before, nor for what is there already."""
    seen: list[Any] = []
    run = site.ais.runs["/ORCH"]

    def watched(body: Any) -> Any:
        seen.append(journal.entry(KEY))
        return run(body)

    site.ais.runs["/ORCH"] = watched
    assert deliver(target, AG="1.00").outcome is Outcome.REJECTED
    assert journal.entry(KEY) is None
    assert deliver(target).awaits == "voucher"
    assert [entry.begun is not None for entry in seen] == [True]
    journal.drop(KEY)
    deliver(target)
    assert journal.entry(KEY) is None


def test_what_was_sent_without_an_answer_is_waited_for(
    target: VoucherObject,
    site: Site,
    journal: MemoryJournal,
) -> None:
    """It is looked for until the call cannot go on any more; a part of it is no answer; then it is sent."""
    site.writes, site.answers = [None], [timed_out()]
    assert deliver(target).outcome is Outcome.PENDING
    slept: list[float] = []
    target._client._sleep = slept.append
    assert deliver(target).outcome is Outcome.CREATED
    assert (site.runs, 30 < sum(slept) <= 60) == (2, True)
    entry = journal.entry(KEY)
    assert entry is not None
    assert entry.begun is not None


def test_long_ago_is_not_waited_for(target: VoucherObject, site: Site, journal: MemoryJournal) -> None:
    """A run of the next day asks once."""
    journal.begin(Ready(KEY, {}), target._client.now() - timedelta(days=1))
    slept: list[float] = []
    target._client._sleep = slept.append
    assert deliver(target).outcome is Outcome.CREATED
    assert (slept, site.runs) == ([], 1)


def test_another_number_is_another_voucher(target: VoucherObject, site: Site, journal: MemoryJournal) -> None:
    """A record whose voucher went under one number is not sent under another."""
    journal.finished(KEY, f"SVCBATCH-{EDTN}")
    result = deliver(target, VINV="INV-2")
    assert (result.outcome, result.code, site.runs) == (Outcome.REJECTED, "already_sent", 0)
    assert EDTN in (result.message or "")
    assert edtn_of(4343, "INV-2") in (result.message or "")


def test_delivered_before_it_is_unchanged(target: VoucherObject, site: Site, journal: MemoryJournal) -> None:
    """What else has changed of the invoice is not taken to JD Edwards, and said so; another amount differs."""
    deliver(target)
    journal.finished(KEY, f"SVCBATCH-{EDTN}")
    result = deliver(target, known=True, DDJ="2026-05-01")
    assert (result.outcome, result.code) == (Outcome.UNCHANGED, "already_sent")
    lines = [{"ANI": "M30.6110", "AA": "101.00"}]
    assert deliver(target, known=True, AG="101.00", LINES=lines).code == "differs"
    assert site.runs == 1


def test_the_company_is_that_of_the_accounts(target: VoucherObject, site: Site) -> None:
    """Where none is mapped; of several, nobody knows whose voucher it is."""
    assert deliver(target, CO=None).outcome is Outcome.CREATED
    assert site.ais.tables["F0411Z1"][0]["CO"] == "00001"
    site.ais.tables["F0901"].append({**account("6150"), "CO": "00070"})
    lines = [{"ANI": "M30.6110", "AA": "60.00"}, {"ANI": "M30.6150", "AA": "40.00"}]
    result = deliver(target, CO=None, VINV="INV-2", LINES=lines)
    assert (result.code, site.runs) == ("several_companies", 1)
    assert "00001, 00070" in (result.message or "")
    assert deliver(target, CO="00001", VINV="INV-2", LINES=lines).outcome is Outcome.CREATED


def test_a_short_id_decides_which_account_it_is(target: VoucherObject, site: Site) -> None:
    """Its name in JD Edwards is sent, whatever the other system calls it."""
    lines = [{"ANI": "THEIRS", "AID": "6110", "AA": "100.00"}]
    assert deliver(target, LINES=lines).outcome is Outcome.CREATED
    assert site.ais.tables["F0911Z1"][0]["ANI"] == "M30.6110"
    lines = [{"ANI": "M30.6110", "AID": "9999", "AA": "100.00"}]
    result = deliver(target, VINV="INV-2", LINES=lines)
    assert (result.code, "9999" in (result.message or "")) == ("unknown_account", True)


@pytest.mark.parametrize(("code", "amounts"), [(None, [66.0, 44.0]), ("V", [60.0, 40.0]), ("E", None)])
def test_tax_stands_where_its_code_puts_it(
    target: VoucherObject,
    site: Site,
    code: str | None,
    amounts: list[float] | None,
) -> None:
    """On the accounts of the lines, or, where E1 posts it itself, nowhere in the distribution."""
    lines = [
        {"ANI": "M30.6110", "AA": "60.00", "TAX": "6.00"},
        {"ANI": "M30.6120.01", "AA": "40.00", "TAX": "4.00"},
        {"ANI": "M30.6120", "AA": "0.00", "TAX": "0.00"},
    ]
    coded: dict[str, Any] = {"EXR1": code, "TXA1": "X", "STAM": "10.00"} if code else {}
    result = deliver(target, AG="110.00", LINES=lines, **coded)
    if amounts is None:
        assert result.code == "tax_not_coded"
    else:
        assert [row["AA"] for row in site.ais.tables["F0911Z1"]] == amounts


def test_tax_without_an_account(target: VoucherObject, site: Site) -> None:
    """E1 may post it by its code; without one it has no place, and the invoice is refused."""
    lines = [{"ANI": "M30.6110", "AA": "92.00"}, {"ANI": None, "AA": "0.00", "TAX": "8.00"}]
    refused = deliver(target, LINES=lines)
    assert (refused.outcome, refused.code) == (Outcome.REJECTED, "tax_not_coded")
    posted = deliver(target, LINES=lines, STAM="8.00", EXR1="V")
    assert posted.outcome is Outcome.CREATED
    assert len(site.ais.tables["F0911Z1"]) == 1


def test_an_amount_of_nothing_is_no_voucher(target: VoucherObject, site: Site) -> None:
    """E1 would leave it at EDSP 0 for ever."""
    lines = [{"ANI": "M30.6110", "AA": "5.00"}, {"ANI": "M30.6120.01", "AA": "-5.00"}]
    assert deliver(target, AG="0.00", LINES=lines).code == "no_amount"
    nothing = deliver(target, AG="0.00", LINES=[])
    assert (nothing.code, "nothing to post" in (nothing.message or "")) == ("invalid_voucher", True)


def test_settling_what_is_not_sent_any_more(target: VoucherObject) -> None:
    """The Z tables say whether it has arrived."""
    assert target.settle(KEY, f"SVCBATCH-{EDTN}", INVOICE) is None
    deliver(target)
    result = target.settle(KEY, f"SVCBATCH-{EDTN}", INVOICE)
    assert result is not None
    assert (result.outcome, result.target_id, result.awaits) == (Outcome.CREATED, EDTN, "voucher")
    assert target.settle(KEY, None, INVOICE) is None


def test_what_has_become_of_vouchers(target: VoucherObject, site: Site) -> None:
    """Waiting, processed with its number, processed and not shown, gone; a purged one by its invoice."""
    tables = site.ais.tables
    numbers = ["INV-1", "INV-2", "INV-3", "INV-4", "INV-5"]
    for number in numbers[:3]:
        deliver(target, VINV=number)
    for row in tables["F0411Z1"]:
        row["EDSP"] = "0" if row["VINV"] == "INV-1" else "1"
    posted = {"KCO": "00001", "DCT": "PV", "SFX": "001", "SFXE": 0, "AN8": 4343, "AG": 100.0}
    tables["F0411"] += [{**posted, "DOC": 77, "VINV": "INV-2"}, {**posted, "DOC": 79, "VINV": "INV-5"}]
    records = [Awaiting(number, f"SVCBATCH-{edtn_of(4343, number)}", "voucher", "") for number in numbers]
    sent = {number: {"AN8": "4343", "VINV": number} for number in numbers if number != "INV-4"}
    found = {one.record_key: one for one in target.follow(records, lambda key: sent.get(key, {}))}
    assert {key: (one.state, one.ended) for key, one in found.items()} == {
        "INV-1": ("waiting", False),
        "INV-2": ("processed", True),
        "INV-3": ("processed_unseen", False),
        "INV-4": ("gone", True),
        "INV-5": ("processed", True),
    }
    assert found["INV-2"].values == {"voucher": "00001-PV-77"}
    assert found["INV-5"].values == {"voucher": "00001-PV-79"}
    assert "R04110ZA" in found["INV-1"].reason
