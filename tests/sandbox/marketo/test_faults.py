from __future__ import annotations

from typing import Any

import pytest
import requests

from airflow_provider_mlconnector.sandbox.core import connection_env
from airflow_provider_mlconnector.sandbox.marketo import SERVICE, MarketoSandbox
from airflow_provider_mlconnector.sandbox.marketo.identity import Service
from tests.sandbox.marketo.client import Api, code, outcome

A = {"email": "a@example.com"}


@pytest.mark.parametrize("fault", ["601", "602", "604", "606", "607", "608", "611", "615", "713"])
def test_refusing_faults_write_nothing(fault: str) -> None:
    """A code by fault comes inside HTTP 200, for the call it names, and nothing is written."""
    api = Api(faults={fault: {"at": 2}})
    assert api.get("stats/usage")["success"]
    assert api.refused("leads", A) == fault
    assert api.leads() == []
    api.renew()
    assert api.sync("leads", A) == ["created"]


def test_time_out_after_the_work() -> None:
    """A 604 can come although the work was done: its outcome is unknown to the caller."""
    api = Api(faults={"604_after_commit": {"first": 1}})
    assert api.refused("leads", A, action="createOnly") == "604"
    assert api.sync("leads", A, action="createOnly") == ["1005"]


def test_drop_after_commit() -> None:
    """The connection is cut after the work; a second try finds it done."""
    api = Api(faults={"drop_after_commit": {"first": 1, "path": "leads.json"}})
    with pytest.raises(requests.ConnectionError):
        api.sync("leads", A)
    assert len(api.leads()) == 1
    assert api.sync("leads", A) == ["updated"]
    assert api.sandbox.gauge.running == 0


def test_partial_skip() -> None:
    """Single records are skipped; the answer still has one item per input, in order."""
    api = Api(faults={"partial_skip": {"every": 3}})
    records = [{"email": f"{n}@example.com"} for n in range(6)]
    assert api.sync("leads", *records) == ["created", "created", "1003"] * 2
    assert len(api.leads()) == 4


def test_short_answer() -> None:
    """Everything is written, and the answer lacks an item."""
    api = Api(faults={"short_answer": {"first": 1}})
    assert api.sync("leads", A, {"email": "b@example.com"}) == ["created"]
    assert len(api.leads()) == 2


def test_faults_by_probability_repeat() -> None:
    """The same seed strikes the same calls."""

    def run() -> list[bool]:
        api = Api(faults={"713": 0.3})
        return [bool(api.get("stats/usage")["success"]) for _ in range(50)]

    first = run()
    assert first == run()
    assert 5 < first.count(False) < 30


def test_call_log() -> None:
    """The log says how many records a call wrote, which calls carried data, and why a call failed."""
    api = Api()
    api.sync("leads", A, {"email": "bad"}, {"email": "b@example.com"})
    api.get("lead/7")
    login, write, read = list(api.sandbox.calls)
    assert (login.path, login.records) == ("/identity/oauth/token", 0)
    assert (write.records, write.page, write.note) == (2, False, None)
    assert (read.records, read.note) == (0, "1004")
    assert api.sandbox.state()["calls"] == 3


def test_state() -> None:
    """State holds every table and the counters, and is JSON."""
    api = Api()
    api.sync("companies", {"externalCompanyId": "K"})
    api.sync("leads", A | {"externalCompanyId": "k"})
    state = api.session.get("http://marketo.sandbox/_sandbox/state").json()
    assert set(state) == {
        *("leads", "companies", "implicit_companies", "opportunities", "roles", "salespersons", "namedaccounts"),
        *("namedAccountLists", "customobjects", "activities", "exports", "calls", "violations"),
    }
    assert state["leads"][0]["externalCompanyId"] == "K"
    assert state["companies"][0]["createdAt"] == "2026-11-20T18:00:00Z"
    assert not [name for name in state["companies"][0] if name.startswith("_")]


def test_changes() -> None:
    """Users can add fields and records, switch the CRM sync on, and clear the instance, without a call of the API."""
    api = Api()
    new = {"object": "companies", "name": "region", "dataType": "string", "length": 5}
    assert api.change(add_field=new, company={"externalCompanyId": "K", "region": "EMEA"}).status_code == 200
    assert api.change(lead=A | {"externalCompanyId": "K"}).json() == {"lead": 1001}
    assert api.change(lead=A).json() == {"lead": 1002}
    assert api.sync("leads", A) == ["1007"]
    assert api.sync("companies", {"externalCompanyId": "K", "region": "APAC-X"}) == ["1077"]
    assert api.change(crm="disabled_at_describe").status_code == 200
    assert code(api.get("companies/describe")) == "1018"
    assert api.change(clear=True, crm="none", options={"calls_per_window": 3}).status_code == 200
    assert (api.leads(), api.companies()) == ([], [])
    assert code(api.get("stats/usage")) == "606"


@pytest.mark.parametrize(
    "command",
    [
        {"typo": 1},
        {"crm": "maybe"},
        {"options": {"typo": 1}},
        {"options": {"overlong": "truncate"}},
        {"lead": {"nothing": 1}},
        {"add_field": {"object": "companies", "name": "x", "dataType": "blob"}},
        {"add_field": {"object": "campaigns", "name": "x", "dataType": "string"}},
        {"add_field": {"name": "x"}},
    ],
)
def test_changes_it_does_not_know(command: dict[str, Any]) -> None:
    """A change that makes no sense is refused by the control endpoint."""
    assert Api().change(**command).status_code == 400


def test_options_are_checked() -> None:
    """A misspelt option or choice is an error at once."""
    with pytest.raises(TypeError):
        MarketoSandbox(calls_per_windw=1)
    with pytest.raises(ValueError, match="crm must be one of"):
        MarketoSandbox(crm="on")


def test_connection() -> None:
    """The Connection carries the credentials that log in."""
    found = MarketoSandbox.connection("http://127.0.0.1:8901")
    assert (found["conn_type"], found["login"], found["password"]) == (
        "marketo",
        SERVICE.client_id,
        SERVICE.client_secret,
    )
    assert "AIRFLOW_CONN_MARKETO_DEFAULT" in connection_env({"marketo": "http://127.0.0.1:8901"})


def test_services_have_their_own_tokens() -> None:
    """Two services get different tokens and are counted apart."""
    other = Service("other", "pass", "other@marketo.sandbox")
    api = Api(services=(SERVICE, other))
    mine = api.renew()
    answer = api.login(client_id="other", client_secret="pass").json()
    assert answer["access_token"] != mine
    api.get("stats/usage")
    api.token = answer["access_token"]
    users = api.get("stats/usage")["result"][0]["users"]
    assert sorted(user["userId"] for user in users) == ["api@marketo.sandbox", "other@marketo.sandbox"]


def test_a_full_batch_answers_in_order() -> None:
    """Three hundred results stand where their records stood."""
    api = Api()
    records = [{"email": f"{n}@example.com" if n % 7 else "bad"} for n in range(300)]
    answer = api.post("leads", input=records)
    assert [outcome(each) for each in answer["result"]] == ["created" if n % 7 else "1003" for n in range(300)]
