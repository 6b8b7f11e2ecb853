"""One `requests` session per task: keep-alive, a bounded pool, the options users of HttpHook know."""

from __future__ import annotations

from dataclasses import dataclass

import requests
from requests.adapters import HTTPAdapter


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


def build_session(options: HttpOptions) -> requests.Session:
    """Return a session with these options; it makes no call."""
    session = requests.Session()
    session.verify = options.verify
    session.cert = options.cert
    session.max_redirects = options.max_redirects
    # `.netrc` would silently replace our Authorization header, so only proxies are taken from the environment.
    session.trust_env = options.trust_env
    if options.proxies:
        session.proxies.update(options.proxies)
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=options.pool_size, pool_block=False)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
