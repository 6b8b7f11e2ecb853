"""ORCH_OPPORTUNITIES: sales opportunities by the days they were last modified on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from .inputs import Inputs, read_day
from .settings import Settings

if TYPE_CHECKING:
    from .server import JdeSandbox

INPUTS = ("From_Date", "To_Date")


def opportunities(server: JdeSandbox, inputs: Inputs) -> dict[str, Any]:
    """Return sales opportunities last modified on the days From_Date to To_Date (inclusive, each optional)."""
    settings = server.settings
    first = read_day(inputs.values.get("From_Date", ""), settings, "From_Date") or ""
    last = read_day(inputs.values.get("To_Date", ""), settings, "To_Date") or "99991231"
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
        for row in server.store["OPPORTUNITY"].to_dicts()
        if first <= str(row["UPMJ"]) <= last
    ]
    return {"Opportunities": rows}


def _instant(day: str, time: int, settings: Settings) -> str:
    moment = datetime.strptime(f"{day}{time:06d}", "%Y%m%d%H%M%S").replace(tzinfo=settings.zone)
    return moment.isoformat()
