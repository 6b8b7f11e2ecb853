"""The Airflow hook for QAD Adaptive ERP's REST interface."""

from __future__ import annotations

from typing import cast

from airflow_provider_mlconnector.hooks.base import VendorHook
from airflow_provider_mlconnector.hooks.qad.client import QadClient
from airflow_provider_mlconnector.hooks.qad.connection import QadConnection


class QadHook(VendorHook):
    """Browses and reads business documents; see QadClient (`hook.client`)."""

    connection_model = QadConnection

    def make_client(self) -> QadClient:
        """Build the client; it logs in on its first call."""
        # Nothing is public about rate limits; how many calls run at once is the client's own affair.
        return QadClient(cast("QadConnection", self.connection), mask=self.mask)
