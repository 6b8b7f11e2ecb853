"""The Airflow hook for JD Edwards EnterpriseOne through its AIS server."""

from __future__ import annotations

from typing import cast

from airflow_provider_mlconnector.hooks.base import VendorHook
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.connection import JdeConnection


class JdeHook(VendorHook):
    """Reads tables and runs orchestrations; see JdeClient (`hook.client`)."""

    connection_model = JdeConnection

    def make_client(self) -> JdeClient:
        """Build the client; it logs in on its first call."""
        # AIS documents no rate limit; how many calls run at once is the client's own affair.
        return JdeClient(cast("JdeConnection", self.connection), mask=self.mask)
