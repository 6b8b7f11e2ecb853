"""The common part of every vendor's Airflow Connection: parsed once, at the door, by pydantic."""

from __future__ import annotations

import difflib
import hashlib
import json
from ipaddress import ip_address
from typing import Any, ClassVar, Protocol, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from airflow_provider_mlconnector.exceptions import ConfigurationError
from airflow_provider_mlconnector.transport.session import HttpOptions


class AirflowConnection(Protocol):
    """What is used of `airflow.sdk.Connection`."""

    conn_id: str
    conn_type: str
    host: str | None
    schema: str | None
    login: str | None
    password: str | None
    port: int | None

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra, parsed."""


def short_hash(text: str) -> str:
    """Return 12 hex digits for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def is_loopback(hostname: str) -> bool:
    """Whether a host is this machine: `localhost` or an address of the loopback range, not a name that begins so."""
    try:
        return hostname.lower() == "localhost" or ip_address(hostname).is_loopback
    except ValueError:
        return False


def _scheme_for(host: str) -> str:
    """A server on this machine seldom has a certificate; elsewhere nothing but https is taken for granted."""
    return "http" if is_loopback(urlsplit(f"//{host}").hostname or "") else "https"


class VendorConnection(BaseModel):
    """Host, credentials and the extras every vendor has.

    A subclass adds its extras as fields, each with `title` (the form's label) and `description`, and
    declares the standard fields in the class variables below. The connection form in Airflow's UI is
    generated from it (provider_info.py).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    conn_type: ClassVar[str]
    default_conn_id: ClassVar[str]
    hook_class_name: ClassVar[str]
    hook_name: ClassVar[str]
    system: ClassVar[str]
    """The system's name in the ledger: jde, qad, marketo, jaggaer, mailchimp or cin7."""
    labels: ClassVar[dict[str, str]] = {}
    """Labels of Airflow's standard fields (host, login, password) in this vendor's words."""
    placeholders: ClassVar[dict[str, str]] = {}
    hidden_fields: ClassVar[tuple[str, ...]] = ("port", "schema")
    api_base_paths: ClassVar[tuple[str, ...]] = ()
    """Paths a user may have pasted behind the host; cut off, longest first."""

    conn_id: str
    host: str = ""
    login: str = ""
    password: SecretStr = SecretStr("")

    timeout: float | tuple[float, float] | None = Field(
        None, title="Time-out", description="Seconds to wait for an answer; or [connect, read]."
    )
    verify: bool | str = Field(
        True, title="Verify TLS", description="Check the server's certificate; or the path of a CA bundle."
    )
    cert: str | tuple[str, str] | None = Field(None, title="Client certificate", description="Path, or [cert, key].")
    proxies: dict[str, str] | None = Field(
        None, title="Proxies", description='Scheme to proxy URL, as in requests: {"https": "http://proxy:3128"}.'
    )
    max_redirects: int = Field(
        30, ge=0, title="Redirects", description="How many to follow at most; none leaves the host."
    )
    trust_env: bool = Field(True, title="Trust environment", description="Use proxy settings of the environment.")
    max_retries: int = Field(5, ge=0, title="Retries", description="Tries beyond the first for a failed call.")
    allow_http: bool = Field(
        False, title="Allow plain HTTP", description="Permit an unencrypted host other than this machine."
    )

    @classmethod
    def from_airflow(cls, conn: AirflowConnection) -> Self:
        """Parse an Airflow Connection.

        :raises ConfigurationError: naming the Connection and the field, and the nearest known key for an unknown one.
        """
        extra = _parse_extra(conn)
        standard = {"conn_id", "host", "login", "password"}
        known = set(cls.model_fields) - standard
        for key in extra:
            if key not in known:
                raise ConfigurationError(_unknown_extra(conn.conn_id, key, sorted(known)))
        # The UI stores a field that was left empty as null, "" or, of a JSON field, [].
        given = {key: value for key, value in extra.items() if value not in (None, "", [])}
        try:
            parsed = cls(
                conn_id=conn.conn_id,
                host=_host_of(conn),
                login=(conn.login or "").strip(),
                password=SecretStr(conn.password or ""),
                **given,
            )
        except ValidationError as error:
            raise ConfigurationError(f"Connection '{conn.conn_id}': {_first_problem(error)}") from None
        parsed.check()
        return parsed

    def check(self) -> None:
        """Refuse what cannot work, before any call; a subclass adds its own."""
        url = urlsplit(self.base_url)
        if url.username is not None or url.password is not None:
            # Airflow encrypts password and extra, not the host; and hosts stand in messages.
            raise ConfigurationError(
                f"Connection '{self.conn_id}': the host holds a login; enter it as login and password"
            )
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ConfigurationError(
                f"Connection '{self.conn_id}': host '{self.host}' is not a URL; give it as https://host.example.com"
            )
        if url.scheme == "http" and not self.inside:
            raise ConfigurationError(
                f"Connection '{self.conn_id}': plain http would send the credentials unencrypted to {url.hostname}. "
                'Use https, or set "allow_http": true in extra.'
            )

    @property
    def base_url(self) -> str:
        """The host without any API base path and without a trailing slash."""
        url = (self.host if "://" in self.host else f"{_scheme_for(self.host)}://{self.host}").rstrip("/")
        for path in sorted(self.api_base_paths, key=len, reverse=True):
            if url.lower().endswith(path.lower()):
                return url[: -len(path)].rstrip("/")
        return url

    @property
    def inside(self) -> bool:
        """Whether the host is this machine, or is said to be of a closed network (`allow_http`)."""
        return self.allow_http or is_loopback(urlsplit(self.base_url).hostname or "")

    @property
    def account(self) -> str:
        """Which account of which system this is about; no secrets. Part of every state key."""
        return f"{self.system}|{self.base_url.lower()}"

    def account_of(self, obj: str) -> str:
        """Which account an object type lives in: `account`, where all types live in one.

        :param obj: as in `Sync.object`.
        """
        del obj
        return self.account

    @property
    def account_id(self) -> str:
        """A short hash of `account`."""
        return short_hash(self.account)

    @property
    def quota_id(self) -> str:
        """What the vendor's limits are counted by: `account_id`, where a vendor knows nothing wider."""
        return self.account_id

    def shared(self, by: int) -> Self:
        """Return this Connection with one of `by` shares of the calls at once that it allows, one call at least."""
        allowed = getattr(self, "max_concurrency", None)
        return self if allowed is None else self.model_copy(update={"max_concurrency": max(1, allowed // by)})

    def http_options(self, *, timeout: tuple[float, float]) -> HttpOptions:
        """The transport's options; `timeout` is the vendor's default (connect, read) in seconds."""
        given = self.timeout
        if given is not None:
            timeout = given if isinstance(given, tuple) else (min(timeout[0], given), given)
        return HttpOptions(
            timeout=timeout,
            verify=self.verify,
            cert=self.cert,
            proxies=self.proxies,
            max_redirects=self.max_redirects,
            trust_env=self.trust_env,
            max_retries=self.max_retries,
        )


def _parse_extra(conn: AirflowConnection) -> dict[str, Any]:
    # `extra_dejson` answers a text that is no JSON with {}: the settings in it would be silently ignored.
    text = (getattr(conn, "extra", None) or "").strip()
    try:
        extra = json.loads(text) if text else conn.extra_dejson
    except ValueError:
        extra = None
    if not isinstance(extra, dict):
        raise ConfigurationError(f"Connection '{conn.conn_id}': extra is not a JSON object.")
    return extra


def _host_of(conn: AirflowConnection) -> str:
    host = (conn.host or "").strip()
    # Airflow parses a URI such as `jde-ais://user:pw@ais.example.com:9300/` into parts.
    if host and conn.port and f":{conn.port}" not in host:
        scheme, _, rest = host.rpartition("://")
        name, slash, path = rest.partition("/")
        host = f"{scheme + '://' if scheme else ''}{name}:{conn.port}{slash}{path}"
    if host and "://" not in host and conn.schema in ("http", "https"):
        host = f"{conn.schema}://{host}"
    return host


def _unknown_extra(conn_id: str, key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean '{near[0]}'?" if near else f"known are: {', '.join(known)}."
    return f"Connection '{conn_id}': extra has an unknown key '{key}'; {hint}"


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part) for part in problem["loc"]) or "extra"
    # What our own validators say comes with pydantic's "Value error" before it.
    return f"'{where}': {problem['msg'].removeprefix('Value error, ')}"
