from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI, status
from starlette.testclient import TestClient

from airflow_provider_mlconnector.ledger import Delivery, Scope
from airflow_provider_mlconnector.pipeline.state import SyncState
from airflow_provider_mlconnector.plugin import MLConnectorPlugin
from airflow_provider_mlconnector.state import AirflowVariables

pytestmark = pytest.mark.airflow

SYNC = "jde_to_marketo.companies"
FIELD_MAP = "mlconnector__jde_to_marketo__companies__field_map"
AddRun = Callable[..., int]
Make = Callable[..., Delivery]


@pytest.fixture
def run(add_run: AddRun, delivery: Make) -> int:
    """A run with a created record and two reasons for rejects."""
    return add_run(
        "manual__1",
        delivery("1001", "created", values={"company": "Acme"}, link="77", target_key="1001"),
        delivery("1002", reason_code="1006", reason="Field 'x' not found", answer="No such field", request_id="q#1"),
        delivery("1003", reason_code="1006", reason="Field 'x' not found"),
        delivery("1004", reason_code="invalid_value", reason="country: 'ZZ' is none"),
        created=1,
        rejected=3,
    )


def record(key: str, **more: str) -> dict[str, str]:
    return {"sync": SYNC, "instance": "i1", "key": key, **more}


def test_nobody_sees_anything_without_logging_in(app: FastAPI, run: int) -> None:
    """Airflow mounts plugins without authentication; ours asks for it itself, for every path it has."""
    client, refused = TestClient(app), {}
    for route in app.routes:
        for method in route.methods or ():  # type: ignore[attr-defined]
            answer = client.request(method, route.path, params={"sync": SYNC, "run": run})  # type: ignore[attr-defined]
            refused[route.path, method] = answer.status_code  # type: ignore[attr-defined]
            assert "manual__1" not in answer.text
    assert len(refused) >= 12
    assert set(refused.values()) == {status.HTTP_401_UNAUTHORIZED}


def test_who_has_no_role_sees_nothing(login: Callable[..., TestClient], run: int) -> None:
    """A user who is logged in but may not see plugins is refused."""
    assert login(None).get("/").status_code == status.HTTP_403_FORBIDDEN


def test_a_sync_is_shown_with_its_state_and_counts(page: TestClient, add_run: AddRun) -> None:
    """Watermark, the last run and each count of it stand in the sync's row, with a chart of the last runs."""
    SyncState(AirflowVariables(), SYNC).move_watermark("i1", datetime(2026, 11, 20, 2, tzinfo=UTC), "r")
    add_run("r0", updated=5)
    add_run("r1", read=1007, created=7, unchanged=1000)
    text = page.get("/").text
    for expected in (SYNC, "2026-11-20 02:00<", "success", "1,007", "1,000"):
        assert expected in text
    assert "Last 2 runs, 0 failed; at most 1,007 read, 7 created, 5 updated, 0 rejected in one" in text
    AirflowVariables().delete("mlconnector__jde_to_marketo__companies__watermark")


def test_a_sync_that_never_ran_is_shown_as_such(page: TestClient) -> None:
    """Before the first run there is no watermark, no age and no run, and no error either."""
    text = page.get("/").text
    assert "not yet" in text
    assert "never" in text
    assert page.get("/runs", params={"sync": SYNC}).status_code == status.HTTP_200_OK


def test_a_failed_run_says_why(page: TestClient, add_run: AddRun) -> None:
    """The reason that the ledger keeps stands below the sync and on the run, so that nobody has to look for a log."""
    run = add_run(status="failed", message="Connection 'x': the login was refused")
    for answer in (page.get("/"), page.get("/run", params={"run": run})):
        assert "the login was refused" in answer.text


def test_the_syncs_of_another_dag_are_hidden(
    page: TestClient, run: int, add_run: AddRun, delivery: Make, hide: Callable[[str], None]
) -> None:
    """Who may not view a DAG finds its syncs in no list and by no address, nor their values by search."""
    hide("jde_to_marketo")
    assert SYNC not in page.get("/").text
    assert "jde_to_mailchimp.members" in page.get("/").text
    scope: Any = {"sync": SYNC, "instance": "i1"}
    addresses: dict[str, Any] = {
        "runs": {"sync": SYNC},
        "run": {"run": run},
        "rejects": {"run": run},
        "rejects.csv": {"run": run},
    }
    addresses |= {"records": scope, "records.csv": scope, "map": {"sync": SYNC}, "record": record("1001")}
    codes = {name: page.get(f"/{name}", params=given).status_code for name, given in addresses.items()}
    assert set(codes.values()) == {status.HTTP_403_FORBIDDEN}, codes
    found = page.get("/search", params={"key": "1001"}).text
    assert SYNC not in found
    assert "77" not in found


