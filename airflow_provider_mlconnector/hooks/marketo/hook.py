"""The Airflow hook for Marketo Engage's REST API."""

from __future__ import annotations

from typing import cast

from airflow_provider_mlconnector.hooks.base import VendorHook
from airflow_provider_mlconnector.hooks.marketo.client import MarketoClient
from airflow_provider_mlconnector.hooks.marketo.connection import MarketoConnection, limits


class MarketoHook(VendorHook):
    """Describes, finds and upserts records; see MarketoClient (`hook.client`).

    `ActivityFeed(hook.client)` reads what leads did, `BulkExtract(hook.client, "activities")` large ranges of it.
    """

    connection_model = MarketoConnection

    def make_client(self) -> MarketoClient:
        """Build the client; it asks for a token on its first call."""
        connection = cast("MarketoConnection", self.connection)
        return MarketoClient(connection, mask=self.mask, limiter=self.limiter(limits(connection)))
