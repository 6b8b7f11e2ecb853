from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import SecretStr

from airflow_provider_mlconnector.exceptions import CredentialsRejected, RetryLater
from airflow_provider_mlconnector.hooks.cin7.accounts import Accounts
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.connection import Cin7Connection, limits
from airflow_provider_mlconnector.hooks.cin7.finding import marker
from airflow_provider_mlconnector.hooks.cin7.purchases import Purchases
from airflow_provider_mlconnector.hooks.cin7.suppliers import Suppliers
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import MemoryJournal
from airflow_provider_mlconnector.pipeline.ports import Ready
from airflow_provider_mlconnector.sandbox.cin7 import Cin7Sandbox
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.transport.limits import AccountLimiter, MemoryStore

URL = "http://localhost:1"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ITEMS = [{"SKU": f"ITEM-{number}", "Name": f"Item {number}"} for number in range(12)]
CHART = [{"Code": "5010", "Name": "Materials", "Type": "EXPENSE", "Status": "ACTIVE"}]
OPEN = (Outcome.REJECTED, Outcome.PENDING)
ACME = {
    "Name": "Acme Tools", "Addresses.Billing.Line1": "1 High St", "Addresses.Billing.Country": "Australia",
    "Contacts.Email": "bob@example.com",
}  # fmt: skip


class Crash(Exception):
    """The worker dies."""


class CrashingJournal(MemoryJournal):
    """A journal whose worker now and then dies before, and now and then after, something is noted."""

    def __init__(self, chance: random.Random):
        super().__init__()
        self._chance = chance

    @contextmanager
    def _perhaps(self) -> Iterator[None]:
        if self._chance.random() < 0.05:
            raise Crash
        yield
        if self._chance.random() < 0.05:
            raise Crash

    def begin(self, ready: Ready, at: datetime) -> None:
        with self._perhaps():
            super().begin(ready, at)

    def created(self, key: str, guid: str) -> None:
        with self._perhaps():
            super().created(key, guid)


class World:
    """A sandbox and clients on one clock, which moves only when somebody sleeps."""

    def __init__(self, *, extra: dict[str, Any] | None = None, journal: MemoryJournal | None = None, **sandbox: Any):
        self.clock = Clock(NOON, speed=0)
        sandbox = {"calls_per_window": 1_000_000, "minute_seconds": 60, "items": ITEMS, "chart": CHART, **sandbox}
        self.sandbox = Cin7Sandbox(clock=self.clock, **sandbox)
        given = Cin7Sandbox.connection(URL)
        self.connection = Cin7Connection(
            conn_id="cin7_default", host=URL, login=given["login"], password=SecretStr(given["password"]),
            **{**given["extra"], "window_seconds": 60, **(extra or {})},
        )  # fmt: skip
        self.journal = journal or MemoryJournal()
        self.client = self.connect()

    def connect(self, *, limited: bool = False, **changes: Any) -> Cin7Client:
        more: dict[str, Any] = {}
        if limited:
            store = MemoryStore(clock=self.clock.now)
            more["limiter"] = AccountLimiter("cin7", limits(self.connection), store, sleep=self.sleep)
        client = Cin7Client(
            self.connection.model_copy(update=changes), clock=self.clock.now, sleep=self.sleep,
            now=self.clock.datetime, random=lambda: 0.5, **more,
        )  # fmt: skip
        client.api.session.mount(URL, SandboxAdapter(self.sandbox))
        return client

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def suppliers(self, *records: tuple[str, dict[str, Any]]) -> list[RowResult]:
        return Suppliers(self.client, self.journal).deliver("", [Ready(key, payload) for key, payload in records])

    def purchases(self, *records: tuple[str, dict[str, Any]]) -> list[RowResult]:
        return Purchases(self.client, self.journal).deliver("", [Ready(key, payload) for key, payload in records])

    def supplier(self) -> str:
        (found,) = self.suppliers(("1001", ACME))
        assert found.target_id
        return found.target_id

    def live(self) -> list[dict[str, Any]]:
        return [each for each in self.sandbox.state()["purchases"] if each["Status"] != "VOIDED"]


def order(supplier: str, number: int, *, lines: int = 3, **more: Any) -> dict[str, Any]:
    entries = [
        {"SKU": f"ITEM-{(number + n) % 12}", "Quantity": n + 1, "Price": Decimal("1.2345") * (n + 1), "Comment": str(n)}
        for n in range(lines)
    ]
    return {"SupplierID": supplier, "RequiredBy": "2026-12-24", "Lines": entries, **more}


@pytest.fixture
def world() -> World:
    return World()


def test_check(world: World) -> None:
    """The account, its books, and that the defaults fit them."""
    lines = world.client.check()
    assert lines[0].startswith("logged in to http://localhost:1, account")
    assert any("payable: 800" in line for line in lines)
    assert any("the defaults are complete" in line for line in lines)


def test_wrong_keys_are_refused(world: World) -> None:
    """And said so."""
    with pytest.raises(CredentialsRejected, match="application key"):
        world.connect(password=SecretStr("x")).check()


