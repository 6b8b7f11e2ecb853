from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import status
from starlette.testclient import TestClient

from airflow_provider_mlconnector.ledger import Delivery, Scope

pytestmark = pytest.mark.airflow

SYNC = "jde_to_marketo.companies"
OURS = {"X-MLConnector": "replay"}
Triggered = list[tuple[dict[str, Any], str]]


@pytest.fixture
def replay_dag(airflow_db: None) -> Iterator[None]:
    """A DAG of this name in Airflow's database."""
    from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
    from airflow.models.dagbundle import DagBundleModel
    from airflow.sdk import DAG
    from airflow.utils.session import create_session

    with create_session() as session:
        session.merge(DagBundleModel(name="test"))
    bag = DagBag(dag_folder="/dev/null")
    bag.bag_dag(DAG("mlconnector_replay", schedule=None))
    sync_bag_to_db(bag, bundle_name="test", bundle_version=None)
    yield
    from airflow.models.dag import DagModel

    with create_session() as session:
        session.get_one(DagModel, "mlconnector_replay").is_stale = True


@pytest.mark.parametrize("wanted", [{"keys": ["1001"]}, {"run": "manual__1"}, {"run": "manual__1", "reason": "1006"}])
def test_who_may_trigger_may_replay(
    login: Callable[..., TestClient], triggered: Triggered, wanted: dict[str, Any]
) -> None:
    """A record, a run's rejects, or those with one reason, in the name of the user."""
    answer = login("user").post("/replay", json={"sync": SYNC, **wanted}, headers=OURS)
    assert (answer.status_code, answer.json()["run_id"]) == (status.HTTP_201_CREATED, "manual__replay")
    assert triggered == [({"sync": SYNC, **wanted}, "u")]


def test_a_viewer_cannot_replay(page: TestClient, triggered: Triggered) -> None:
    """Reading is not enough to start anything."""
    answer = page.post("/replay", json={"sync": SYNC, "keys": ["1"]}, headers=OURS)
    assert (answer.status_code, triggered) == (status.HTTP_403_FORBIDDEN, [])


def test_the_right_is_asked_for_both_dags(
    login: Callable[..., TestClient], triggered: Triggered, hide: Callable[[str], None]
) -> None:
    """Who may trigger the DAG that replays, but not the sync's, replays nothing of it."""
    user = login("user")
    hide("jde_to_mailchimp")
    hide("mlconnector_replay")
    for sync in ("jde_to_mailchimp.members", SYNC):
        answer = user.post("/replay", json={"sync": sync, "keys": ["1"]}, headers=OURS)
        assert answer.status_code == status.HTTP_403_FORBIDDEN
    assert triggered == []


@pytest.mark.parametrize("headers", [{}, {**OURS, "Sec-Fetch-Site": "cross-site"}])
def test_another_site_cannot_start_a_replay(
    login: Callable[..., TestClient], triggered: Triggered, headers: dict[str, str]
) -> None:
    """A request without our header, or one the browser marks as another site's, is refused; so is GET."""
    user = login("admin")
    answer = user.post("/replay", json={"sync": SYNC, "keys": ["1"]}, headers=headers)
    assert (answer.status_code, triggered) == (status.HTTP_403_FORBIDDEN, [])
    assert user.get("/replay", headers=OURS).status_code == status.HTTP_405_METHOD_NOT_ALLOWED


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"keys": []},
        {"keys": ["1"], "run": "r"},
        {"reason": "x"},
        {"keys": ["1"], "reason": "x"},
        {"keys": ["1"], "a": 1},
    ],
)
def test_what_is_to_be_replayed_is_said_exactly(
    login: Callable[..., TestClient], triggered: Triggered, wanted: dict[str, Any]
) -> None:
    """Nothing, both, or something unknown is refused before anything starts."""
    answer = login("user").post("/replay", json={"sync": SYNC, **wanted}, headers=OURS)
    assert (answer.status_code, triggered) == (status.HTTP_422_UNPROCESSABLE_CONTENT, [])


def test_the_run_carries_what_is_wanted(login: Callable[..., TestClient], replay_dag: None) -> None:
    """The DAG that replays gets a run in Airflow with the sync and the keys, and the user's name."""
    from airflow.models.dagrun import DagRun

    answer = login("user").post("/replay", json={"sync": SYNC, "keys": ["1001"]}, headers=OURS)
    assert answer.status_code == status.HTTP_201_CREATED, answer.text
    (run,) = DagRun.find(dag_id="mlconnector_replay", run_id=answer.json()["run_id"])
    assert (run.conf, run.triggering_user_name) == ({"sync": SYNC, "keys": ["1001"]}, "u")


def test_without_the_dag_nothing_can_be_replayed(login: Callable[..., TestClient]) -> None:
    """An installation that lacks the stub is told so."""
    answer = login("user").post("/replay", json={"sync": SYNC, "keys": ["1"]}, headers=OURS)
    assert (answer.status_code, "install the DAG stubs" in answer.text) == (status.HTTP_409_CONFLICT, True)


@pytest.mark.parametrize(("role", "offered"), [("viewer", 0), ("user", 1)])
def test_the_buttons_are_for_those_who_may(
    login: Callable[..., TestClient],
    triggered: Triggered,
    add_run: Callable[..., int],
    delivery: Callable[..., Delivery],
    role: str,
    offered: int,
) -> None:
    """A viewer sees no replay button; who may trigger sees one for the record, the run and the reason."""
    run, browser = add_run("r1", delivery('a"b', reason_code="1006")), login(role)
    for address, number in (("/run", 2), ("/rejects", 1), ("/record", 1)):
        given: Any = {"run": run, "code": "1006", "sync": SYNC, "instance": "i1", "key": 'a"b'}
        assert browser.get(address, params=given).text.count("data-replay") == offered * number


def test_a_record_of_another_system_is_not_replayed(
    login: Callable[..., TestClient],
    triggered: Triggered,
    add_run: Callable[..., int],
    delivery: Callable[..., Delivery],
) -> None:
    """After a Connection was turned to another system, the same key would name another record there."""
    add_run("r1", delivery("1"), scope=Scope("old", SYNC))
    add_run("r2", delivery("1"))
    text = login("user").get("/record", params={"sync": SYNC, "instance": "old", "key": "1"}).text
    assert ("data-replay" in text, "lead to another system now" in text) == (False, True)
