"""One `requests` session per task: keep-alive, a bounded pool, the options users of HttpHook know.

What comes from a server is bounded and leads nowhere: no redirect leaves its host, no answer fills the memory.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import parse_url

from airflow_provider_mlconnector.digits import count
from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.transport.outside import use_public_addresses

PIECE, WHOLE = 1 << 16, 1 << 22
"""Bytes of a body taken at once; of one whose length is known."""


@dataclass(frozen=True)
class HttpOptions:
    """How to reach a host; `timeout` is (connect, read) in seconds, `max_redirects` 0 follows none.

    :param max_body: bytes of an answer, unpacked; one that is streamed is its reader's own business.
    :param public_only: connect to addresses of the public internet alone, unless by a proxy, which has its own rules.
    """

    timeout: tuple[float, float] = (15.0, 300.0)
    verify: bool | str = True
    cert: str | tuple[str, str] | None = None
    proxies: dict[str, str] | None = None
    max_redirects: int = 30
    trust_env: bool = True
    max_retries: int = 5
    pool_size: int = 10
    max_body: int = 256 * 1024 * 1024
    public_only: bool = False


def origin(url: str) -> tuple[str, str, int | None]:
    r"""Return scheme, host and port of an address, as the library that connects reads it.

    `urllib.parse` takes the host of `https://one\@two/` for `two`, urllib3 for `one`.

    :raises ValueError: for what is no address.
    """
    parts = parse_url(url)
    scheme = (parts.scheme or "").lower()
    return scheme, (parts.host or "").lower(), parts.port or {"http": 80, "https": 443}.get(scheme)


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common."""
    try:
        return origin(one) == origin(other)
    except ValueError:
        return False


class HostBoundSession(requests.Session):
    """A session whose redirects stay on their host, and which takes no login from `.netrc`."""

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a redirect leads; None where that is another host: then it is the answer."""
        try:
            target = super().get_redirect_target(resp)
            return target if target is None or _stays(resp.url, urljoin(resp.url, target)) else None
        except ValueError:
            return None

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Keep the login, as the host is the same; `requests` would look into `.netrc`."""


def _stays(here: str, there: str) -> bool:
    (scheme, host, port), target = origin(here), origin(there)
    return target == (scheme, host, port) or ((scheme, port), target) == (("http", 80), ("https", host, 443))


class BoundedAdapter(HTTPAdapter):
    """Reads each answer up to a limit, whatever its headers say of its length and however well it is packed."""

    def __init__(self, max_body: int, **given: Any):
        self._max_body = max_body
        super().__init__(**given)

    def send(
        self, request: requests.PreparedRequest, stream: bool = False, *arguments: Any, **given: Any
    ) -> requests.Response:
        """Send, and read the answer unless somebody wants to do so piece by piece."""
        response = super().send(request, stream, *arguments, **given)
        if not stream or response.is_redirect:
            _read(response, self._max_body)
        return response


def _read(response: requests.Response, most: int) -> None:
    pieces, size = [], 0
    for piece in response.iter_content(_at_once(response)):
        size += len(piece)
        if size > most:
            response.close()
            raise UnexpectedAnswer(f"an answer is larger than {most} bytes; ask for fewer records at once")
        pieces.append(piece)
    response._content = b"".join(pieces)  # noqa: SLF001 - where `requests` itself keeps what it has read


def _at_once(response: requests.Response) -> int:
    """Return how many bytes to take at once: all there are, where that is said, and nothing has to be unpacked."""
    said = None if "Content-Encoding" in response.headers else count(response.headers.get("Content-Length"))
    return min(said or PIECE, WHOLE)


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
    adapter = BoundedAdapter(options.max_body, pool_connections=2, pool_maxsize=options.pool_size, pool_block=False)
    if options.public_only:
        use_public_addresses(adapter)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session