def test_suppliers_are_made_changed_and_left_alone(world: World) -> None:
    """Each once, addresses and contacts too, however often they are sent."""
    guid = world.supplier()
    changed = {**ACME, "Addresses.Billing.Line1": "2 Low St", "Contacts.Phone": "5", "Comments": "x"}
    for payload in (ACME, changed, changed):
        assert world.suppliers(("1001", payload)) == [RowResult(Outcome.UPDATED, guid)]
    (found,) = [each for each in world.sandbox.state()["suppliers"] if each["ID"] == guid]
    assert [each["Line1"] for each in found["Addresses"]] == ["2 Low St"]
    assert [(each["Email"], each["Phone"]) for each in found["Contacts"]] == [("bob@example.com", "5")]


def test_a_supplier_that_somebody_renamed_is_the_same(world: World) -> None:
    """The link holds; and a supplier whose name only begins alike is not taken."""
    guid = world.supplier()
    world.sandbox.change({"rename_supplier": {"from": "Acme Tools", "to": "Acme Tools Ltd"}})
    assert world.suppliers(("1001", ACME))[0].target_id == guid
    assert world.suppliers(("1002", {**ACME, "Name": "Acme"}))[0].outcome is Outcome.CREATED


def test_an_order_is_made_with_two_calls(world: World) -> None:
    """With all its lines and totals as Cin7 validates them; nothing that was sent is ignored."""
    supplier = world.supplier()
    world.purchases(("0", order(supplier, 0)))
    before = world.sandbox.state()["calls"]
    (found,) = world.purchases(("1", order(supplier, 1)))
    assert (found.outcome, world.sandbox.state()["calls"] - before) == (Outcome.CREATED, 2)
    assert [len(each["Order"]["Lines"]) for each in world.live()] == [3, 3]
    assert world.sandbox.state()["ignored"] == []
    assert world.sandbox.state()["renamed"] == []


@pytest.mark.parametrize("rounding", ["half_up", "half_even"])
@pytest.mark.parametrize("rule", ["without_tax", "with_tax"])
def test_totals_are_learnt_whatever_the_account_does(rule: str, rounding: str) -> None:
    """No order is left behind or lost on the way."""
    world = World(total_rule=rule, rounding=rounding)
    supplier = world.supplier()
    lines = [{"SKU": "ITEM-1", "Quantity": 1, "Price": "0.225", "TaxRule": "VAT on Purchases"},
             {"SKU": "ITEM-2", "Quantity": 3, "Price": "435.3055", "TaxRule": "Tax on Purchases"}]  # fmt: skip
    found = world.purchases(*((str(n), {**order(supplier, 1), "Lines": lines}) for n in range(5)))
    assert {each.outcome for each in found} == {Outcome.CREATED}, found
    assert world.sandbox.state()["orphans"] == []


def test_orders_are_changed_while_they_are_drafts(world: World) -> None:
    """Fewer lines, another date; an authorised one is reported, a voided one is not made again."""
    supplier = world.supplier()
    world.purchases(("1", order(supplier, 1)))
    changed = order(supplier, 1, lines=2, RequiredBy="2027-01-02")
    assert world.purchases(("1", changed))[0].outcome is Outcome.UPDATED
    (there,) = world.live()
    assert (len(there["Order"]["Lines"]), str(there["RequiredBy"])[:10]) == (2, "2027-01-02")
    world.sandbox.change({"authorise": there["ID"]})
    assert world.purchases(("1", order(supplier, 1)))[0].code == "order_not_draft"
    world.sandbox.change({"void": there["ID"]})
    assert world.purchases(("1", order(supplier, 1)))[0].code == "order_voided"
    assert world.live() == []


@pytest.mark.parametrize("kind", ["Simple", "Advanced"])
def test_both_kinds_of_purchase(kind: str) -> None:
    """Made, changed, authorised and found again."""
    world = World(extra={"authorise_purchases": True})
    supplier = world.supplier()
    payload = order(supplier, 1, PurchaseType=kind)
    for outcome in (Outcome.CREATED, Outcome.UPDATED):
        assert world.purchases(("1", payload))[0].outcome is outcome
    assert [each["Order"]["Status"] for each in world.live()] == ["AUTHORISED"]


def test_a_lost_header_is_found_although_the_list_is_late() -> None:
    """The purchase shows up ten seconds after it was made."""
    world = World(list_delay_seconds=10, faults={"drop_after_commit": {"path": "advanced-purchase", "first": 1}})
    supplier = world.supplier()
    # The occasion of the fault is a call of any path; so the first calls that create are lost.
    world.sandbox.faults.replace({"drop_after_commit": {"path": "advanced-purchase", "p": 1.0}})
    journal = world.journal

    def heal(seconds: float) -> None:
        world.sandbox.faults.replace({})
        world.clock.advance(seconds)

    world.client._sleep = heal
    (found,) = world.purchases(("1", order(supplier, 1)))
    assert found.outcome is Outcome.CREATED
    assert len(world.live()) == 1
    assert journal.owner(str(found.target_id)) == "1"


