"""The client against the simulated tenant: two readings of the vendor facts that share no code."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, CredentialsRejected, RecordRejected, RetryLater
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.coding import gl_accounts
from airflow_provider_mlconnector.hooks.jaggaer.connection import JaggaerConnection
from airflow_provider_mlconnector.hooks.jaggaer.invoices import not_due
from airflow_provider_mlconnector.hooks.jaggaer.source import invoices
from airflow_provider_mlconnector.hooks.jaggaer.splits import shares
from airflow_provider_mlconnector.hooks.jaggaer.target import RecordObject, purchase_orders, suppliers
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.ports import ReadRequest, Ready
from airflow_provider_mlconnector.pipeline.window import Window
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.jaggaer import JaggaerSandbox

URL = "http://localhost:1"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ALL = Window(None, NOON, True, "first load")
STORMS: list[dict[str, Any]] = [
    {"401": {"every": 3}},
    {"429": {"every": 3}, "429_date": {"every": 5}, "429_no_header": {"every": 7}},
    {"502": {"p": 0.2}, "503": {"p": 0.2}},
    {"drop_before": {"p": 0.2}},
    {"drop_after_commit": {"p": 0.3}},
    {"return_code_after_commit": {"p": 0.3}},
    {"return_code": {"p": 0.2}},
    {"odd_content_type": {"every": 2}},
    {"repeated_page": {"every": 3}, "short_page": {"every": 2}},
    {"restart": {"every": 4}},
    {
        "401": {"every": 5},
        "429": {"p": 0.1},
        "502": {"p": 0.1},
        "drop_after_commit": {"p": 0.2},
        "drop_before": {"p": 0.1},
    },
]
"""Tokens end now and then, never twice in a row: a fresh one that is refused is a refusal by the vendor's facts."""


class World:
    """A tenant and a client on one clock, which moves only when somebody sleeps."""

    def __init__(self, *, extra: dict[str, Any] | None = None, password: str | None = None, **sandbox: Any):
        self.clock = Clock(NOON, speed=0)
        self.sandbox = JaggaerSandbox(clock=self.clock, **sandbox)
        given = JaggaerSandbox.connection(URL)
        conn: Any = SimpleNamespace(
            conn_id="jaggaer_default",
            conn_type="jaggaer",
            host=given["host"],
            schema=None,
            port=None,
            login=given["login"],
            password=password or given["password"],
            extra_dejson={**given["extra"], **(extra or {})},
        )
        self.connection = JaggaerConnection.from_airflow(conn)
        self.client = JaggaerClient(
            self.connection,
            clock=self.clock.now,
            sleep=self.sleep,
            now=self.clock.datetime,
            random=lambda: 0.5,
        )
        self.client.api.session.mount(URL, SandboxAdapter(self.sandbox))

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def changed(self, **command: Any) -> Any:
        return self.sandbox.change(command)

    def records(self, resource: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.state()[resource]
        return found

    def read(self, **request: Any) -> list[dict[str, Any]]:
        wanted = ReadRequest(**{"window": ALL, "columns": frozenset(), **request})
        return [row for batch in invoices(self.client).batches(wanted) for row in batch.rows]

    def master_data(self) -> World:
        self.changed(
            suppliers=[{"extCode": "4242", "companyName": "Supplier"}],
            gl_accounts=[{"code": "1130.8720"}, {"code": "1130.8730.01"}, {"code": "1130.1", "active": "false"}],
        )
        return self


def order(number: int, price: str = "10.10") -> dict[str, Any]:
    line = {"quantity": Decimal("3.0000"), "unitPrice.currency": "USD", "unitPrice.money": Decimal(price)}
    return {
        "poNumber": f"00001-OP-{number}-000",
        "supplier.supplierNumber": "4242",
        "currency": "USD",
        "orderDate": "2026-06-14",
        "lines": [
            {"lineNumber": "1.000", "status": "Open", "account": "1130.8720", "item.description": "Bolt", **line},
            {"lineNumber": "2.000", "status": "Cancelled", **line},
        ],
    }


def deliver(target: RecordObject, payload: dict[str, Any]) -> RowResult:
    key = payload.get("poNumber") or payload.get("extCode") or "key"
    (result,) = target.deliver("", [Ready(key, payload)])
    return result


def persistently(target: RecordObject, payload: dict[str, Any]) -> RowResult:
    """Deliver as the tasks do: again after an outage, and as long as it is pending."""
    for _ in range(40):
        try:
            result = deliver(target, payload)
        except RetryLater:
            continue
        if result.outcome is not Outcome.PENDING:
            return result
    raise AssertionError("never delivered")


def test_check() -> None:
    """All that the tenant has fits the Connection; what it does not have is said."""
    world = World().master_data()
    world.changed(
        invoice={"supplier": "4242", "number": "A-1", "lines": [{"amount": "100.00", "account": "1130.8720"}]}
    )
    deliver(purchase_orders(world.client), order(1))
    first, *rest = world.client.check()
    said = {line.split(": ")[0]: line for line in rest}
    assert first == f"logged in to {URL}"
    for name in ("suppliers", "invoices", "purchase_orders", "gl_accounts", "cost_centers"):
        assert "fits" in said[name], said[name]
    assert "NOT THERE (404)" in said["contracts"]


def test_check_tries_the_path_of_one_record() -> None:
    """A list that fits and a detail that is not there: each invoice would be refused."""
    world = World(extra={"resources": {"invoices": {"detail": "ji/v1/documents/{id}"}}}).master_data()
    world.changed(invoices=1)
    (said,) = [line for line in world.client.check() if line.startswith("invoices")]
    assert "not found at 'ji/v1/documents/{id}' (detail)" in said


def test_wrong_secret() -> None:
    """A wrong secret is refused once."""
    world = World(password="wrong")
    with pytest.raises(CredentialsRejected):
        world.client.check()
    assert world.sandbox.state()["logins"] == 0


def test_supplier_created_and_changed() -> None:
    """The same number twice makes one supplier."""
    world = World()
    target = suppliers(world.client)
    first = deliver(target, {"extCode": "1001", "companyName": "Zürich & Söhne", "isoCountry": "CH"})
    second = deliver(target, {"extCode": "1001", "companyName": "Zürich AG"})
    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.UPDATED)
    (record,) = world.records("suppliers")
    info = record["returnCompanyInfo"]
    assert (info["companyName"], info["isoCountry"], info["bravoId"]) == ("Zürich AG", "CH", first.target_id)


