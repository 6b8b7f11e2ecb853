"""The page "ML Connector" in Airflow's UI.

Import-light: Airflow loads plugins in every process; the web application is built in the api-server only.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk.plugins_manager import AirflowPlugin

from airflow_provider_mlconnector import config

URL_PREFIX = "/mlconnector"


class MLConnectorPlugin(AirflowPlugin):
    """Adds one page, under *Browse*, on what the syncs have done."""

    name = "mlconnector"

    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override]  # read from the instance
        """The entry in the navigation; `href` includes the path under which Airflow is served, if any."""
        path = urlsplit(config.read("api", "base_url")).path.rstrip("/")
        return [
            {
                "name": "ML Connector",
                "href": f"{path}{URL_PREFIX}/",
                "destination": "nav",
                "category": "browse",
                "url_route": "mlconnector",
            }
        ]

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override]  # likewise
        """The application behind the page; imported late, since FastAPI and the auth code cost 0.9 s."""
        from airflow_provider_mlconnector.plugin.api import app

        return [{"app": app, "url_prefix": URL_PREFIX, "name": self.name}]
