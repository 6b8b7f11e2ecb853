"""Orchestrations this site has: what they take, what they answer (jde.md §5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from .errors import AisError, bad_request
from .literals import parse_day
from .settings import Settings
from .store import Store

Run = Callable[[Store, Settings, Mapping[str, str]], dict[str, Any]]


@dataclass(frozen=True)
class Orchestration:
    """A named orchestration; `inputs` are the exact names it knows, others are ignored without a word."""

    name: str
    inputs: tuple[str, ...]
    run: Run


def _opportunities(store: Store, settings: Settings, inputs: Mapping[str, str]) -> dict[str, Any]:
    """Return sales opportunities last modified on the days From_Date to To_Date (inclusive, each optional)."""
    first = _day(inputs.get("From_Date", ""), settings) or ""
    last = _day(inputs.get("To_Date", ""), settings) or "99991231"
    rows = [
        {
            "Opportunity_ID": row["OPID"],
            "Customer_Number": row["AN8"],
            "Name": row["NAME"],
            "Stage": row["STAGE"],
            "Amount": row["AMOUNT"],
            "Currency": row["CRCD"],
            "Close_Date": row["CLOSEJ"],
            "Last_Modified": _instant(str(row["UPMJ"]), int(row["UPMT"]), settings),
        }
        for row in store["OPPORTUNITY"].to_dicts()
        if first <= str(row["UPMJ"]) <= last
    ]
    return {"Opportunities": rows}


def _instant(day: str, time: int, settings: Settings) -> str:
    moment = datetime.strptime(f"{day}{time:06d}", "%Y%m%d%H%M%S").replace(tzinfo=settings.zone)
    return moment.isoformat()


def _day(text: str, settings: Settings) -> str:
    """Return a date input as YYYYMMDD; takes the user's format, ISO, YYYYMMDD and epoch milliseconds."""
    text = text.strip()
    if not text:
        return ""
    for pattern in (settings.simple_date_format, "yyyy-MM-dd", "yyyyMMdd"):
        if (day := parse_day(text, pattern)) is not None:
            return day.strftime("%Y%m%d")
    if re.fullmatch(r"\d{12,13}", text):
        found: date = datetime.fromtimestamp(int(text) / 1000, UTC).astimezone(settings.zone).date()
        return found.strftime("%Y%m%d")
    raise _failed(f"{text!r} is not a valid date", "From_Date/To_Date")


ORCHESTRATIONS = {
    orchestration.name: orchestration
    for orchestration in (Orchestration("ORCH_OPPORTUNITIES", ("From_Date", "To_Date"), _opportunities),)
}


def find(name: str) -> Orchestration:
    """Return the orchestration called `name`; raises the 500 of an unknown one."""
    if name not in ORCHESTRATIONS:
        raise AisError(500, f"Orchestration {name} not found", "com.oracle.e1.rest.orchestrator.OrchestratorException")
    return ORCHESTRATIONS[name]


def read_inputs(orchestration: Orchestration, body: Mapping[str, Any], settings: Settings) -> dict[str, str]:
    """Return input name → text from a body in the one format this orchestration is configured for; raises 400."""
    wanted = settings.orchestration_formats.get(orchestration.name, "generic")
    standard = "inputs" in body or "detailInputs" in body
    if wanted == "standard":
        if not standard and any(name in body for name in orchestration.inputs):
            raise bad_request(f"{orchestration.name} is configured for the JDE Standard input format")
        return _standard_inputs(body)
    if standard:
        raise bad_request(f"{orchestration.name} is configured for the Generic input format")
    return {name: str(body[name]) for name in orchestration.inputs if body.get(name) is not None}


def _standard_inputs(body: Mapping[str, Any]) -> dict[str, str]:
    inputs = body.get("inputs") or []
    # A mapping where the list of name/value pairs belongs is the most frequent mistake.
    if not isinstance(inputs, list) or not all(isinstance(i, dict) and {"name", "value"} <= set(i) for i in inputs):
        raise bad_request("inputs must be a list of {name, value}")
    return {str(item["name"]): str(item["value"]) for item in inputs}


def jde_keys(started: str, ended: str, *, status: str = "SUCCESS", message: str = "") -> dict[str, Any]:
    """Return the keys that Tools 9.2.5.4 and later add to each answer."""
    return {
        "jde__status": status,
        "jde__simpleMessage": message,
        "jde__startTimestamp": started,
        "jde__endTimestamp": ended,
        "jde__serverExecutionSeconds": 0.05,
    }


def continued_on_error(orchestration: Orchestration) -> dict[str, Any]:
    """Return the 200 of an orchestration whose only step failed and that is told to go on."""
    message = "Data request failed: the HTML server did not answer"
    return {
        "continuedOnError": [{"step": "ServiceRequest1", "message": message}],
        "Errors/Warnings": [{"CODE": "018A", "TITLE": "Error: Service Request", "DESC": message}],
        "Opportunities": [],
        "orchestration": orchestration.name,
    }


def _failed(message: str, field: str) -> AisError:
    error = {"CODE": "0003", "TITLE": f"Error: {message}", "ERRORCONTROL": field, "DESC": message, "MOBILE": message}
    body = {"errorDetails": {"errors": [error]}}
    return AisError(500, message, "com.oracle.e1.rest.orchestrator.OrchestratorException", body)


def step_failed() -> AisError:
    """Return the 500 of an orchestration whose step failed."""
    return _failed("The service request failed", "ServiceRequest1")