def test_accounts_are_matched_and_made(world: World) -> None:
    """And not made while the chart is tied to Xero or QuickBooks."""
    world = World(extra={"create_missing_accounts": True})
    new = {"Name": "Travel", "Type": "EXPENSE", "Class": "EXPENSE"}
    batch = [Ready(account, {"Account": account, **new}) for account in ("30.5010", "30.6100", "31.6100")]
    assert [(each.outcome, each.target_id) for each in Accounts(world.client).deliver("", batch)] == [
        (Outcome.CREATED, "5010"), (Outcome.CREATED, "6100"), (Outcome.CREATED, "6100")
    ]  # fmt: skip
    for refuses in ("all", "put"):
        world.sandbox.change({"tie": "xero", "options": {"tied_refuses": refuses}})
        tied = Accounts(world.connect()).deliver("", [Ready("x", {"Account": "30.7777", **new})])
        assert tied[0].code == "chart_not_ours"
    assert "7777" not in {each["Code"] for each in world.sandbox.state()["accounts"]}


@pytest.mark.parametrize("form", ["live", "429", "503", "400"])
def test_the_limit_holds_and_somebody_elses_calls_are_waited_out(form: str) -> None:
    """None of ours is one too many; when others use the quota up, ours wait, in each form of the refusal."""
    world = World(calls_per_window=60, limit_form=form, refused_calls_count=False)
    world.client = world.connect(limited=True)
    supplier = world.supplier()
    started = world.clock.now()
    found = world.purchases(*((str(n), order(supplier, n, lines=1)) for n in range(60)))
    assert {each.outcome for each in found} == {Outcome.CREATED}
    assert world.sandbox.state()["violations"]["limit"] == 0
    assert (world.clock.now() - started) <= 3 * 60
    world.sandbox.change({"other_calls": 60})
    assert world.purchases(("x", order(supplier, 1)))[0].outcome is Outcome.CREATED


FAULTS = {
    "drop_after_commit": 0.06, "drop_before": 0.06, "504": 0.04, "503": 0.02, "500": 0.03,
    "429": 0.02, "503_throttle": 0.02, "400_throttle": 0.02, "line_lost": 0.05,
}  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_each_order_exists_once_with_all_its_lines(seed: int) -> None:
    """Whatever is lost, cut, throttled or killed between the calls; nothing is left behind."""
    chance = random.Random(seed)
    world = World(seed=seed, journal=CrashingJournal(chance), list_delay_seconds=3)
    supplier = Suppliers(world.client).deliver("", [Ready("1001", ACME)])[0].target_id
    orders = {f"00001-OP-{n}-000": order(str(supplier), n, lines=1 + n % 4) for n in range(40)}
    world.sandbox.faults.replace(FAULTS)
    done: dict[str, RowResult] = {}
    for _ in range(200):
        world.client = world.connect()
        try:
            target = Purchases(world.client, world.journal)
            for key, payload in orders.items():
                if key not in done or done[key].outcome in OPEN:
                    (done[key],) = target.deliver("", [Ready(key, payload)])
        except (Crash, RetryLater):
            world.clock.advance(60)
            continue
        if not any(each.outcome in OPEN for each in done.values()):
            break
    world.sandbox.faults.replace({})
    assert Counter(result.outcome for result in done.values()).keys() <= {Outcome.CREATED, Outcome.UPDATED}, done
    live = world.live()
    assert sorted(each["Note"] for each in live) == sorted(map(marker, orders))
    lines = {each["Note"]: len(each["Order"]["Lines"]) for each in live}
    assert lines == {marker(key): len(payload["Lines"]) for key, payload in orders.items()}
    assert world.sandbox.state()["orphans"] == []
    assert {each["ID"] for each in live} == {result.target_id for result in done.values()}


@pytest.mark.parametrize("seed", range(4))
def test_each_supplier_exists_once(seed: int) -> None:
    """With its address once, whatever is lost."""
    world = World(seed=seed, journal=CrashingJournal(random.Random(seed)))
    world.sandbox.faults.replace({name: rule for name, rule in FAULTS.items() if name != "line_lost"})
    records = {str(n): {**ACME, "Name": f"Acme {n}"} for n in range(25)}
    done: dict[str, RowResult] = {}
    for _ in range(100):
        world.client = world.connect()
        try:
            for key, payload in records.items():
                if key not in done or done[key].outcome in OPEN:
                    (done[key],) = world.suppliers((key, payload))
        except (Crash, RetryLater):
            world.clock.advance(60)
            continue
        if not any(each.outcome in OPEN for each in done.values()):
            break
    assert {result.outcome for result in done.values()} <= {Outcome.CREATED, Outcome.UPDATED}, done
    ours = [each for each in world.sandbox.state()["suppliers"] if each["Name"].startswith("Acme ")]
    assert sorted(each["Name"] for each in ours) == sorted(str(each["Name"]) for each in records.values())
    assert {(len(each["Addresses"]), len(each["Contacts"])) for each in ours} == {(1, 1)}
