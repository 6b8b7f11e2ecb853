"""The client against the simulated tenant, which was written from the same facts and shares no code with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    PermissionDenied,
    RecordRejected,
    Throttled,
    Unavailable,
)
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection
from airflow_provider_mlconnector.hooks.qad.source import accounts, contacts, customers
from airflow_provider_mlconnector.pipeline.ports import Batch, ReadRequest
from airflow_provider_mlconnector.pipeline.window import Window
from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.qad import QadSandbox

URL = "http://localhost:1"
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)
COLUMNS = frozenset({"CUSTOMER.customerCode", "CUSTOMER.businessRelationName", "CUSTOMER.city"})
BROWSES = "/api/qracore/browses"
CLIENT = "qad-sandbox-client"


class World:
    """A tenant and a client on one clock, which moves only when somebody sleeps."""

    def __init__(self, *, extra: dict[str, Any] | None = None, scale: float = 0.25, **sandbox: Any):
        self.clock = Clock(NOON, speed=0)
        self.sandbox = QadSandbox(clock=self.clock, scale=scale, **sandbox)
        self.client = self.connect(**(extra or {}))

    def connect(self, **extra: Any) -> QadClient:
        given = self.sandbox.connection(URL)
        connection = QadConnection(
            conn_id="qad_default",
            host=URL + self.sandbox.settings.root,
            login=extra.pop("login", given["login"]),
            password=SecretStr(extra.pop("password", given["password"])),
            **{"page_size": 20, "max_concurrency": 1, **given["extra"], **extra},
        )
        client = QadClient(
            connection, clock=self.clock.now, sleep=self.sleep, now=self.clock.datetime, random=lambda: 0.5
        )
        client.api.session.mount(URL, SandboxAdapter(self.sandbox))
        return client

    def sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)

    def change(self, **command: Any) -> Any:
        return self.sandbox.change(command)

    def rows(self, shared_set: str = "10-CUST") -> list[dict[str, Any]]:
        """What a workspace holds, by default the user's."""
        return [row for row in self.sandbox.state()["tables"]["customerV2s"] if row["sharedSetCode"] == shared_set]

    def codes(self, shared_set: str = "10-CUST") -> set[str]:
        return {row["customerCode"] for row in self.rows(shared_set)}

    def window(self, days: float = 1) -> Window:
        now = self.clock.datetime()
        return Window(now - timedelta(days=days), now, True, "watermark")

    def everything(self) -> Window:
        return Window(None, self.clock.datetime(), True, "first load")

    def read(self, window: Window | None = None, *, client: QadClient | None = None, **given: Any) -> list[str]:
        request = ReadRequest(window or self.everything(), given.pop("columns", COLUMNS), **given)
        return keys(list(customers(client or self.client).batches(request)))

    def undated(self) -> set[str]:
        return {row["customerCode"] for row in self.rows() if not row["lastModifiedDate"]}


def keys(batches: Sequence[Batch]) -> list[str]:
    return [row["record_key"] for batch in batches for row in batch.rows]


@pytest.mark.parametrize("root", ["clouderp", "qad-central"])
def test_check(root: str) -> None:
    """A fresh tenant of either context root can be logged in to, is validated and shows its rows."""
    lines = World(context_root=root).client.check()
    assert lines[0].startswith(f"login: oauth_password at {URL}/{root}, workspace 10USA_10USACO")
    assert lines[1].startswith("customers: readable (document in /api/swagger.json, browse with ")
    assert lines[2].startswith("accounts: readable")


