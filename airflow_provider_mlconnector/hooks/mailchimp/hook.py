"""The Airflow hook for Mailchimp's Marketing API."""

from __future__ import annotations

from typing import cast

from airflow_provider_mlconnector.hooks.base import VendorHook
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.connection import VERSION, MailchimpConnection, limits
from airflow_provider_mlconnector.transport.http import ABSOLUTE


class MailchimpHook(VendorHook):
    """Reads and writes members, tags, merge fields and store customers; see MailchimpClient (`hook.client`)."""

    connection_model = MailchimpConnection

    def make_client(self) -> MailchimpClient:
        """Build the client; it makes no call before it is asked for something."""
        connection = cast("MailchimpConnection", self.connection)
        return MailchimpClient(connection, mask=self.mask, limiter=self.limiter(limits(connection)))

    def path_of(self, endpoint: str) -> str:
        """Return the path of an endpoint (`lists`), with or without the version before it (`/3.0/lists`)."""
        return versioned(endpoint)


def versioned(endpoint: str) -> str:
    """Return a path with the API version before it; an absolute URL as it is."""
    path = endpoint.lstrip("/")
    if ABSOLUTE.match(endpoint) or path == VERSION or path.startswith((f"{VERSION}/", f"{VERSION}?")):
        return endpoint
    return f"{VERSION}/{path}"
