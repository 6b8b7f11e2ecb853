"""`mlconnector_replay` by Airflow's own DAG runner: what was refused goes, nothing goes twice, killed or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from tests.flows.conftest import Flow, variables
from tests.flows.invoicing import Books, linked_flow
from tests.flows.replaying import LONG, SYNC, rename, replayed, with_rejects

pytestmark = pytest.mark.airflow
RunDag = Callable[..., Any]


@pytest.fixture
def mended(flow: Flow) -> list[int]:
    """Three customers whose names were refused, and have been mended since."""
    return with_rejects(flow, 3)


def sent(flow: Flow) -> int:
    """How many records were written into companies."""
    return sum(call.records for call in flow.marketo.calls.matching("companies.json") if call.method == "POST")


def test_the_rejects_of_a_run_are_read_again(flow: Flow, mended: list[int], run_dag: RunDag) -> None:
    """What was mended arrives, nothing else is sent; the watermark stays; the run is in the ledger and in the trail."""
    run_id, mark, before = flow.account("companies")["run_id"], variables(), sent(flow)
    run = replayed(flow, run_dag, sync=SYNC, run=run_id)
    assert {flow.companies[str(number)]["company"] for number in mended} == {f"Mended {n}" for n in mended}
    assert sent(flow) - before == 3
    account = flow.account("companies")
    assert (account["dag_id"], account["run_id"]) == ("mlconnector_replay", run.run_id)
    assert (account["run_type"], account["window_from"], account["window_to"]) == ("manual", None, None)
    assert flow.counts("companies")["created"] == 3
    assert variables() == mark
    assert len(flow.events("companies", run_id=run.run_id)) == 3


def test_one_record_by_its_key(flow: Flow, mended: list[int], run_dag: RunDag) -> None:
    """`keys`: this record, and no other; once more, and it is unchanged."""
    for outcome in ("created", "unchanged"):
        replayed(flow, run_dag, sync=SYNC, keys=[str(mended[1])])
        counts = flow.counts("companies")
        assert {name: count for name, count in counts.items() if count} == {"read": 1, outcome: 1}
    assert str(mended[0]) not in flow.companies


def test_all_with_one_reason(flow: Flow, mended: list[int], run_dag: RunDag) -> None:
    """`reason`: the code that the rejects have; what is refused again stays open, and the run is green."""
    code = flow.events("companies", key=str(mended[0]))[-1]["reason_code"]
    rename(flow, mended[0], LONG)
    replayed(flow, run_dag, sync=SYNC, reason=code)
    counts = flow.counts("companies")
    assert (counts["read"], counts["created"], counts["rejected"]) == (3, 2, 1)


def test_from_the_trail_nothing_is_read(flow: Flow, run_dag: RunDag) -> None:
    """`from: trail`: what the target refused is sent as it was tried, with no call to the source's data."""
    numbers = sorted(flow.book.customers)[:2]
    flow.run(syncs=["companies"])
    key, before = str(numbers[0]), flow.events("companies", key=str(numbers[0]))[-1]["fields"]
    reads = len(flow.jde.calls.matching("dataservice"))
    asked: dict[str, Any] = {"sync": SYNC, "keys": [key], "from": "trail"}
    replayed(flow, run_dag, **asked)
    assert flow.counts("companies")["unchanged"] == 1
    assert flow.events("companies", key=key)[-1]["fields"] == before
    assert len(flow.jde.calls.matching("dataservice")) == reads


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"sync": "jde_to_marketo.company"}, "did you mean 'jde_to_marketo.companies'"),
        ({"sync": SYNC, "keys": ["no such key"]}, "has no record 'no such key' in the ledger; did you mean"),
        ({"sync": SYNC, "run": "manual__x"}, "has no run 'manual__x' in the ledger"),
    ],
)
def test_what_is_not_known_fails_at_once(
    flow: Flow, mended: list[int], run_dag: RunDag, params: dict[str, Any], said: str
) -> None:
    """On its first try, naming the nearest; no run of the sync is noted for it."""
    newest, before = flow.account("companies")["run_id"], sent(flow)
    replayed(flow, run_dag, runs_as="failed", **params)
    [(task, tries, error)] = flow.failures
    assert (task, tries) == ("replay", 1)
    assert said in str(error)
    assert (flow.account("companies")["run_id"], sent(flow)) == (newest, before)


class Killed(BaseException):
    """The worker is gone."""


def dying(monkeypatch: pytest.MonkeyPatch, at: int) -> list[int]:
    """Kill the worker when so many orchestrations have done their work, before it sees the answer; once."""
    calls: list[int] = []
    orchestrate = JdeClient.orchestrate

    def mortal(client: JdeClient, *given: Any) -> Any:
        answer = orchestrate(client, *given)
        calls.append(len(calls) + 1)
        if len(calls) == at:
            raise Killed
        return answer

    monkeypatch.setattr(JdeClient, "orchestrate", mortal)
    return calls


@pytest.mark.parametrize("origin", ["source", "trail"])
def test_a_killed_replay_of_documents_sends_none_twice(
    new_flow: Callable[..., Flow], run_dag: RunDag, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    """Vouchers: the task dies after the second was made and before its answer is kept; the retry asks, and goes on."""
    flow = linked_flow(new_flow, faults={"jde": {"orchestration_error": {"first": 4}}})
    [account] = list(Books(flow.server).accounts())[:1]
    for number in range(4):
        line = {"amount": f"{number + 1}0.00", "account": account}
        spec = {"supplier": flow.suppliers[0], "number": f"R{number}", "currency": "USD", "lines": [line]}
        flow.server.vendor("jaggaer").change({"invoice": spec})
    flow.run()
    assert flow.counts("invoices")["rejected"] == 4
    assert Books(flow.server).sent() == []
    made = dying(monkeypatch, at=2)
    replayed(flow, run_dag, **{"sync": "jaggaer_to_jde.invoices", "from": origin})
    assert len(made) == 4
    assert sorted(row["VINV"] for row in Books(flow.server).sent()) == ["R0", "R1", "R2", "R3"]
    counts = flow.counts("invoices")
    assert (counts["read"], counts["created"]) == (4, 4)
