"""What `make demo` plays, and what must come of it. A pair is one file here, and one entry in `SCENARIOS`."""

from __future__ import annotations

from . import (
    jaggaer_to_jde,
    jde_to_cin7,
    jde_to_jaggaer,
    jde_to_mailchimp,
    jde_to_marketo,
    marketo_to_qad,
    qad_to_marketo,
)
from .base import Counts, Scenario, Step

SCENARIOS: tuple[Scenario, ...] = (
    jde_to_marketo.SCENARIO,
    jde_to_mailchimp.SCENARIO,
    qad_to_marketo.SCENARIO,
    jde_to_cin7.SCENARIO,
    marketo_to_qad.SCENARIO,  # of the accounts that the one before has brought
    jde_to_jaggaer.SCENARIO,
    jaggaer_to_jde.SCENARIO,  # of the suppliers and accounts that the one before has linked
)

__all__ = ["SCENARIOS", "Counts", "Scenario", "Step"]
