"""Promises for every path of the page, taken from the application itself: one that is added is held to them, too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, status
from fastapi.routing import APIRoute
from sqlalchemy import func, select
from starlette.testclient import TestClient

from airflow_provider_mlconnector.ledger import Delivery, Ledger
from airflow_provider_mlconnector.ledger.schema import metadata
from tests.attacks import HOSTILE

pytestmark = pytest.mark.airflow

SYNC, SECRET = "jde_to_marketo.companies", "Geheimrat & Co"
MARKS = (SECRET, "&amp; Co", "1001-77", "manual__hidden", "mk-4711")
"""What is of the sync alone: a value, a record's key, a run's id, the target's id."""
LISTS = {"/", "/search"}
"""Show whatever the user may see."""
STATIC = {"/page.css", "/page.js"}
PLACES = {"after", "before"}
"""Say where a page begins; whatever they hold, rows behind it are shown."""
Triggered = list[tuple[dict[str, Any], str]]
OURS = {"X-MLConnector": "replay"}


@pytest.fixture(scope="module")
def routes() -> list[tuple[str, APIRoute]]:
    """Each method of each route; what is no APIRoute could not be looked at."""
    from airflow_provider_mlconnector.plugin.api import app

    assert all(isinstance(route, APIRoute) for route in app.routes)
    return [(method, route) for route in app.routes if isinstance(route, APIRoute) for method in route.methods]


@pytest.fixture
def given(add_run: Callable[..., int], delivery: Callable[..., Delivery]) -> dict[str, Any]:
    """A value for each parameter there is, of one run of the sync."""
    sent = delivery("1001-77", "created", values={"name": SECRET}, target_key="mk-4711", link="mk-4711")
    refused = delivery("1002", values={"name": SECRET}, reason_code="1003", reason=SECRET, target_key="mk-4712")
    run = add_run("manual__hidden", sent, refused, created=1, rejected=1, message=SECRET)
    return {"sync": SYNC, "instance": "i1", "key": "1001-77", "run": run, "code": "1003", "status": "rejected"}


def ask(client: TestClient, method: str, route: APIRoute, given: dict[str, Any]) -> Any:
    """Ask with every parameter that the route takes, for what is there."""
    names = {field.name for field in route.dependant.query_params}
    body: dict[str, Any] = (
        {"json": {"sync": given["sync"], "keys": [given["key"]]}, "headers": OURS} if method == "POST" else {}
    )
    assert names - PLACES <= set(given), f"{route.path} takes a parameter that this test does not know"
    params = {name: value for name, value in given.items() if name in names}
    return client.request(method, route.path, params=params, **body)


@pytest.mark.usefixtures("triggered")
def test_each_shows_what_is_there(
    login: Callable[..., TestClient], routes: list[tuple[str, APIRoute]], given: dict[str, Any]
) -> None:
    """Asked like this, all of them answer, most with something of the sync: what is refused below would be shown."""
    answers = {(method, route.path): ask(login("admin"), method, route, given) for method, route in routes}
    assert {key: answer.status_code for key, answer in answers.items() if not answer.is_success} == {
        ("GET", "/planned.csv"): status.HTTP_404_NOT_FOUND  # the run was no dry run
    }
    silent = {path for (_, path), answer in answers.items() if not any(mark in answer.text for mark in MARKS)}
    assert silent == {*STATIC, "/replay", "/map"}


def test_each_asks_who_it_is(
    app: FastAPI, routes: list[tuple[str, APIRoute]], given: dict[str, Any], triggered: Triggered
) -> None:
    """Without a login, or with somebody else's token, none answers."""
    forged = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."  # signed by nobody, in the name of admin
    expected = {None: status.HTTP_401_UNAUTHORIZED, forged: status.HTTP_403_FORBIDDEN}
    for token, code in expected.items():
        client = TestClient(app, cookies={"_token": token} if token else None)
        assert {ask(client, method, route, given).status_code for method, route in routes} == {code}
    assert triggered == []