def test_refused_supplier() -> None:
    """The vendor's code arrives with the record."""
    result = deliver(suppliers(World().client), {"extCode": "1001", "companyName": "x", "isoCountry": "Switzerland"})
    assert (result.outcome, result.code) == (Outcome.REJECTED, "1012")


def test_order_created_and_changed() -> None:
    """Amounts arrive to the digit; a changed order is the same document, in its next revision."""
    world = World().master_data()
    target = purchase_orders(world.client)
    first, second = deliver(target, order(1)), deliver(target, order(1, "10.1234"))
    assert (first.outcome, second.outcome) == (Outcome.CREATED, Outcome.UPDATED)
    assert first.target_id == second.target_id
    (record,) = world.records("purchase_orders")
    lines = record["lineList"]["purchaseOrderLine"]
    assert [str(each["unitPrice"]["money"]) for each in lines] == ["10.1234", "10.1234"]
    assert [each["status"] for each in lines] == ["Open", "Cancelled"]
    assert record["header"]["revision"] == 1


def test_order_with_an_account_that_is_not_there() -> None:
    """The vendor's own check rejects the record."""
    world = World().master_data()
    payload = order(1)
    payload["lines"][0]["account"] = "9999"
    assert deliver(purchase_orders(world.client), payload).code == "2002"
    assert world.records("purchase_orders") == []


def test_accounts_are_aligned() -> None:
    """Active codes have a partner; the others are reported, nothing is created."""
    world = World().master_data()
    codes = ["1130.8720", "1130.1", "9999"]
    results = gl_accounts(world.client).deliver("", [Ready(code, {"code": code}) for code in codes])
    assert [(each.outcome, each.code) for each in results] == [
        (Outcome.CREATED, None),
        (Outcome.REJECTED, "inactive"),
        (Outcome.REJECTED, "unmatched"),
    ]
    assert len(world.records("gl_accounts")) == 3


def test_account_created_where_the_connection_says_so() -> None:
    """`create_missing` writes the code in the way of the supplier."""
    own = JaggaerSandbox.connection(URL)["extra"]["resources"]
    own["gl_accounts"]["create_missing"] = True
    world = World(extra={"resources": own})
    payload = {"code": "1130.8720", "description": "Travel"}
    (result,) = gl_accounts(world.client).deliver("", [Ready("1", payload)])
    assert result.outcome is Outcome.CREATED
    assert world.records("gl_accounts")[0]["description"] == "Travel"


@pytest.mark.parametrize("faults", STORMS, ids="+".join)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_order_and_supplier_once_whatever_happens(faults: dict[str, Any], seed: int) -> None:
    """Lost answers, outages, ended tokens, errors after the work: in the end each is there exactly once."""
    world = World(seed=seed, page_size=3).master_data()
    world.sandbox.faults.replace(faults)
    targets = suppliers(world.client), purchase_orders(world.client)
    results = []
    for number in range(6):
        results.append(persistently(targets[0], {"extCode": str(number), "companyName": f"S {number}"}))
        results.append(persistently(targets[1], order(number)))
    assert {result.outcome for result in results} <= {Outcome.CREATED, Outcome.UPDATED}
    assert len(world.records("suppliers")) == 7
    assert len(world.records("purchase_orders")) == 6
    assert world.sandbox.state()["duplicates"]["purchase_orders"] == {}


