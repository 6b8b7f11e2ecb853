"""The client against the simulated AIS server, which keeps the vendor's rules and was written from them alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import (
    ConfigurationError,
    CredentialsRejected,
    Unavailable,
    UnexpectedAnswer,
    UnknownField,
)
from airflow_provider_mlconnector.hooks.jde.address_book import read_contacts, read_customers
from airflow_provider_mlconnector.hooks.jde.changes import CUSTOMERS, changed_keys
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.dates import DayRange
from airflow_provider_mlconnector.hooks.jde.orchestrator import opportunities
from airflow_provider_mlconnector.sandbox.core.clock import Clock
from airflow_provider_mlconnector.sandbox.jde import JdeSandbox

URL = "http://127.0.0.1:9300"
START = datetime(2026, 3, 10, 18, tzinfo=UTC)
Make = Callable[..., JdeClient]


@pytest.fixture
def server() -> JdeSandbox:
    """A small company; its clock stands still until it is advanced."""
    return JdeSandbox(seed=3, scale=0.2, clock=Clock(START, speed=0, real=lambda: 0.0))


def rows(server: JdeSandbox, table: str) -> list[dict[str, Any]]:
    return list(server.state()["tables"][table])


def numbers(client: JdeClient, *, between: Callable[[], Any] = lambda: None) -> list[tuple[int, int]]:
    found = []
    for page in client.read("F0111", columns=["F0111.UPMJ"], key=["F0111.AN8", "F0111.IDLN"]):
        found += [(row["F0111.AN8"], row["F0111.IDLN"]) for row in page.rows]
        between()
    return found


@pytest.fixture
def contacts(server: JdeSandbox) -> list[tuple[int, int]]:
    """The keys of F0111 as the server holds them."""
    return sorted((row["AN8"], row["IDLN"]) for row in rows(server, "F0111"))


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
@pytest.mark.parametrize("size", [7, 100, 5000])
def test_whole_table(connect: Make, contacts: list[tuple[int, int]], mode: str, size: int) -> None:
    """Every row once, in the order of its key, with a composite key."""
    assert len(contacts) > 14
    assert numbers(connect(page_mode=mode, page_size=size)) == contacts


def test_servers_own_limit(server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]]) -> None:
    """A server that never sends more than 9 rows loses none."""
    server.settings.max_rows = 9
    assert numbers(connect()) == contacts


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
@pytest.mark.parametrize("status", [444, 403])
def test_session_ends_between_pages(
    server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]], mode: str, status: int
) -> None:
    """Tokens die mid-way: the read logs in again and goes on, in either way of paging."""
    server.settings.invalid_token_status = status
    assert numbers(connect(page_mode=mode, page_size=10), between=server.sessions.clear) == contacts
    assert server.sessions.logins > 2


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
def test_restart_of_the_server_between_pages(
    server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]], mode: str
) -> None:
    """Sessions and cursors are gone after a restart; the rows come all the same, each once."""
    assert numbers(connect(page_mode=mode, page_size=10), between=server.restart) == contacts


def test_cursor_expires_between_pages(server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]]) -> None:
    """A consumer slower than 60 s per page still gets every row once (JAS_MSG347 each time)."""
    client = connect(page_mode="next_link", page_size=10)
    assert numbers(client, between=lambda: server.clock.advance(61)) == contacts


@pytest.mark.parametrize("mode", ["keyset", "next_link"])
def test_long_read_outlives_the_session(
    server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]], mode: str
) -> None:
    """Half an hour between pages: the session is renewed before its time, without a refusal in keyset mode."""
    client = connect(page_mode=mode, page_size=40)
    assert numbers(client, between=lambda: server.clock.advance(1800)) == contacts


FAULTS: list[dict[str, Any]] = [
    {"502": {"every": 3}},
    {"503": {"every": 4}},
    {"500_html": {"every": 5}},
    {"drop_before": {"every": 3}},
    {"drop_after_commit": {"every": 3}},
    {"500": {"every": 3}},
    {"444": {"every": 3}},
    {"sys_errors": {"every": 3}},
    {"errors_200": {"every": 3}},
    {"exception_200": {"every": 3}},
    {"expire_after": 4},
    {"restart": {"every": 6}},
]


@pytest.mark.parametrize("faults", FAULTS, ids=lambda faults: next(iter(faults)))
@pytest.mark.parametrize("mode", ["keyset", "next_link"])
def test_no_row_is_lost_or_doubled_by_faults(
    server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]], faults: dict[str, Any], mode: str
) -> None:
    """Whatever goes wrong in passing, the rows are the server's."""
    server.faults.replace(faults)
    assert numbers(connect(page_mode=mode, page_size=10)) == contacts


def test_rows_are_read_as_the_table_holds_them(server: JdeSandbox, connect: Make) -> None:
    """Padding, blanks and absent keys are gone; ids keep their zeros, numbers are exact."""
    held = {(row["AN8"], row["CO"]): row for row in rows(server, "F03012")}
    columns = ["F03012.MCUR", "F03012.CRCD", "F03012.ACL", "F03012.CRCA"]
    read = 0
    for page in connect(page_size=20).read("F03012", columns=columns, key=["F03012.AN8", "F03012.CO"]):
        for row in page.rows:
            expected = held[row["F03012.AN8"], row["F03012.CO"]]
            for column in columns:
                assert row[column] == (expected[column.partition(".")[2]] or (0 if column == "F03012.ACL" else None))
            read += 1
    assert read == len(held)