def test_runs_are_paged(page: TestClient, add_run: AddRun) -> None:
    """Fifty runs on a page; the link leads to the older ones, where the newest are not shown again."""
    for number in range(53):
        add_run(f"run-{number:02}")
    first = page.get("/runs", params={"sync": SYNC}).text
    older = re.search(r'href="(runs\?[^"]*before=\d+)"', first)
    assert older
    second = page.get("/" + older[1].replace("&amp;", "&")).text
    assert ("run-52" in first, "run-02" in first) == (True, False)
    assert ("run-52" in second, "run-02" in second, "run-00" in second) == (False, True, True)


def test_a_run_shows_its_rejects_by_reason(page: TestClient, run: int) -> None:
    """Counts, the reasons with how often and examples, and the way to Airflow's own run."""
    text = page.get("/run", params={"run": run}).text
    for expected in (
        "1006",
        "Field &#39;x&#39; not found",
        "invalid_value",
        ">1002<",
        "/dags/jde_to_marketo/runs/manual__1",
    ):
        assert expected in text
    assert text.index("1006") < text.index("invalid_value")
    rest = page.get("/rejects", params={"run": run, "code": "1006"}).text
    assert ("1003" in rest, "1004" in rest, "q#1" in rest) == (True, False, True)


def test_rejects_of_earlier_runs_are_told_apart(page: TestClient, add_run: AddRun) -> None:
    """What was refused before and has not changed counts as rejected, and is found among the records."""
    text = page.get("/run", params={"run": add_run(rejected=4)}).text
    assert "4 of the rejected were refused by an earlier run" in text


def test_an_unknown_run_sync_or_record_is_not_there(page: TestClient, run: int) -> None:
    """Each gives a page that says so, with status 404."""
    for address in ("run?run=999", "runs?sync=a.b", "record?sync=jde_to_marketo.companies&instance=i1&key=9"):
        answer = page.get(f"/{address}")
        assert (answer.status_code, "Nothing to show" in answer.text) == (status.HTTP_404_NOT_FOUND, True)


@pytest.mark.parametrize(
    "address", ["search?key=%00", "run?run=-1", f"run?run={10**30}", f"runs?sync={SYNC}&before=x", "records?sync=a"]
)
def test_an_address_that_makes_no_sense_is_refused(page: TestClient, address: str) -> None:
    """What no key holds and no database takes never gets there: it is the caller's error, not ours."""
    assert page.get(f"/{address}").status_code in {400, 422}


def test_records_are_listed_by_state(page: TestClient, run: int) -> None:
    """All records of a sync, or the rejected ones."""
    everything = page.get("/records", params={"sync": SYNC, "instance": "i1"}).text
    rejected = page.get("/records", params={"sync": SYNC, "instance": "i1", "status": "rejected"}).text
    assert (">1001<" in everything, ">1004<" in everything) == (True, True)
    assert (">1001<" in rejected, ">1004<" in rejected) == (False, True)


def test_a_key_is_found_across_systems(page: TestClient, run: int, add_run: AddRun, delivery: Make) -> None:
    """From a customer's number to its records in all syncs, and from the id a target gave it back to the number."""
    add_run("r", delivery("1001", "created"), scope=Scope("i2", "jde_to_mailchimp.members"), created=1)
    by_number = page.get("/search", params={"key": " 1001 "}).text
    assert (SYNC in by_number, "jde_to_mailchimp.members" in by_number, ">77<" in by_number) == (True, True, True)
    assert ">1001<" in page.get("/search", params={"key": "77"}).text
    assert "knows this key" in page.get("/search", params={"key": "nobody"}).text
    assert "Enter a key" in page.get("/search").text


def test_a_record_tells_its_story(page: TestClient, add_run: AddRun, delivery: Make) -> None:
    """Each value with its source and what it was the time before, and the vendor's answer."""
    add_run("first", delivery("1", "created", values={"name": "Old Ltd", "fax": "0", "city": "Graz"}))
    sent = {"name": "New Ltd", "city": "Graz", "lines": [{"n": 1}]}
    add_run("second", delivery("1", values=sent, answer="too long", request_id="q#9", reason_code="1003"))
    text = page.get("/record", params=record("1")).text
    assert "3 values changed" in text
    for expected in ("F0101.ALPH", "New Ltd", "<del><pre>Old Ltd</pre></del>", "too long", "q#9", "1003", "not sent"):
        assert expected in text
    assert text.index("run second") < text.index("run first")