@pytest.mark.parametrize(
    ("settings", "extra"),
    [
        ({"auth_modes": {"oauth_body", "basic"}}, {}),
        ({"auth_modes": {"oauth_query"}}, {"credentials_in": "query", "client_id": CLIENT}),
        ({"auth_modes": {"session"}}, {"auth_mode": "session"}),
        (
            {"auth_modes": {"session"}, "session_key": "data.jwt", "session_placement": "bearer"},
            {"auth_mode": "session", "session_key": "data.jwt", "session_placement": "bearer"},
        ),
        (
            {"auth_modes": {"session"}, "session_placement": "header:X-Session"},
            {"auth_mode": "session", "session_placement": "header:X-Session"},
        ),
        ({"auth_modes": {"basic"}}, {"auth_mode": "basic"}),
        ({"bearer": {"by-hand": "mlconnector"}}, {"auth_mode": "bearer", "password": "by-hand"}),
        (
            {"auth_modes": {"client_credentials"}},
            {"auth_mode": "client_credentials", "client_id": CLIENT, "client_secret": "sandbox-qad-client"},
        ),
    ],
)  # fmt: skip
def test_every_way_in(settings: dict[str, Any], extra: dict[str, Any]) -> None:
    """Each login reads all customers of its workspace."""
    if "auth_modes" in settings:
        settings = {**settings, "auth_modes": frozenset(settings["auth_modes"])}
    world = World(extra=extra, **settings)
    assert set(world.read()) == world.codes()


def refused(world: World) -> list[Any]:
    return [call for call in world.sandbox.calls if call.status == 400]


@pytest.mark.parametrize("mode", ["oauth_password", "session", "basic"])
def test_a_wrong_password_is_tried_once(mode: str) -> None:
    """No second try could lock the account."""
    world = World(extra={"auth_mode": mode, "password": "wrong", "client_id": CLIENT})
    for _ in range(2):
        with pytest.raises(CredentialsRejected):
            world.client.check()
    assert [call.status for call in world.sandbox.calls].count(401) + len(refused(world)) == 1


@pytest.mark.parametrize("mode", ["oauth_password", "session"])
def test_a_login_that_ends_is_renewed(mode: str) -> None:
    """By its length, by idling, by a restart: the call in hand is repeated."""
    world = World(extra={"auth_mode": mode})
    everything = world.codes()
    assert set(world.read()) == everything
    world.clock.advance(31 * 60)
    assert set(world.read()) == everything
    world.clock.advance(481 * 60)
    assert set(world.read()) == everything
    world.sandbox.restart()
    assert set(world.read()) == everything


def test_a_login_that_ends_between_pages() -> None:
    """A 401 on a later page costs a login, no row."""
    world = World(faults={"401_mid_paging": 0.3})
    assert sorted(world.read()) == sorted(world.codes())


@pytest.mark.parametrize("swagger", ["swagger2", "openapi3", "none"])
def test_validation(swagger: str) -> None:
    """Every way a tenant may describe itself proves what is there and refuses what is not."""
    world = World(swagger=swagger)
    assert world.client.resource("customers").proven
    lacking = World(swagger=swagger, lacks=frozenset({"customerV2s"}))
    with pytest.raises(ConfigurationError, match=r"resource 'customers'"):
        lacking.read(lacking.window())
    bare = World(swagger="none", metadata=False, lacks=frozenset({"customerV2s"}))
    with pytest.raises(ConfigurationError, match="no browse"):
        bare.read(bare.window())


def test_near_matches() -> None:
    """A name that is wrong by a letter is named with the right one."""
    world = World(extra={"resources": {"customers": {"detail_path": "/api/erp/customerV3s"}}})
    with pytest.raises(ConfigurationError, match="near: customerV2s"):
        world.client.resource("customers")


def test_an_unknown_browse() -> None:
    """200 with no rows is not taken for "nothing changed"."""
    world = World(extra={"resources": {"customers": {"browse_id": "urn:browse:bebrowse:com.qad.erp.base.customers"}}})
    with pytest.raises(ConfigurationError, match=r"no browse urn:browse:bebrowse:com\.qad\.erp\.base\.customers"):
        world.read(world.window())


