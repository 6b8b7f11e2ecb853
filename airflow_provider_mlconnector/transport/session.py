"""One `requests` session per task: keep-alive, a bounded pool, the options users of HttpHook know."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter

from airflow_provider_mlconnector.exceptions import Stop

HARMLESS = frozenset(
    {"accept", "accept-encoding", "user-agent", "connection", "content-type", "content-length", "proxy-authorization"}
)
"""Headers that may follow a redirect to another host; vendors carry logins in headers of their own, too."""


@dataclass(frozen=True)
class HttpOptions:
    """How to reach a host; `timeout` is (connect, read) in seconds, `max_redirects` 0 follows none."""

    timeout: tuple[float, float] = (15.0, 300.0)
    verify: bool | str = True
    cert: str | tuple[str, str] | None = None
    proxies: dict[str, str] | None = None
    max_redirects: int = 30
    trust_env: bool = True
    max_retries: int = 5
    pool_size: int = 10


class HostBoundSession(requests.Session):
    """A session whose redirects take no credentials to another host, and none from `.netrc`."""

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Take the login off a request that is redirected to another host.

        :raises Stop: when its body would go there too, which may hold a login or records.
        """
        leaves: bool = self.should_strip_auth(response.request.url, prepared_request.url)  # type: ignore[no-untyped-call]
        if not leaves:
            return
        if prepared_request.body:
            raise Stop("the server redirects a call with a body to another host; check the host of the Connection")
        for name in [name for name in prepared_request.headers if name.lower() not in HARMLESS]:
            del prepared_request.headers[name]


class _WithoutQuery(logging.Filter):
    """Cuts the query out of urllib3's debug lines; some vendors want the login in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(a.partition("?")[0] if isinstance(a, str) else a for a in record.args)
        return True


_without_query = _WithoutQuery()


def build_session(options: HttpOptions) -> requests.Session:
    """Return a session with these options; it makes no call."""
    logging.getLogger("urllib3.connectionpool").addFilter(_without_query)
    session = HostBoundSession()
    session.verify = options.verify
    session.cert = options.cert
    # 0 would make `requests` raise for a redirect that it was told not to follow; ApiClient tells it so.
    session.max_redirects = max(1, options.max_redirects)
    # Proxies and CA bundles come from the environment; `.netrc` does not, as every request names its auth.
    session.trust_env = options.trust_env
    if options.proxies:
        session.proxies.update(options.proxies)
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=options.pool_size, pool_block=False)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