@pytest.mark.parametrize("faults", STORMS, ids="+".join)
def test_all_invoices_are_read_whatever_happens(faults: dict[str, Any]) -> None:
    """The faults of reading cost time and no invoice; each comes once, to the cent."""
    calm, stormy = (World(page_size=3, extra={"max_concurrency": 1}).master_data() for _ in range(2))
    for world in (calm, stormy):
        world.changed(invoices=20)
    stormy.sandbox.faults.replace(faults)
    expected = calm.read()
    for _ in range(40):
        try:
            assert stormy.read() == expected
        except RetryLater:
            continue
        break
    assert len(expected) == len(calm.records("invoices"))


def test_invoices_of_all_kinds() -> None:
    """Each kind of invoice is read: due or out of scope by rule, and the coding of its lines adds up."""
    world = World(page_size=4).master_data()
    world.changed(invoices=60)
    records = world.read()
    kinds = world.sandbox.state()["invoice_kinds"]
    assert len(records) == len(kinds)
    assert {record["INVOICE.PROBLEM"] for record in records} == {None}
    for record in records:
        for line in record["INVOICE.LINES"]:
            if len(line["splits"]) > 1:
                assert sum(shares(line["amount"], line["splits"])) == line["amount"]
    reasons = {kinds[record["record_key"]]: _fate(record) for record in records}
    assert reasons["plain"] == reasons["credit_memo_split"] == "due"
    assert (reasons["unapproved"], reasons["tax_uncoded"]) == ("not_approved", "due")
    (uncoded,) = [record for record in records if kinds[record["record_key"]] == "tax_uncoded"][:1]
    assert [entry["TAX"] for entry in uncoded["GL.LINES"] if entry["ACCOUNT"] is None] == [uncoded["GL.TAX"]]


def _fate(record: dict[str, Any]) -> str:
    try:
        reason = not_due(record)
    except RecordRejected as refused:
        return refused.code or ""
    return reason[0] if reason else "due"


def test_invoices_inserted_while_listing() -> None:
    """A list with the newest first moves with every insertion; nothing is lost."""
    world = World(page_size=2, order="newest_first").master_data()
    given = {"supplier": "4242", "lines": [{"amount": "1.00", "account": "1130.8720"}]}
    for number in range(7):
        world.changed(invoice={**given, "number": str(number)})
    before = {str(each["header"]["invoiceId"]) for each in world.records("invoices")}
    call, extra = world.client.call, iter("abc")

    def inserting(method: str, endpoint: str, **request: Any) -> Any:
        answer = call(method, endpoint, **request)
        if (name := next(extra, None)) is not None:
            world.changed(invoice={**given, "number": name})
        return answer

    world.client.call = inserting  # type: ignore[method-assign]
    assert before <= {record["record_key"] for record in world.read()}


def test_changed_since() -> None:
    """Only invoices whose header says that they changed in the window are read."""
    world = World().master_data()
    given = {"supplier": "4242", "lines": [{"amount": "1.00", "account": "1130.8720"}]}
    first = world.changed(invoice={**given, "number": "1"})["invoice"]
    world.clock.advance(60)
    since = world.clock.datetime()
    second = world.changed(invoice={**given, "number": "2"})["invoice"]
    window = Window(since, NOON, True, "watermark")
    assert [record["record_key"] for record in world.read(window=window)] == [str(second)]
    assert [record["record_key"] for record in world.read(window=window, also=(str(first),))] == [
        str(first),
        str(second),
    ]


def test_tenant_with_other_names() -> None:
    """Prefix, login path, resource paths and wrappers are all configuration."""
    names = {"path": "x/v9/vendors", "create": "x/v9/vendors", "items": "list.vendor", "key": "info.no",
             "external": "info.erp"}  # fmt: skip
    own = JaggaerSandbox.connection(URL)["extra"]["resources"]
    world = World(
        extra={
            "api_prefix": "/esop/jint/api/public",
            "oauth_endpoint": "{base}/sso/token",
            "oauth_client_auth": "basic",
            "resources": {**own, "suppliers": {**own["suppliers"], **names}},
        },
        api_prefix="/esop/jint/api/public",
        token_path="/sso/token",
        client_auth="basic",
        resources={"suppliers": names},
    )
    target = suppliers(world.client)
    first = deliver(target, {"erp": "1001", "companyName": "Acme"})
    assert (first.outcome, deliver(target, {"erp": "1001", "companyName": "A"}).outcome) == (
        Outcome.CREATED,
        Outcome.UPDATED,
    )
    assert len(world.records("suppliers")) == 1


def test_unconfirmed_tenant() -> None:
    """Where paths are strict nothing is written without the Connection's own confirmation."""
    world = World(extra={"resources": {}, "strict_paths": True})
    with pytest.raises(ConfigurationError, match="confirmed"):
        deliver(suppliers(world.client), {"extCode": "1", "companyName": "x"})
    assert world.records("suppliers") == []


@pytest.mark.parametrize("empty", ["omit", "null", "empty"])
def test_empty_tenant(empty: str) -> None:
    """No records are no error, however the list is written."""
    world = World(empty_list=empty)
    assert world.read() == []
    assert purchase_orders(world.client).find("1") is None