def test_a_tenant_without_a_catalogue() -> None:
    """The rows themselves prove the browse."""
    world = World(lacks=frozenset({"urn:browse:custom:lookupBrowseFields"}))
    assert set(world.read()) == world.codes()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"string_flags": False, "string_booleans": True, "strict_paging": False},
        {"no_date": "empty", "envelope": "top", "no_record": "no_list"},
        {"no_date": "absent", "time_unit": "zero", "lean_browse": False},
        {"browse_modified": False},
    ],
)
def test_tenants_differ(settings: dict[str, Any]) -> None:
    """Each is read whole, with the columns that its browse does not have, and in its workspace alone."""
    world = World(**settings, scale=0.1)
    columns = frozenset({"CUSTOMER.customerCode", "CUSTOMER.webSite", "CUSTOMER.isActive"})
    batches = list(customers(world.client).batches(ReadRequest(world.everything(), columns)))
    assert sorted(keys(batches)) == sorted(world.codes())
    held = {row["customerCode"]: row for row in world.rows()}
    for record in (row for batch in batches for row in batch.rows):
        truth = held[record["record_key"]]
        assert record["CUSTOMER.webSite"] == (truth["webSite"].strip() or None)
        assert record["CUSTOMER.isActive"] is truth["isActive"]
        if settings.get("browse_modified", True):
            assert (record["changed_at"] is None) == (not truth["lastModifiedDate"])


@pytest.mark.parametrize("understood", ["works", "no_rows", "refused"])
def test_changes_and_rows_without_a_date(understood: str) -> None:
    """A run finds what changed, and every row without a date, however the tenant takes an empty date."""
    world = World(empty_date_filter=understood)
    world.clock.advance(30 * 86_400)
    assert set(world.read(world.window())) == world.undated()
    code = min(world.codes() - world.undated())
    world.change(deactivate=code)
    assert set(world.read(world.window())) == world.undated() | {code}
    assert world.undated()


def test_changes_of_one_day_are_all_seen() -> None:
    """Two changes of one day, the second behind the watermark's instant: the day is read again."""
    world = World(legacy_share=0)
    world.clock.advance(30 * 86_400)
    code = min(world.codes())
    world.change(table="customerV2s", where={"customerCode": code}, set={"city": "One"})
    assert world.read(world.window(0.01)) == [code]
    world.change(table="customerV2s", where={"customerCode": code}, set={"city": "Two"})
    (batch, *_) = customers(world.client).batches(ReadRequest(world.window(0.01), COLUMNS))
    assert batch.rows[0]["CUSTOMER.city"] == "Two"


def test_a_bounded_window() -> None:
    """A day that someone named holds the changes of that day in the tenant's zone, and rows without a date."""
    world = World(legacy_share=0, extra={"timezone": "Etc/GMT+5"})
    code = min(world.codes())
    world.clock.advance(10 * 86_400)
    world.change(deactivate=code)
    day = datetime(2026, 11, 30, 5, tzinfo=UTC)
    assert world.read(Window(day, day + timedelta(days=1), False, "backfill")) == [code]
    assert world.read(Window(day + timedelta(days=1), day + timedelta(days=2), False, "backfill")) == []


def test_the_instant_of_a_change() -> None:
    """Date and seconds are put together in the tenant's zone."""
    world = World(extra={"timezone": "Etc/GMT+5"})
    world.clock.advance(30 * 86_400 + 12_345)
    code = min(world.codes())
    world.change(deactivate=code)
    (batch, *_) = customers(world.client).batches(ReadRequest(world.window(), COLUMNS))
    changed = {row["record_key"]: row["changed_at"] for row in batch.rows}
    assert changed[code] == world.clock.datetime().replace(microsecond=0)


