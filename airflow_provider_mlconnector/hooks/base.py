"""The one base of all vendor hooks: an HttpHook to its user, our own transport on the wire.

`hook.run("rest/v1/anything.json")` reaches any endpoint of the vendor with its login, limits and retries. The parent's
own session is not used: it sends unknown extras, client secrets among them, as headers, and loses a failure's status.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, cast

import requests
from airflow.providers.http.hooks.http import HttpHook
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from airflow_provider_mlconnector.absence import confirm_absent
from airflow_provider_mlconnector.exceptions import ConfigurationError, MLConnectorError
from airflow_provider_mlconnector.hooks.connection import AirflowConnection, VendorConnection
from airflow_provider_mlconnector.state import open_airflow_ledger
from airflow_provider_mlconnector.transport import NO_LIMIT, AccountLimiter, ApiClient, Limiter, Limits


class VendorHook(HttpHook):
    """A hook whose client does the vendor's work.

    :param method: the HTTP method of `run`.
    :param http_conn_id: the Connection; by default the vendor's own, e.g. `marketo_default`.
    """

    connection_model: ClassVar[type[VendorConnection]]
    conn_name_attr = "http_conn_id"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take what Airflow asks of a hook class from the vendor's connection model."""
        super().__init_subclass__(**kwargs)
        if model := getattr(cls, "connection_model", None):
            cls.conn_type, cls.hook_name = model.conn_type, model.hook_name
            cls.default_conn_name = model.default_conn_id

    def __init__(self, method: str = "GET", http_conn_id: str | None = None, **parent: Any):
        super().__init__(method=method, http_conn_id=http_conn_id or self.default_conn_name, **parent)

    @cached_property
    def connection(self) -> VendorConnection:
        """The Connection, parsed.

        :raises ConfigurationError: naming what to change.
        :raises Unavailable: when Airflow cannot say whether there is one.
        """
        try:
            conn = cast("AirflowConnection", self.get_connection(self.http_conn_id))
        except AirflowNotFoundException:
            confirm_absent(conn_id=self.http_conn_id)
            raise ConfigurationError(
                f"there is no Connection '{self.http_conn_id}'; make it under Admin > Connections "
                f"(type {self.connection_model.conn_type}), or name another in the DAG"
            ) from None
        return self.connection_model.from_airflow(conn)

    def share(self, by: int) -> None:
        """Make `by` hooks, each in a task of its own, keep together to the calls at once that the Connection allows.

        Before the client is asked for.
        """
        self.__dict__["connection"] = self.connection.shared(by)

    @cached_property
    def client(self) -> Any:
        """The vendor's client; makes no call before it is asked for something."""
        return self.make_client()

    def make_client(self) -> Any:
        """Build the vendor's client."""
        raise NotImplementedError

    @property
    def api(self) -> ApiClient:
        """The transport of the client."""
        api: ApiClient = self.client.api
        return api

    def limiter(self, limits: Limits | None) -> Limiter:
        """Return the limiter of the vendor's account, shared by all tasks and workers through the ledger."""
        if limits is None:
            return NO_LIMIT
        return AccountLimiter(self.connection.quota_id, limits, open_airflow_ledger().slots)

    def get_conn(
        self, headers: dict[Any, Any] | None = None, extra_options: dict[str, Any] | None = None
    ) -> requests.Session:
        """Return the session, with the vendor's login on each request."""
        session = self.api.session
        session.auth = self.api.auth
        session.headers.update(headers or {})
        return session

    def run(
        self,
        endpoint: str | None = None,
        data: dict[str, Any] | str | None = None,
        headers: dict[str, Any] | None = None,
        extra_options: dict[str, Any] | None = None,
        **request_kwargs: Any,
    ) -> requests.Response:
        """Call an endpoint, relative to the vendor's host, and return its good answer.

        As in HttpHook, `data` is the query of a GET and the body otherwise; `json=` in `request_kwargs` is a JSON body.

        :raises MLConnectorError: what a failure means; a write that got no answer is not repeated.
        """
        reading = self.method.upper() in ("GET", "HEAD")
        timeout = (extra_options or {}).get("timeout")
        return self.api.request(
            self.method,
            self.path_of(endpoint or ""),
            params=request_kwargs.pop("params", None) or (data if reading else None),
            data=None if reading else data,
            headers=headers,
            timeout=(timeout, timeout) if isinstance(timeout, int | float) else timeout,
            repeatable=reading,
            **request_kwargs,
        )

    def path_of(self, endpoint: str) -> str:
        """Return the path of an endpoint as the vendor's pages write it; by default as it is."""
        return endpoint

    def test_connection(self) -> tuple[bool, str]:
        """Log in and say what works; for the *Test* button and `airflow connections test`."""
        try:
            lines: list[str] = self.client.check()
        except MLConnectorError as error:
            # The Test button tests a copy under an id made up for it.
            return False, str(error).replace(f"Connection '{self.http_conn_id}'", "This Connection")
        finally:
            self.close()
        return True, "; ".join(lines)

    def close(self) -> None:
        """Log out and close the session."""
        client = self.__dict__.pop("client", None)
        if client is not None:
            client.close()

    @staticmethod
    def mask(secret: str) -> None:
        """Keep a minted secret out of the task's log."""
        mask_secret(secret)