def test_all_customers(server: JdeSandbox, connect: Make) -> None:
    """A full load: each F03012 number once, ascending; records for those with an F0101 row."""
    client = connect(page_size=25)
    keys = list(changed_keys(client, None, CUSTOMERS))
    assert keys == sorted({row["AN8"] for row in rows(server, "F03012")})
    known = {row["AN8"] for row in rows(server, "F0101")}
    customers = read_customers(client, keys)
    assert [row["F03012.AN8"] for row in customers] == [key for key in keys if key in known]
    assert len(customers) > 10


def changed_by_hand(server: JdeSandbox, first: str, last: str) -> set[int]:
    found = set()
    for table in ("F03012", "F0101", "F0111", "F0115", "F01151", "F0116"):
        found |= {row["AN8"] for row in rows(server, table) if first <= (row["UPMJ"] or "") <= last}
    return found | {row["AN8"] for row in rows(server, "F0116") if first <= (row["EFTB"] or "") <= last}


@pytest.mark.parametrize("pattern", ["dd/MM/yyyy", "MM/dd/yyyy", "yyyy/MM/dd"])
@pytest.mark.parametrize("days", [0, 40, 400])
def test_changed_customers(server: JdeSandbox, connect: Make, pattern: str, days: int) -> None:
    """Exactly the numbers with a row changed, or an address coming into force, in the days; in any user's format."""
    server.settings.simple_date_format = pattern
    today = START.date()
    first = today - timedelta(days=days)
    found = list(changed_keys(connect(page_size=30), DayRange(first, today), CUSTOMERS))
    assert found == sorted(changed_by_hand(server, first.strftime("%Y%m%d"), today.strftime("%Y%m%d")))


def test_one_change_moves_one_customer(server: JdeSandbox, connect: Make) -> None:
    """A phone number typed in today is found, read, and carries its time in UTC."""
    customer = next(row["AN8"] for row in rows(server, "F03012"))
    server.clock.advance(3 * 86400)
    server.change({"table": "F0115", "insert": {"AN8": customer, "IDLN": 0, "RCK7": 0, "CNLN": 0, "PH1": "555-7777"}})
    client = connect()
    today = server.clock.datetime().date()
    assert customer in list(changed_keys(client, DayRange(today, today), CUSTOMERS))
    (record,) = read_customers(client, [customer])
    assert record["F0115.PH1"] == "555-7777"
    assert record["changed_at"] == server.clock.datetime()


def test_new_customer_with_contacts(server: JdeSandbox, connect: Make) -> None:
    """A customer entered today comes out as it was entered, with its contacts."""
    server.change(
        {
            "new_customer": {
                "AN8": 999001,
                "name": "Acme Søren",
                "web": "acme.example",
                "email": "info@acme.example",
                "CO": ["00007", "00000"],
                "address": {"ADD1": "1 Main St", "CTY1": "Aarhus", "EFTB": "20200101"},
                "contacts": [{"name": "Ann Lee", "email": "ann@acme.example", "phone": "555-1"}, {"name": "Bo Ek"}],
            }
        }
    )
    server.change({"table": "F0116", "insert": {"AN8": 999001, "EFTB": "20990101", "ADD1": "Far future"}})
    client = connect()
    (customer,) = read_customers(client, [999001])
    found = [customer[name] for name in ("F0101.ALPH", "F03012.CO", "F0116.ADD1", "F01151.EMAL", "F01151_I.EMAL")]
    assert found == ["Acme Søren", "00000", "1 Main St", "info@acme.example", "acme.example"]
    ann, bo = read_contacts(client, [999001])
    assert (ann["record_key"], ann["F0111.SRNM"], ann["F01151.EMAL"]) == ("999001-1", "Lee", "ann@acme.example")
    assert (ann["F0115.PH1"], bo["F0115.PH1"], bo["F01151.EMAL"]) == ("555-1", None, None)


def test_contacts_of_all_customers(server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]]) -> None:
    """Every Who's Who line above 0 of a customer, and of nobody else, whatever the page size."""
    client = connect(page_size=17)
    keys = [int(row["record_key"]) for row in read_customers(client, list(changed_keys(client, None, CUSTOMERS)))]
    expected = [f"{number}-{line}" for number, line in contacts if line > 0 and number in set(keys)]
    everybody = sorted({number for number, _ in contacts})
    assert [row["record_key"] for row in read_contacts(client, everybody)] == expected


def test_wrong_password_is_one_call(server: JdeSandbox, connect: Make) -> None:
    """The account is not locked by us."""
    client = connect(password="wrong")
    for _ in range(5):
        with pytest.raises(CredentialsRejected):
            client.count("F0101")
    assert server.sessions.wrong_passwords["MLCONN"] == 1


