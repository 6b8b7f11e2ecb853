"""A server that means harm, or a network around it that does: on a real wire, as far as the machine has one."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from requests.auth import HTTPBasicAuth

from airflow_provider_mlconnector.exceptions import MLConnectorError, Stop, UnexpectedAnswer
from airflow_provider_mlconnector.transport import ApiClient, HttpOptions
from airflow_provider_mlconnector.transport.outside import is_public

LIMIT = 1 << 20


class QuietServer(ThreadingHTTPServer):
    """Prints nothing about a handshake that the other side has ended."""

    def handle_error(self, *arguments: object) -> None:
        """Keep quiet."""


class Server:
    """What it was asked, and what it answers: headers and pieces of a body, whatever was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body: Callable[[], Iterator[bytes]] = lambda: iter((b"{}",))

    @contextmanager
    def running(self, context: ssl.SSLContext | None = None) -> Iterator[str]:
        """Yield the address."""
        with QuietServer(("127.0.0.1", 0), self._handler()) as httpd:
            if context:
                httpd.socket = context.wrap_socket(httpd.socket, server_side=True, do_handshake_on_connect=False)
            thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            yield f"{'https' if context else 'http'}://127.0.0.1:{httpd.server_port}"
            httpd.shutdown()
            thread.join()

    def _handler(server) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                self.send_response(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for piece in server.body():
                        self.wfile.write(piece)
                except OSError:
                    self.close_connection = True

            def log_message(self, *arguments: object) -> None:
                """Keep quiet."""

        return Handler


@pytest.fixture
def server() -> Server:
    return Server()


def certificate(folder: Path, *, name: str, until: timedelta) -> ssl.SSLContext:
    """Return a server's side of TLS with a certificate that nobody has signed but itself."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    names = [x509.DNSName(name)] if name.isalpha() else [x509.IPAddress(ip_address(name))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + until)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


@pytest.mark.parametrize(
    ("name", "until", "bundle"),
    [
        ("127.0.0.1", timedelta(days=1), False),
        ("127.0.0.1", timedelta(days=-1), True),
        ("elsewhere", timedelta(days=1), True),
    ],
    ids=["nobody's", "expired", "another host's"],
)
def test_certificate_is_checked(server: Server, tmp_path: Path, name: str, until: timedelta, bundle: bool) -> None:
    """A certificate of nobody, one that has expired or another host's ends the call before the login is sent."""
    context = certificate(tmp_path, name=name, until=until)
    options = HttpOptions(verify=str(tmp_path / "cert.pem") if bundle else True, max_retries=0, trust_env=False)
    with server.running(context) as address:
        client = ApiClient(address, options=options, auth=HTTPBasicAuth("u", "p"))
        with pytest.raises(Stop, match="TLS failed"):
            client.request("GET", "x")
        client.close()
    assert server.asked == []


def test_good_certificate(server: Server, tmp_path: Path) -> None:
    """One that the Connection's bundle knows, of this host and in force, is accepted."""
    context = certificate(tmp_path, name="127.0.0.1", until=timedelta(days=1))
    options = HttpOptions(verify=str(tmp_path / "cert.pem"), max_retries=0, trust_env=False)
    with server.running(context) as address:
        client = ApiClient(address, options=options)
        client.request("GET", "x")
        client.close()
    assert server.asked == ["/x"]


def endless() -> Iterator[bytes]:
    """What a server sends until nobody listens any more."""
    while True:
        yield b" " * 65536


def bomb() -> Iterator[bytes]:
    """64 MB of nothing, which is 64 KB on the wire."""
    yield gzip.compress(b" " * (64 << 20))


@pytest.mark.parametrize(
    ("headers", "body"),
    [({}, endless), ({"Content-Encoding": "gzip"}, bomb), ({"Content-Length": "10000000000000"}, endless)],
    ids=["endless", "gzip", "announced"],
)
@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_answer_is_bounded(
    server: Server, headers: dict[str, str], body: Callable[[], Iterator[bytes]], status: int
) -> None:
    """An answer without an end, or one that unpacks to a thousand times its size, is not taken; nor a redirect's."""
    server.status, server.headers, server.body = status, {**headers, "Location": "/y"}, body
    with server.running() as address:
        client = ApiClient(address, options=HttpOptions(max_body=LIMIT, max_retries=0))
        with pytest.raises(UnexpectedAnswer, match="larger than"):
            client.request("GET", "x")
        client.close()
    assert server.asked == ["/x"]


def test_whole_answer_within_the_bound(server: Server) -> None:
    """What is as large as it may be arrives unpacked, byte for byte."""
    server.headers = {"Content-Encoding": "gzip"}
    server.body = lambda: iter((gzip.compress(b"x" * LIMIT),))
    with server.running() as address:
        client = ApiClient(address, options=HttpOptions(max_body=LIMIT))
        assert client.request("GET", "x").content == b"x" * LIMIT
        client.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"])
def test_inner_address_is_not_asked(server: Server, host: str) -> None:
    """Where only public addresses may be asked, this machine is not, however its address is written."""
    with server.running() as address:
        client = ApiClient(
            address.replace("127.0.0.1", host), options=HttpOptions(public_only=True, max_retries=0, trust_env=False)
        )
        # Some spellings are no host here, which is as good.
        with pytest.raises(MLConnectorError):
            client.request("GET", "x")
        client.close()
    assert server.asked == []


def test_inner_address_says_so(server: Server) -> None:
    """Whoever reads the message knows which address it was."""
    with server.running() as address:
        client = ApiClient(address, options=HttpOptions(public_only=True, max_retries=0, trust_env=False))
        with pytest.raises(UnexpectedAnswer, match=r"inside of this network \(127\.0\.0\.1\)"):
            client.request("GET", "x")
        client.close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "::1", "::", "fe80::1%eth0", "fd00:ec2::254", "::ffff:10.0.0.1",
    ],
)  # fmt: skip
def test_addresses_inside(address: str) -> None:
    """Loopback, private networks, link-local addresses (a cloud's metadata) and their IPv6 forms are not public."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["52.216.0.1", "2600:1f18::1", "::ffff:52.216.0.1"])
def test_addresses_outside(address: str) -> None:
    """A public storage's are."""
    assert is_public(address)


@pytest.mark.parametrize("key", ["..", ".", "%2e%2e", "a/../../b", "%2E./x"])
def test_key_does_not_lead_upwards(server: Server, key: str) -> None:
    """A key that is a step upwards in a path names another resource than its own, and is not sent."""
    with server.running() as address:
        client = ApiClient(address)
        for path in (f"customers/{key}", f"{address}/customers/{key}"):
            with pytest.raises(Stop, match="refusing a path"):
                client.request("GET", path)
        client.close()
    assert server.asked == []
