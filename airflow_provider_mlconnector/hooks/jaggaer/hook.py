"""The Airflow hook for JAGGAER ONE's J1P gateway."""

from __future__ import annotations

from typing import cast

from airflow_provider_mlconnector.hooks.base import VendorHook
from airflow_provider_mlconnector.hooks.jaggaer.client import JaggaerClient
from airflow_provider_mlconnector.hooks.jaggaer.connection import JaggaerConnection


class JaggaerHook(VendorHook):
    """Reads and writes suppliers, accounts, orders and invoices; see JaggaerClient (`hook.client`).

    JAGGAER's writes know no idempotency key: whoever sends an order asks first whether it is there.
    """

    connection_model = JaggaerConnection

    def make_client(self) -> JaggaerClient:
        """Build the client; it logs in on its first call."""
        # J1P publishes no rate limit; how many calls run at once is the client's own affair.
        return JaggaerClient(cast("JaggaerConnection", self.connection), mask=self.mask)

    def path_of(self, endpoint: str) -> str:
        """Return the path of an endpoint, with or without the API prefix (`ja/v1/companyprofiles`)."""
        path: str = self.client.path(endpoint)
        return path
