"""The Airflow hook for JAGGAER ONE's J1P gateway."""

from __future__ import annotations

from typing import Any, cast

import requests

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

    def run(
        self,
        endpoint: str | None = None,
        data: dict[str, Any] | str | None = None,
        headers: dict[str, Any] | None = None,
        extra_options: dict[str, Any] | None = None,
        **request_kwargs: Any,
    ) -> requests.Response:
        """Call an endpoint with or without the API prefix (`ja/v1/companyprofiles`); see VendorHook.run."""
        path = self.client.path(endpoint or "")
        return super().run(path, data, headers, extra_options, **request_kwargs)