def test_a_long_story_is_paged(page: TestClient, add_run: AddRun, delivery: Make) -> None:
    """Fifty attempts on a page, each compared with the one before it, also across pages."""
    for number in range(52):
        add_run(f"r{number}", delivery("1", "updated", values={"n": number}))
    text = page.get("/record", params=record("1")).text
    assert (text.count("<details"), text.count("1 value changed")) == (50, 50)
    older = re.search(r'href="(record\?[^"]*before=\d+)"', text)
    assert older
    assert page.get("/" + older[1].replace("&amp;", "&")).text.count("<details") == 2


def test_what_is_shown_is_escaped(page: TestClient, add_run: AddRun, delivery: Make) -> None:
    """A key, a value, a reason or a run id that is a script is text on every page."""
    evil = "<script>alert(1)</script>"
    one = delivery(evil, values={evil: evil}, answer=evil, reason_code=evil, reason=evil, target_key=evil, link=evil)
    run = add_run(evil, one, rejected=1, message=evil)
    scope = {"sync": SYNC, "instance": "i1"}
    pages: dict[str, dict[str, str | int]] = {"": {}, "runs": {"sync": SYNC}, "run": {"run": run}, "records": {**scope}}
    pages |= {"rejects": {"run": run, "code": evil}, "record": {**record(evil)}, "search": {"key": evil}}
    for name, given in pages.items():
        answer = page.get(f"/{name}", params=given)
        assert answer.status_code == status.HTTP_200_OK
        assert "&lt;script&gt;" in answer.text
        assert evil not in answer.text


def test_the_field_map_is_a_table(page: TestClient) -> None:
    """The default rows, the user's own and what the user has removed; an invalid one is named."""
    variables = AirflowVariables()
    variables.set(FIELD_MAP, '{"extra": "F0101.AC05", "externalCompanyId": {"source": "record_key"}, "website": null}')
    text = page.get("/map", params={"sync": SYNC}).text
    assert ("F0101.AC05" in text, "yours" in text, "removed by you" in text) == (True, True, True)
    variables.set(FIELD_MAP, '{"extra": "NOWHERE.X"}')
    text = page.get("/map", params={"sync": SYNC}).text
    assert ("NOWHERE" in text, "F0101.ALPH" in text) == (True, True)
    variables.delete(FIELD_MAP)


def test_only_airflow_may_frame_the_page(page: TestClient, app: FastAPI) -> None:
    """Every answer forbids foreign frames, scripts that are not ours, guessing of types and, with records, caching."""
    for answer in (page.get("/"), page.get("/run?run=9"), page.get("/page.js"), TestClient(app).get("/")):
        policy = answer.headers["content-security-policy"]
        assert "frame-ancestors 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert page.get("/").headers["cache-control"] == "no-store"


def test_the_page_needs_no_inline_script_or_style(page: TestClient, run: int) -> None:
    """The policy allows none, so that no view may have any; nor does any load something from elsewhere."""
    for address in ("", "runs?sync=" + SYNC, f"run?run={run}", "search?key=1001"):
        text = page.get(f"/{address}").text
        assert re.findall(r"<script(?! src=\"page\.js)|<style|\bstyle=|\bon\w+=\"|https?://", text) == []


@pytest.mark.parametrize(
    ("base_url", "href"),
    [("", "/mlconnector/"), ("https://x.example.com/team/airflow/", "/team/airflow/mlconnector/")],
)
def test_the_page_is_found_where_airflow_is_served(monkeypatch: pytest.MonkeyPatch, base_url: str, href: str) -> None:
    """The entry in the navigation leads to the page, also when Airflow is served under a path."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    (view,) = MLConnectorPlugin().external_views
    assert (view["href"], view["destination"]) == (href, "nav")


def test_airflow_loads_the_plugin() -> None:
    """Airflow's plugin manager takes the plugin as valid and finds its application."""
    from airflow import plugins_manager

    apps, _ = plugins_manager.get_fastapi_plugins()
    assert "/mlconnector" in [found["url_prefix"] for found in apps]
