"""The web application behind the page, for users who may see plugins; each sync is for those who may view its DAG."""

# No `from __future__ import annotations`: FastAPI resolves annotations of its endpoints at run time.
from pathlib import Path

from airflow.api_fastapi.auth.managers.models.resource_details import AccessView
from airflow.api_fastapi.core_api.security import requires_access_view
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airflow_provider_mlconnector import __version__
from airflow_provider_mlconnector.exceptions import MLConnectorError
from airflow_provider_mlconnector.plugin import export, replay, views
from airflow_provider_mlconnector.plugin.access import plain

STATIC = Path(__file__).parent / "static"

HEADERS = {
    # No inline script or style, nothing from elsewhere; only Airflow itself may show the page in a frame.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SafeHeaders:
    """Puts the headers on every answer, errors included; what shows records is kept by no cache."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


# Airflow mounts a plugin's application without any authentication; the dependency covers all of its routes,
# and the generated documentation, which it would not cover, is off.
app = FastAPI(
    title="ML Connector",
    version=__version__,
    dependencies=[Depends(requires_access_view(AccessView.PLUGINS)), Depends(plain)],
    docs_url=None,
    redoc_url=None,
    openapi_url=None,
)
app.add_middleware(SafeHeaders)
for part in (views.router, export.router, replay.router):
    app.include_router(part)


@app.get("/page.css")
@app.get("/page.js")
def static(request: Request) -> FileResponse:
    """Return the style sheet or the script."""
    name = request.url.path.rpartition("/")[2]
    return FileResponse(STATIC / name, headers={"Cache-Control": "private, max-age=3600"})


@app.exception_handler(HTTPException)
def refused(request: Request, error: HTTPException) -> Response:
    """Say in a page, or to a script in JSON, why there is nothing to see."""
    if request.method != "GET":
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    return views.message(request, error.status_code, str(error.detail))


@app.exception_handler(MLConnectorError)
def failed(request: Request, error: MLConnectorError) -> Response:
    """Say what is to be changed, such as a ledger that cannot be opened."""
    return views.message(request, 500, str(error))