def test_each_asks_whether_plugins_may_be_seen(
    login: Callable[..., TestClient], routes: list[tuple[str, APIRoute]], given: dict[str, Any]
) -> None:
    """A user without a role is refused everywhere."""
    codes = {ask(login(None), method, route, given).status_code for method, route in routes}
    assert codes == {status.HTTP_403_FORBIDDEN}


def test_each_asks_whether_the_dag_may_be_viewed(
    login: Callable[..., TestClient],
    routes: list[tuple[str, APIRoute]],
    given: dict[str, Any],
    hide: Callable[[str], None],
    triggered: Triggered,
) -> None:
    """Whoever may do everything but view this DAG is refused by all that is about a sync; lists leave it out."""
    hide("jde_to_marketo")
    for method, route in routes:
        answer = ask(login("admin"), method, route, given)
        if route.path not in LISTS | STATIC:
            assert answer.status_code == status.HTTP_403_FORBIDDEN, route.path
        shown = answer.text.replace("1001-77", "") if route.path == "/search" else answer.text  # it repeats the key
        assert not [mark for mark in MARKS if mark in shown], route.path
    assert triggered == []


def test_what_changes_something_is_not_for_viewers(
    login: Callable[..., TestClient], routes: list[tuple[str, APIRoute]], given: dict[str, Any], triggered: Triggered
) -> None:
    """Every path with another method than GET wants the right to trigger, and says so to who may only look."""
    changing = [(method, route) for method, route in routes if method not in ("GET", "HEAD")]
    assert changing
    for method, route in changing:
        assert ask(login("viewer"), method, route, given).status_code == status.HTTP_403_FORBIDDEN
    assert triggered == []


def counts(ledger: Ledger) -> dict[str, int]:
    with ledger.database.read() as connection:
        tables = metadata.tables.values()
        return {each.name: connection.scalar(select(func.count()).select_from(each)) or 0 for each in tables}


@pytest.mark.parametrize("text", [*HOSTILE.values(), "\x00"], ids=[*HOSTILE, "zero byte"])
def test_no_text_asks_for_more_than_it_says(
    page: TestClient, routes: list[tuple[str, APIRoute]], given: dict[str, Any], ledger: Ledger, text: str
) -> None:
    """In each parameter of each path: no error of ours, no record that was not asked for, nothing executed or lost."""
    before, tried = counts(ledger), 0
    for _, route in routes:
        for field in route.dependant.query_params:
            answer = page.request("GET", route.path, params={**given, field.name: text})
            tried += 1
            assert answer.status_code in (200, 400, 403, 404, 405, 422), (route.path, field.name)
            assert text != HOSTILE["markup"] or "json" in answer.headers["content-type"] or text not in answer.text
            assert "1337" not in answer.text
            if field.name not in PLACES | {"run", "status"}:
                assert SECRET not in answer.text.replace("&amp;", "&") or route.path in ("/run", "/runs"), route.path
    assert tried > 15
    assert counts(ledger) == before


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_replays_more_than_it_says(login: Callable[..., TestClient], triggered: Triggered, text: str) -> None:
    """What is asked to be replayed goes to the DAG as it is, or not at all; a sync or a field by that name is none."""
    client = login("admin")
    for body in ({"keys": [text]}, {"run": text}, {"run": "r", "reason": text}, {"keys": ["1"], "instance": text}):
        answer = client.post("/replay", json={"sync": SYNC, **body}, headers=OURS)
        assert answer.status_code in (201, 422)
        assert answer.status_code == 422 or triggered.pop()[0] == {"sync": SYNC, **body}
    assert client.post("/replay", json={"sync": text, "keys": ["1"]}, headers=OURS).status_code == 404
    assert client.post("/replay", json={"sync": SYNC, "keys": ["1"], text: text}, headers=OURS).status_code == 422
    assert triggered == []
