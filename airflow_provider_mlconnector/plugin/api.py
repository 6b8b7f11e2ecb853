"""The web application behind the page: one HTML view, for users who may see plugins."""

# No `from __future__ import annotations`: FastAPI resolves annotations of its endpoints at run time.
from datetime import timedelta
from pathlib import Path

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from airflow_provider_mlconnector import __version__

COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")
templates = Jinja2Templates(Path(__file__).parent / "templates")

# Airflow mounts a plugin's application without any authentication; the dependency covers all of its routes,
# and the generated documentation, which it would not cover, is off.
app = FastAPI(
    title="ML Connector",
    version=__version__,
    dependencies=[Depends(requires_access_view(AccessView.PLUGINS))],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)


def age(seconds: float | None) -> str:
    """Return an age in words a reader takes in at once, such as `3 h 12 min`."""
    if seconds is None:
        return "never"
    minutes = int(max(timedelta(0), timedelta(seconds=seconds)).total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


templates.env.filters["age"] = age


@app.get("/")
def page(request: Request) -> HTMLResponse:
    """Show each sync: its watermark and age, the last run and its counts."""
    # Imported here: whatever goes wrong in it breaks this page, and not the whole api-server.
    from airflow_provider_mlconnector import status

    # A plain `def`: FastAPI runs it in a thread, so that reading the ledger does not hold up Airflow's own API.
    return templates.TemplateResponse(
        request, "status.html", {"syncs": status.sync_status(), "counts": COUNTS, "version": __version__}
    )
