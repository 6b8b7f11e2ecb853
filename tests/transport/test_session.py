from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
import requests_mock
from requests.auth import HTTPBasicAuth

from airflow_provider_mlconnector.exceptions import CredentialsRejected, Stop
from airflow_provider_mlconnector.transport import ApiClient, HttpOptions

BASE = "https://api.example.com/ctx"
OTHER = "https://other.example.com/y"

Make = Callable[..., ApiClient]
Wire = requests_mock.Adapter


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.netrc` that knows both hosts."""
    file = tmp_path / "netrc"
    file.write_text("".join(f"machine {h}.example.com login netrc password leak\n" for h in ("api", "other")))
    monkeypatch.setenv("NETRC", str(file))


@pytest.mark.usefixtures("netrc")
def test_netrc_is_not_used(make_client: Make, wire: Wire) -> None:
    """A `.netrc` neither replaces our login nor adds one, on no host."""
    wire.register_uri("GET", f"{BASE}/x", status_code=302, headers={"Location": f"{BASE}/y"})
    wire.register_uri("GET", f"{BASE}/y", json={})
    make_client().request("GET", "x")
    make_client(auth=HTTPBasicAuth("u", "p")).request("GET", "x")
    sent = [call.headers.get("Authorization") for call in wire.request_history]
    own = f"Basic {base64.b64encode(b'u:p').decode()}"
    assert sent == [None, None, own, own]


def test_redirect_on_the_same_host_keeps_the_login(make_client: Make, wire: Wire) -> None:
    """A redirect within the host is followed with the login."""
    wire.register_uri("GET", f"{BASE}/x", status_code=302, headers={"Location": "/ctx/y"})
    wire.register_uri("GET", f"{BASE}/y", json={})
    make_client(auth=HTTPBasicAuth("u", "p")).request("GET", "x")
    assert all("Authorization" in call.headers for call in wire.request_history)


@pytest.mark.parametrize(
    "target",
    [
        OTHER,
        "//other.example.com/y",
        "http://api.example.com/ctx/y",
        "https://api.example.com:8443/ctx/y",
        "https://api.example.com.evil.test/y",
        "https://api.example.com@evil.test/y",
        # One library's host is the other's path: the one that connects counts.
        "https://evil.test\\@api.example.com/y",
        "https://[evil",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("authenticated", [True, False])
def test_no_redirect_leads_elsewhere(
    target: str, status: int, authenticated: bool, make_client: Make, wire: Wire
) -> None:
    """Another host, port or a plain-http address is not asked at all, with a login or without."""
    wire.register_uri(requests_mock.ANY, requests_mock.ANY, json={})
    wire.register_uri("GET", f"{BASE}/x", status_code=status, headers={"Location": target})
    with pytest.raises(Stop, match="another host"):
        make_client(auth=HTTPBasicAuth("u", "p")).request("GET", "x", authenticated=authenticated)
    assert len(wire.request_history) == 1


def test_redirect_to_tls_on_the_same_host(make_client: Make, wire: Wire) -> None:
    """A host that may be called unencrypted may ask for better."""
    wire.register_uri("GET", "http://api.example.com/x", status_code=301, headers={"Location": BASE})
    wire.register_uri("GET", BASE, json={})
    make_client("http://api.example.com", auth=HTTPBasicAuth("u", "p")).request("GET", "x")
    assert wire.request_history[-1].headers["Authorization"]


def test_what_a_redirect_means_the_vendor_says_first(make_client: Make, wire: Wire) -> None:
    """The way to a login page elsewhere may be an ended session, which the vendor's own table knows."""
    wire.register_uri("GET", f"{BASE}/x", status_code=302, headers={"Location": "https://sso.example.com/login"})

    def classify(response: requests.Response) -> None:
        if "login" in response.headers.get("Location", ""):
            raise CredentialsRejected("the session is over")

    with pytest.raises(CredentialsRejected):
        make_client(classify=classify).request("GET", "x")


@pytest.mark.parametrize("status", [307, 308])
def test_redirect_elsewhere_takes_no_body(status: int, make_client: Make, wire: Wire) -> None:
    """A login or records in a body are not handed to another host."""
    wire.register_uri("POST", f"{BASE}/x", status_code=status, headers={"Location": OTHER})
    wire.register_uri("POST", OTHER, json={})
    with pytest.raises(Stop, match="another host"):
        make_client().request("POST", "x", json={"password": "p"})
    assert len(wire.request_history) == 1


def test_redirects_can_be_switched_off(make_client: Make, wire: Wire) -> None:
    """`max_redirects` 0 hands the redirect to the caller."""
    wire.register_uri("GET", f"{BASE}/x", status_code=302, headers={"Location": OTHER})
    assert make_client(options=HttpOptions(max_redirects=0)).request("GET", "x").status_code == 302


def test_circle_of_redirects_stops(make_client: Make, wire: Wire) -> None:
    """A redirect in a circle is not tried again."""
    wire.register_uri("GET", f"{BASE}/x", status_code=302, headers={"Location": f"{BASE}/x"})
    with pytest.raises(Stop, match="circle"):
        make_client(options=HttpOptions(max_redirects=3)).request("GET", "x")
    assert len(wire.request_history) == 4


def test_connection_overrules_the_environment(make_client: Make, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proxy and CA bundle of the Connection win over the environment's, which `requests` has the other way round."""
    monkeypatch.setenv("HTTPS_PROXY", "http://env-proxy:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/env/bundle.pem")
    wire.register_uri("GET", f"{BASE}/x", json={})
    options = HttpOptions(proxies={"https": "http://own-proxy:2"}, verify="/own/bundle.pem")
    make_client(options=options).request("GET", "x")
    make_client().request("GET", "x")
    own, default = wire.request_history
    assert (own.proxies["https"], own.verify) == ("http://own-proxy:2", "/own/bundle.pem")
    assert (default.proxies["https"], default.verify) == ("http://env-proxy:1", "/env/bundle.pem")


def test_environment_can_be_ignored(make_client: Make, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `trust_env` off no proxy comes from the environment."""
    monkeypatch.setenv("HTTPS_PROXY", "http://env-proxy:1")
    wire.register_uri("GET", f"{BASE}/x", json={})
    make_client(options=HttpOptions(trust_env=False)).request("GET", "x")
    assert not wire.request_history[0].proxies


def test_timeout(make_client: Make, wire: Wire) -> None:
    """A call's own time-out wins over the Connection's, which always applies."""
    wire.register_uri("GET", f"{BASE}/x", json={})
    client = make_client(options=HttpOptions(timeout=(1.0, 2.0)))
    client.request("GET", "x")
    client.request("GET", "x", timeout=(3.0, 4.0))
    waits: list[object] = [call.timeout for call in wire.request_history]
    assert waits == [(1.0, 2.0), (3.0, 4.0)]


class Hello(BaseHTTPRequestHandler):
    """Answers `{}`."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()
        thread.join()


def test_urllib3_logs_no_query(server: str, caplog: pytest.LogCaptureFixture) -> None:
    """Also the debug log of the library below has the path without its query."""
    caplog.set_level(logging.DEBUG)
    client = ApiClient(server)
    client.request("GET", "identity/token", params={"client_secret": "s3cr3t"})
    client.close()
    assert any(
        record.name == "urllib3.connectionpool" and "/identity/token" in record.getMessage()
        for record in caplog.records
    )
    assert "s3cr3t" not in caplog.text