def test_host_not_allowed(server: JdeSandbox, connect: Make) -> None:
    """405 at the login is about Allowed Hosts."""
    server.settings.host_allowed = False
    with pytest.raises(ConfigurationError, match="Allowed Hosts"):
        connect().check()


def test_f0103_is_no_table(connect: Make) -> None:
    """A customer master that is not there is said to be unknown, without retries."""
    with pytest.raises(UnknownField, match="F0103"):
        list(changed_keys(connect(tables={"customer_master": "F0103"}), None, CUSTOMERS))


def test_unknown_column(connect: Make) -> None:
    """So is a column of a field map that this site does not have."""
    with pytest.raises(UnknownField, match="XYZ1"):
        read_customers(connect(), [1001], columns=["F0101.XYZ1"])


def test_date_format_that_the_server_does_not_read(connect: Make) -> None:
    """The probe stops a run whose filters would match nothing."""
    with pytest.raises(ConfigurationError, match="filter_date_format"):
        list(changed_keys(connect(filter_date_format="%m.%d.%Y"), DayRange(START.date(), None), CUSTOMERS))


def test_basic_auth(server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]]) -> None:
    """Without sessions: each call carries the login, and leaves nothing open."""
    client = connect(auth="basic", page_size=50)
    assert numbers(client) == contacts
    assert list(changed_keys(client, DayRange(START.date() - timedelta(days=40), None), CUSTOMERS))
    assert server.state()["sessions"] == []


def test_affinity_cookie(server: JdeSandbox, connect: Make, contacts: list[tuple[int, int]]) -> None:
    """Behind a load balancer without shared sessions the cookie goes along."""
    server.settings.require_cookie = True
    assert numbers(connect(page_size=50)) == contacts
    assert server.sessions.logins == 1


def test_no_session_is_left_open(server: JdeSandbox, connect: Make) -> None:
    """Closing the client closes all it opened."""
    with connect(page_size=10) as client:
        numbers(client)
        assert len(server.state()["sessions"]) == 1
    assert server.state()["sessions"] == []


def test_check(server: JdeSandbox, connect: Make) -> None:
    """The check passes on a healthy server and names what it found."""
    lines = connect().check()
    assert lines[4:6] == ["F03012: readable", "F0401: readable"]
    assert {f"{table}: readable" for table in ("F4301", "F4311", "F0901", "F0006")} <= set(lines)


def test_check_without_payables(server: JdeSandbox, connect: Make) -> None:
    """A site without a supplier master, or a user who may not read it, has customers all the same; the check tells."""
    lines = connect(tables={"supplier_master": "F0499"}).check()
    assert lines[4] == "F03012: readable"
    assert lines[5].startswith("F0499: not readable, so no sync of vendors")


@pytest.mark.parametrize("inputs", ["generic", "standard"])
def test_opportunities(server: JdeSandbox, connect: Make, inputs: str) -> None:
    """All of them, or those of some days, in the format the orchestration is configured for."""
    server.settings.orchestration_formats["ORCH_OPPORTUNITIES"] = inputs
    fields = {"from_date": "From_Date", "to_date": "To_Date"}
    config = {"name": "ORCH_OPPORTUNITIES", "inputs": inputs, "fields": fields, "rows": "Opportunities"}
    client = connect(orchestrations={"opportunities": config})
    held = rows(server, "OPPORTUNITY")
    found = [row["ORCH.Opportunity_ID"] for row in opportunities(client, None)]
    assert sorted(found) == sorted(row["OPID"] for row in held)
    assert found
    last = max(row["UPMJ"] for row in held)
    day = datetime.strptime(last, "%Y%m%d").replace(tzinfo=UTC).date()
    recent = {row["ORCH.Opportunity_ID"] for row in opportunities(client, DayRange(day, day))}
    assert recent == {row["OPID"] for row in held if row["UPMJ"] == last}


@pytest.mark.parametrize(
    ("fault", "kind"), [("continue_on_error", UnexpectedAnswer), ("orchestration_error", Unavailable)]
)
def test_failed_orchestration(server: JdeSandbox, connect: Make, fault: str, kind: type[Exception]) -> None:
    """A step that failed is no empty list, with continue-on-error either; a passing one is repeated."""
    server.faults.replace({fault: {"at": [1]}})
    assert list(opportunities(connect(), None))
    server.faults.replace({fault: True})
    with pytest.raises(kind, match="twice"):
        list(opportunities(connect(), None))


def test_logs_carry_no_personal_data(server: JdeSandbox, connect: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Counts and times, no names, addresses, tokens or passwords."""
    caplog.set_level(logging.DEBUG, logger="airflow_provider_mlconnector.hooks")
    caplog.set_level(logging.DEBUG, logger="airflow_provider_mlconnector.transport")
    client = connect(page_mode="next_link", page_size=20)
    batch = read_customers(client, list(changed_keys(client, None, CUSTOMERS)))
    personal = {str(row[name]) for row in batch for name in ("F0101.ALPH", "F01151.EMAL", "F0115.PH1") if row[name]}
    assert personal
    assert "rows" in caplog.text
    assert not [text for text in (*personal, client.token, "sandbox-jde") if text in caplog.text]
