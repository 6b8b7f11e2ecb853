"""The `jaggaer` Connection: a J1P tenant, a client of its Keycloak realm, and the tenant's own paths and names.

Facts: vendor facts, sections 1, 2 and 9. J1P publishes no limits; how many calls run at once is up to the client.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.hooks.connection import VendorConnection, is_loopback
from airflow_provider_mlconnector.hooks.jaggaer.resources import Resource, merged
from airflow_provider_mlconnector.hooks.jaggaer.settings import Envelope, Filter, Paging, Retry, from_text
from airflow_provider_mlconnector.transport.retry import RetryPolicy
from airflow_provider_mlconnector.transport.session import HttpOptions

TIMEOUT = (15.0, 300.0)
"""Connect and read, in seconds; a public client waits 300 s for an answer."""
OAUTH_ENDPOINT = "{base}/auth/realms/J1p-integrations/protocol/openid-connect/token"

T = TypeVar("T")
Given = Annotated[T, BeforeValidator(from_text)]
"""An object, also as the JSON text that a form delivers."""


class JaggaerConnection(VendorConnection):
    """One tenant of JAGGAER ONE and the client (id and secret) that may use its gateway."""

    conn_type: ClassVar[str] = "jaggaer"
    default_conn_id: ClassVar[str] = "jaggaer_default"
    hook_class_name: ClassVar[str] = "airflow_provider_mlconnector.hooks.jaggaer.hook.JaggaerHook"
    hook_name: ClassVar[str] = "JAGGAER ONE (J1P)"
    system: ClassVar[str] = "jaggaer"
    labels: ClassVar[dict[str, str]] = {"host": "Tenant URL", "login": "Client id", "password": "Client secret"}
    placeholders: ClassVar[dict[str, str]] = {
        "host": "https://tenant.api.jaggaer.com",
        "login": "client id of the J1p-integrations realm",
        "password": "client secret",
    }
    api_base_paths: ClassVar[tuple[str, ...]] = (
        "/j1p",
        "/j1p/api",
        "/j1p/api/public",
        "/j1p/api/public/ja/v1",
        "/j1p/api/public/ji/v1",
        "/auth",
    )

    oauth_endpoint: str = Field(
        OAUTH_ENDPOINT, min_length=1, title="OAuth endpoint", description="Where tokens are made; {base} is the host."
    )
    scope: str | None = Field(None, title="OAuth scope", description="Sent with the login where the tenant needs one.")
    oauth_client_auth: Literal["body", "basic"] = Field(
        "body", title="Client authentication", description="body: id and secret in the form; basic: in a header."
    )
    leeway: float = Field(
        60.0, ge=0, allow_inf_nan=False, title="Leeway (seconds)", description="Log in again so long before the end."
    )
    api_prefix: str = Field("/j1p/api/public", title="API prefix", description="The path before every resource.")
    envelope: Given[Envelope] = Field(Envelope(), title="Envelope", description="Names of an answer's own fields.")
    paging: Given[Paging] = Field(Paging(), title="Paging", description='E.g. {"style": "offset1", "param": "start"}.')
    filter: Given[Filter] = Field(Filter(), title="Filters", description="How a condition is written, and times in it.")
    retry: Given[Retry] = Field(Retry(), title="Retry", description='E.g. {"max": 6, "base": 1, "cap": 60}.')
    resources: Annotated[dict[str, Resource], BeforeValidator(merged)] = Field(
        default_factory=lambda: merged({}),
        title="Resources",
        description='Merged into the defaults: {"suppliers": {"path": "ja/v1/companyprofiles", "confirmed": true}}.',
    )
    strict_paths: bool = Field(
        False,
        title="Strict paths",
        description="Refuse a write through a resource that is not marked as confirmed, instead of warning.",
    )
    field_map: Given[dict[str, dict[str, Any]]] = Field(
        {}, title="Field map", description='The vendor\'s field → the ERP\'s: {"invoices": {"total.value": "AG"}}.'
    )
    cxml: Given[dict[str, Any]] = Field(
        {}, title="cXML", description="Endpoint and credentials of a cXML exchange; no sync of this package uses it."
    )
    max_concurrency: int = Field(4, ge=1, title="Calls at once", description="How many calls run at the same time.")

    @property
    def base_url(self) -> str:
        """The host without any API path and without a trailing slash."""
        url, prefix = super().base_url, self.api_prefix.rstrip("/")
        if prefix and url.lower().endswith(prefix.lower()):
            return url[: -len(prefix)].rstrip("/")
        return url

    @property
    def token_url(self) -> str:
        """The address where tokens are made."""
        url = self.oauth_endpoint.replace("{base}", self.base_url)
        return url if "://" in url else f"{self.base_url}/{url.lstrip('/')}"

    def check(self) -> None:
        """Refuse what cannot work, before any call.

        :raises ConfigurationError: naming what is missing or wrong.
        """
        needed = {"host": "the tenant's URL", "login": "the client id", "password": "the client secret"}
        for name, what in needed.items():
            value = self.password.get_secret_value() if name == "password" else getattr(self, name)
            if not value:
                raise ConfigurationError(f"Connection '{self.conn_id}': {name} is missing; enter {what}.")
        super().check()
        login = urlsplit(self.token_url)
        if login.scheme not in ("http", "https") or not login.hostname:
            raise ConfigurationError(f"Connection '{self.conn_id}': oauth_endpoint '{self.oauth_endpoint}' is no URL.")
        if login.scheme == "http" and not is_loopback(login.hostname) and not self.allow_http:
            raise ConfigurationError(
                f"Connection '{self.conn_id}': plain http would send the client secret unencrypted to "
                f'{login.hostname}. Use https in oauth_endpoint, or set "allow_http": true in extra.'
            )

    def resource(self, name: str) -> Resource:
        """Return the settings of a resource.

        :raises ConfigurationError: for a name that is not there.
        """
        if name not in self.resources:
            raise ConfigurationError(
                f"Connection '{self.conn_id}': there is no resource '{name}'; add it under resources. "
                f"There are {', '.join(self.resources)}."
            )
        return self.resources[name]

    def refuse_unconfirmed(self, name: str, path: str) -> None:
        """Refuse a write through a path that nobody has confirmed, where paths are strict.

        :raises ConfigurationError: saying what to confirm and how.
        """
        if self.strict_paths and not self.resource(name).confirmed:
            raise ConfigurationError(
                f"Connection '{self.conn_id}': {name} would be written to '{path}', which JAGGAER does not document "
                f"and nobody has confirmed. Compare it with the tenant's documents, run `airflow mlconnector check "
                f"{self.conn_id}`, and set resources.{name}.confirmed to true in extra, or strict_paths to false."
            )

    def options(self) -> HttpOptions:
        """Return the transport's options with this vendor's time-outs; `max_retries` overrules `retry.max`."""
        found = self.http_options(timeout=TIMEOUT)
        tries = found.max_retries if "max_retries" in self.model_fields_set else self.retry.max - 1
        return replace(found, max_retries=tries, pool_size=max(found.pool_size, self.max_concurrency))

    def policy(self) -> RetryPolicy:
        """Return how long to wait between tries."""
        return RetryPolicy(base=self.retry.base, cap=self.retry.cap)