@pytest.mark.parametrize(
    "faults",
    [
        {"shifted_page": 0.5},
        {"edited_mid_paging": 1.0},
        {"empty_first_page": 0.4},
        {"repeated_page": 0.3},
        {"429": 0.3},
        {"502": 0.2},
        {"drop_before": 0.2},
        {"refresh_refused": 1.0, "expire_after": 5},
    ],
    ids=lambda faults: next(iter(faults)),
)
def test_faults_lose_nothing(faults: dict[str, Any]) -> None:
    """Each customer once, whatever goes wrong on the way."""
    world = World(extra={"max_retries": 12})
    assert world.client.resource("customers").proven
    world.sandbox.faults.replace(faults)
    assert sorted(world.read()) == sorted(world.codes())


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("errors_200", PermissionDenied),
        ("403", PermissionDenied),
        ("submit_result", RecordRejected),
        ("429", Throttled),
    ],
)
def test_faults_that_last(fault: str, kind: type[Exception]) -> None:
    """A refusal is named for what it is."""
    world = World(extra={"max_retries": 1})
    world.client.log_in()
    world.sandbox.faults.replace({fault: 1.0})
    with pytest.raises(kind):
        world.client.get(BROWSES, [("browseId", "x")])


def test_rows_that_are_counted_and_never_shown() -> None:
    """Silence that the count contradicts ends as an outage, not as an empty run."""
    world = World()
    world.client.resource("customers")
    world.sandbox.faults.replace({"empty_first_page": 1.0})
    with pytest.raises(Unavailable):
        world.read()


def test_another_workspace() -> None:
    """The header selects what is seen."""
    world = World()
    other = world.connect(workspace_id="20MEX_20MEXCO")
    assert set(world.read(client=other)) == world.codes("20-CUST") != world.codes()
    with pytest.raises(PermissionDenied, match="workspace_id"):
        world.connect(workspace_id="99XXX_99XXX", client_id=CLIENT).check()
    with pytest.raises(ConfigurationError, match=r"workspace_id.*client_id"):
        world.connect(workspace_id="99XXX_99XXX").check()


def test_contacts_and_accounts() -> None:
    """Every contact of every customer, once, and every business relation."""
    world = World(scale=0.1)
    request = ReadRequest(world.everything(), frozenset({"CONTACT.email", "CUSTOMER.customerCode"}))
    found = [row for batch in contacts(world.client).batches(request) for row in batch.rows]
    tables = world.sandbox.state()["tables"]
    people = sum(len(row.get("customerContactV2s", [])) for row in world.rows())
    assert len(found) == len({row["record_key"] for row in found}) == people > 0
    request = ReadRequest(world.everything(), frozenset({"ACCOUNT.businessRelationName"}))
    assert len(keys(list(accounts(world.client).batches(request)))) == len(tables["businessRelationV2s"])


def test_a_contact_keeps_its_key() -> None:
    """A contact that goes takes no other's key along."""
    world = World()
    world.change(
        new_customer={
            "customerCode": "NEW-1",
            "contacts": [{"contactName": name, "email": f"{name}@acme.test"} for name in ("ann", "bob")],
        }
    )
    request = ReadRequest(world.window(), frozenset({"CONTACT.email"}), also=("NEW-1-x",))

    def read() -> dict[str, str]:
        rows = [row for batch in contacts(world.client).batches(request) for row in batch.rows]
        return {row["CONTACT.email"]: row["record_key"] for row in rows if row["record_key"].startswith("NEW-1-")}

    before = read()
    world.change(contact="NEW-1", name="ann", delete=True)
    assert read() == {"bob@acme.test": before["bob@acme.test"]}


def test_documents_read_side_by_side() -> None:
    """Several at once, each with the one login, in the order of the rows."""
    world = World(extra={"max_concurrency": 4})
    columns = frozenset({"CUSTOMER.webSite"})
    found = world.read(columns=columns)
    assert found == world.read(columns=columns, client=world.connect(max_concurrency=1))
    assert sorted(found) == sorted(world.codes())
    world.client.close()


def test_interrupted_anywhere() -> None:
    """Going on behind any page brings the rest, once."""
    world = World()
    request = ReadRequest(world.window(400), COLUMNS, also=(sorted(world.codes())[3],))
    whole = list(customers(world.client).batches(request))
    assert len(whole) > 3
    for at in range(len(whole)):
        again = ReadRequest(request.window, COLUMNS, also=request.also, after=whole[at].cursor)
        assert keys(whole[: at + 1]) + keys(list(customers(world.client).batches(again))) == keys(whole)
