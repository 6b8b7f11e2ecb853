from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.sandbox.jde.client import Ais

PATH = "/jderest/v3/orchestrator/ORCH_OPPORTUNITIES"


def test_it_answers_opportunities(ais: Ais) -> None:
    """Rows as the designer mapped them, with the keys of newer tools releases."""
    body = ais.post(PATH, {}).json()
    assert (body["jde__status"], body["jde__simpleMessage"]) == ("SUCCESS", "")
    assert len(body["Opportunities"]) == len(ais.server.store["OPPORTUNITY"].rows) > 10
    assert set(body["Opportunities"][0]) == {
        "Opportunity_ID", "Customer_Number", "Name", "Stage", "Amount", "Currency", "Close_Date", "Last_Modified",
    }  # fmt: skip
    changed = datetime.fromisoformat(body["Opportunities"][0]["Last_Modified"])
    assert changed.utcoffset() is not None
    assert changed < datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("root", ["/jderest", "/jderest/v2", "/jderest/v3"])
def test_all_roots_serve_it(ais: Ais, root: str) -> None:
    """v1, v2 and v3, by POST and GET."""
    assert ais.post(f"{root}/orchestrator/ORCH_OPPORTUNITIES", {}).status_code == 200
    assert ais.get(f"{root}/orchestrator/ORCH_OPPORTUNITIES?From_Date=20991231").json()["Opportunities"] == []


@pytest.mark.parametrize("text", ["01/11/2026", "2026-11-01", "20261101", "1793509200000"])
def test_dates_limit_what_is_read(ais: Ais, text: str) -> None:
    """From_Date counts inclusive, in any of the declared spellings."""
    ais.server.store["OPPORTUNITY"].rows.clear()
    rows = [{"OPID": day, "UPMJ": day, "AMOUNT": "10.50"} for day in ("20261031", "20261101", "20261102")]
    ais.server.change({"table": "OPPORTUNITY", "insert": rows})
    found = ais.post(PATH, {"From_Date": text}).json()["Opportunities"]
    assert [row["Opportunity_ID"] for row in found] == ["20261101", "20261102"]
    found = ais.post(PATH, {"To_Date": text}).json()["Opportunities"]
    assert [row["Opportunity_ID"] for row in found] == ["20261031", "20261101"]
    assert found[0]["Amount"] == 10.5


def test_unknown_inputs_are_ignored(ais: Ais) -> None:
    """Names count to the letter: From_date filters nothing."""
    everything = ais.post(PATH, {}).json()["Opportunities"]
    assert ais.post(PATH, {"From_date": "2099-01-01"}).json()["Opportunities"] == everything


@pytest.mark.parametrize(
    "body",
    [
        {"inputs": [{"name": "From_Date", "value": "2099-01-01"}]},
        {"inputs": {"From_Date": "2099-01-01"}},
    ],
)
def test_generic_means_no_standard_input(ais: Ais, body: dict[str, Any]) -> None:
    """An orchestration takes exactly one of the two formats."""
    assert ais.post(PATH, body).status_code == 400


def test_standard_means_no_generic_input(ais: Ais) -> None:
    """Configured the other way, the list of names and values is read, and nothing else."""
    ais.server.change({"settings": {"orchestration_formats": {"ORCH_OPPORTUNITIES": "standard"}}})
    standard = {"inputs": [{"name": "From_Date", "value": "2099-01-01"}]}
    assert ais.post(PATH, standard).json()["Opportunities"] == []
    assert ais.post(PATH, {"From_Date": "2099-01-01"}).status_code == 400
    assert ais.post(PATH, {"inputs": {"From_Date": "2099-01-01"}}).status_code == 400
    assert ais.post(PATH, {}).status_code == 200


def test_older_servers_add_no_jde_keys(ais: Ais) -> None:
    """Before Tools 9.2.5.4 success is 200 and nothing more."""
    ais.server.change({"settings": {"jde_keys": False}})
    assert set(ais.post(PATH, {}).json()) == {"Opportunities"}


def test_continue_on_error_is_a_200(ais: Ais) -> None:
    """A step failed, the status is 200, the rows are missing."""
    ais.server.faults.replace({"continue_on_error": {"first": 1}})
    response = ais.post(PATH, {})
    body = response.json()
    assert (response.status_code, body["jde__status"], body["Opportunities"]) == (200, "ERROR", [])
    assert body["continuedOnError"][0]["step"] == "ServiceRequest1"


def test_a_failed_step_is_500_with_details(ais: Ais) -> None:
    """errorDetails.errors[] says why."""
    ais.server.faults.replace({"orchestration_error": {"first": 1}})
    response = ais.post(PATH, {})
    assert (response.status_code, response.json()["errorDetails"]["errors"][0]["CODE"]) == (500, "0003")


@pytest.mark.parametrize(("path", "body"), [(PATH, {"From_Date": "soon"}), (PATH + "X", {})])
def test_bad_input_and_unknown_names_are_500(ais: Ais, path: str, body: dict[str, Any]) -> None:
    """Not 404: the orchestrator itself answers."""
    response = ais.post(path, body)
    assert response.status_code == 500
    assert response.json()["status"] == "ERROR"


def test_it_needs_a_login(stranger: Ais) -> None:
    """Without a token 403; with Basic a stateless call."""
    assert stranger.post(PATH, {}).status_code == 403
    assert stranger.post(PATH, {}, auth=("MLCONN", "sandbox-jde")).status_code == 200
    assert stranger.server.state()["sessions"] == []


def test_discovery_lists_them(ais: Ais) -> None:
    """Name, input format and inputs; of repeating inputs their name and columns."""
    found = {item["name"]: item for item in ais.get("/jderest/discover").json()["orchestrations"]}
    assert found["ORCH_OPPORTUNITIES"] == {
        "name": "ORCH_OPPORTUNITIES", "inputFormat": "generic", "inputs": ["From_Date", "To_Date"],
    }  # fmt: skip
    voucher = found["ORCH_VOUCHER_IMPORT"]
    assert voucher["inputFormat"] == "standard"
    assert {"EDUS", "EDTN", "EDBT", "VINV", "AG"} <= set(voucher["inputs"])
    assert voucher["detailInputs"][0]["name"] == "GridData"
    assert {"EDLN", "ANI", "AA"} <= set(voucher["detailInputs"][0]["inputs"])
