"""Orchestrations this site has: what they take, what they answer (jde.md §5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import opportunities, vouchers
from .errors import AisError, orchestration_failed
from .inputs import Declaration, Inputs
from .settings import Settings

if TYPE_CHECKING:
    from .server import JdeSandbox

Run = Callable[["JdeSandbox", Inputs], dict[str, Any]]


@dataclass(frozen=True)
class Orchestration:
    """A named orchestration; `blank` is what its answer holds when no step has run; `writes` = it stores data."""

    inputs: Declaration
    run: Run
    blank: Mapping[str, Any] = field(default_factory=dict)
    writes: bool = False

    @property
    def name(self) -> str:
        """The name it is called by."""
        return self.inputs.name

    def describe(self, settings: Settings) -> dict[str, Any]:
        """Return its entry in the discovery list."""
        found = {
            "name": self.name,
            "inputFormat": settings.orchestration_formats.get(self.name, "generic"),
            "inputs": list(self.inputs.values),
        }
        grids = [{"name": name, "inputs": list(names)} for name, names in self.inputs.grids.items()]
        return {**found, "detailInputs": grids} if grids else found


ORCHESTRATIONS = {
    orchestration.name: orchestration
    for orchestration in (
        Orchestration(
            Declaration("ORCH_OPPORTUNITIES", opportunities.INPUTS),
            opportunities.opportunities,
            {"Opportunities": []},
        ),
        Orchestration(
            Declaration("ORCH_VOUCHER_IMPORT", vouchers.INPUTS, {vouchers.GRID: vouchers.LINE_INPUTS}),
            vouchers.import_voucher,
            writes=True,
        ),
    )
}


def find(name: str) -> Orchestration:
    """Return the orchestration called `name`; raises the 500 of an unknown one."""
    if name not in ORCHESTRATIONS:
        raise AisError(500, f"Orchestration {name} not found", "com.oracle.e1.rest.orchestrator.OrchestratorException")
    return ORCHESTRATIONS[name]


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
        **orchestration.blank,
        "orchestration": orchestration.name,
    }


def step_failed() -> AisError:
    """Return the 500 of an orchestration whose step failed."""
    return orchestration_failed("The service request failed", "ServiceRequest1")
