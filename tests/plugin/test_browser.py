"""The page as its users meet it: in a browser, within Airflow's own UI, by mouse and by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import requests

from airflow_provider_mlconnector import stubs
from airflow_provider_mlconnector.sandbox import standalone
from tests.chromium import Browser, chromium, program
from tests.standalone import Airflow, make_airflow

pytestmark = pytest.mark.slow

FRAME = "document.querySelector('iframe').contentDocument"
SYNC = "jde_to_marketo.companies"
CUSTOMER = 1001
TOO_LONG = "x" * 300


@pytest.fixture
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as browser:
        browser.show(1280)
        yield browser


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
    program()  # nothing is started where there is no browser
    with make_airflow(tmp_path_factory.mktemp("standalone")) as running:
        yield running


def rename(airflow: Airflow, name: str) -> None:
    """Give a customer of JD Edwards another name, as somebody did years ago: no run would notice."""
    values = {"ALPH": name, "UPMJ": "20200101", "UPMT": 0}
    change = {"table": "F0101", "set": values, "where": {"AN8": CUSTOMER}}
    answer = requests.post(airflow.vendors["jde"] + "/_sandbox/change", json=change, timeout=60)
    assert answer.ok, answer.text


def deliver(airflow: Airflow) -> None:
    """Run the companies' sync once, with everything."""
    dag = "/api/v2/dags/jde_to_marketo"
    assert standalone.wait_until(lambda: airflow.get(dag).ok, airflow.process, threading.Event())
    body = {"logical_date": None, "conf": {"syncs": ["companies"], "full_refresh": True}}
    run = airflow.post(f"{dag}/dagRuns", body).json()["dag_run_id"]
    assert airflow.patch(dag, {"is_paused": False}).ok

    def done() -> bool:
        return str(airflow.get(f"{dag}/dagRuns/{run}").json()["state"]) in {"success", "failed"}

    assert standalone.wait_until(done, airflow.process, threading.Event())
    assert airflow.get(f"{dag}/dagRuns/{run}").json()["state"] == "success"


def log_in(browser: Browser, airflow: Airflow) -> None:
    """Ask for the page, and be asked who one is."""
    browser.send("Page.navigate", url=f"{airflow.url}/plugin/mlconnector")
    for field, text in enumerate(airflow.user):
        browser.wait(f"document.querySelectorAll('input').length > {field}")
        browser.run(f"document.querySelectorAll('input')[{field}].focus()")
        browser.type(text)
    browser.press("Enter", 13)
    browser.wait(f"{FRAME}.querySelector('h1').textContent === 'Syncs'")


def click(browser: Browser, text: str, within: str = "a") -> None:
    """Click what bears this text, as soon as it is there."""
    found = f"[...{FRAME}.querySelectorAll({within!r})].find((one) => one.textContent.trim() === {text!r})"
    browser.wait(f"!!{found}")
    browser.run(f"{found}.click()")


def title_is(browser: Browser, text: str) -> None:
    browser.wait(f"{FRAME}.querySelector('h1').textContent.startsWith({text!r})")


def test_a_reject_is_found_and_replayed(browser: Browser, airflow: Airflow) -> None:
    """Log in, open the page in Airflow, find a reject, open the record, replay it, see it green; and go back."""
    browser.open(f"{airflow.url}/mlconnector/")
    assert "Nothing to show" in browser.run("document.body.innerText")
    rename(airflow, TOO_LONG)
    deliver(airflow)
    log_in(browser, airflow)
    click(browser, SYNC)
    title_is(browser, SYNC)
    click(browser, "1 rejected now")
    click(browser, str(CUSTOMER))
    title_is(browser, f"Record {CUSTOMER}")
    assert browser.run(f"{FRAME}.querySelector('dl .badge').textContent") == "rejected"
    rename(airflow, "Mended Ltd")
    if "mlconnector_replay" in stubs.dag_ids():
        click(browser, "Replay this record", "button")
        browser.wait(f"['created', 'updated'].includes({FRAME}.querySelector('dl .badge').textContent)")
        assert "Mended Ltd" in browser.run(f"{FRAME}.body.innerText")
    click(browser, SYNC)
    click(browser, "The DAG in Airflow")
    browser.wait("location.pathname === '/dags/jde_to_marketo'")


def test_the_page_is_used_by_keyboard_and_on_a_phone(browser: Browser, airflow: Airflow) -> None:
    """Everything is reached by Tab, with a visible focus; on a narrow screen nothing is wider than the screen."""
    log_in(browser, airflow)
    browser.open(f"{airflow.url}/mlconnector/")
    seen = []
    for _ in range(5):
        browser.press("Tab", 9)
        seen.append(browser.run("document.activeElement.textContent.trim() || document.activeElement.id"))
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") != "none"
    assert seen[:4] == ["Skip to the content", "ML Connector", "key", "Find"]
    browser.run("document.querySelector('#key').focus()")
    browser.type("nobody")
    browser.press("Enter", 13)
    browser.wait("document.body.innerText.includes('knows this key')")
    browser.show(390)
    for page in ("", f"map?sync={SYNC}", f"runs?sync={SYNC}", "search?key=1"):
        browser.open(f"{airflow.url}/mlconnector/{page}")
        assert browser.run("document.documentElement.scrollWidth") <= 390
