"""The Airflow hook for Cin7 Core's API."""

from __future__ import annotations

from typing import cast

from airflow_provider_mlconnector.hooks.base import VendorHook
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.connection import API, Cin7Connection, limits
from airflow_provider_mlconnector.transport.http import ABSOLUTE


class Cin7Hook(VendorHook):
    """Reads and writes suppliers, purchases and accounts; see Cin7Client (`hook.client`)."""

    connection_model = Cin7Connection

    def make_client(self) -> Cin7Client:
        """Build the client; it makes no call before it is asked for something."""
        connection = cast("Cin7Connection", self.connection)
        return Cin7Client(connection, mask=self.mask, limiter=self.limiter(limits(connection)))

    def path_of(self, endpoint: str) -> str:
        """Return the path of an endpoint (`ref/tax`), with or without `ExternalApi/v2` before it."""
        return versioned(endpoint)


def versioned(endpoint: str) -> str:
    """Return a path with the API's own before it; an absolute URL as it is."""
    path = endpoint.lstrip("/")
    if ABSOLUTE.match(endpoint) or path.lower().startswith("externalapi/"):
        return endpoint
    return f"{API}/{path}"
