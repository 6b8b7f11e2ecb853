"""What `make demo` plays, and what must come of it. A pair is one file here, and one entry in `SCENARIOS`."""

from __future__ import annotations

from . import jde_to_cin7, jde_to_mailchimp, jde_to_marketo, marketo_to_qad, qad_to_marketo
from .base import Counts, Scenario, Step

SCENARIOS: tuple[Scenario, ...] = (
    jde_to_marketo.SCENARIO,
    jde_to_mailchimp.SCENARIO,
    qad_to_marketo.SCENARIO,
    jde_to_cin7.SCENARIO,
    marketo_to_qad.SCENARIO,  # of the accounts that the one before has brought
)

__all__ = ["SCENARIOS", "Counts", "Scenario", "Step"]
