"""The simulated JAGGAER ONE: Keycloak, companies, chart of accounts, purchase orders, invoices.

sandbox = JaggaerSandbox(page_size=10, resources={"gl_accounts": {"access": "missing"}})
"""

from __future__ import annotations

from airflow_provider_mlconnector.sandbox.jaggaer.identity import CLIENT, Client
from airflow_provider_mlconnector.sandbox.jaggaer.vendor import JaggaerSandbox

__all__ = ["CLIENT", "Client", "JaggaerSandbox"]
