"""What must be nowhere but in the vendors and in encrypted places: secrets, tokens, people and companies."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from airflow_provider_mlconnector.sandbox.core.server import SandboxServer
from airflow_provider_mlconnector.sandbox.core.vendor import Vendor
from airflow_provider_mlconnector.sandbox.scenarios import SCENARIOS
from tests.flows import loud_runner

MAY_CARRY_CREDENTIALS = {"authorization", "jde-ais-auth", "api-auth-applicationkey"}


@dataclass
class Wire:
    """Every request that a vendor got: URL and headers."""

    urls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def tap(self, vendor: Vendor) -> None:
        """Put a recorder before the vendor's app."""
        inner: ASGIApp = vendor.app

        async def tapped(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                self.urls.append(f"{scope['path']}?{scope['query_string'].decode()}")
                self.headers.append({k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]})
            await inner(scope, receive, send)

        vars(vendor)["_gauged" if "_gauged" in vars(vendor) else "_app"] = tapped

    def tokens(self) -> set[str]:
        """Return the tokens shown in headers and URLs' identities."""
        shown = {h.get("jde-ais-auth", "") for h in self.headers}
        shown |= {h.get("authorization", "").partition(" ")[2] for h in self.headers}
        return shown - {""}


@dataclass
class Loud:
    """The loud runs: all they said and left behind, and what the vendors saw and hold."""

    said: str
    home: Path
    wires: dict[str, Wire]
    secrets: dict[str, str]
    tables: dict[str, list[dict[str, Any]]]
    addresses: set[str]


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loud]:
    """Run the DAGs in a subprocess, everything logged at DEBUG."""
    home = tmp_path_factory.mktemp("loud")
    server = SandboxServer(scale=0.05)
    wires = {name: Wire() for name in server.vendors}
    for name, wire in wires.items():
        wire.tap(server.vendor(name))
    with server:
        env = server.env()
        found = subprocess.run(
            [sys.executable, loud_runner.__file__, str(home), json.dumps(env)],
            capture_output=True,
            timeout=120,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        said = (found.stdout + found.stderr).decode()
        assert found.returncode == 0, said[-3000:]
        # Airflow's in-process runner logs what it is asked to mask; a worker's supervisor leaves that out.
        said = "\n".join(line for line in said.splitlines() if "msg=MaskSecret(" not in line)
        secrets = {name: json.loads(conn)["password"] for name, conn in env.items()}
        members = {member["email_address"] for member in server.vendor("mailchimp").state()["members"]}
        yield Loud(said, home, wires, secrets, server.vendor("jde").state()["tables"], members)


def spellings(word: str) -> set[bytes]:
    """Return the ways in which a word might stand in a log, a URL or JSON."""
    escaped = json.dumps(word)[1:-1]
    return {form.encode() for form in (word, word.lower(), escaped, quote(word, safe=""), quote(word))}


def personal(tables: dict[str, list[dict[str, Any]]]) -> set[str]:
    """Return names of people and companies, addresses, phones, as JD Edwards holds them."""
    columns = {
        "F0101": ("ALPH", "TAX"),
        "F0111": ("MLNM", "ALPH"),
        "F0115": ("PH1",),
        "F01151": ("EMAL",),
        "F0116": ("ADD1",),
    }
    found = {str(row[name]) for table, names in columns.items() for row in tables[table] for name in names}
    # Words that are no personal data by themselves, such as the invalid address "tbd".
    return {word for word in found if len(word) >= 6}


def left_behind(home: Path) -> dict[str, bytes]:
    """Return every file below a folder."""
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


def test_the_runs_were_loud_and_green(loud: Loud) -> None:
    """What is looked through below is really there: debug lines, pages, all runs, Variables, staged files."""
    for scenario in SCENARIOS:
        assert loud.said.count(f"{scenario.dag_id}: the run ended as success") == 2
        assert f"mlconnector__{scenario.dag_id}__" in loud.said
    assert re.search(r"POST /jderest/v2/tokenrequest 200 \d+ ms", loud.said)
    assert re.search(r"mailchimp batch \w+: \d+ operations submitted", loud.said)
    files = left_behind(loud.home)
    assert any(name.endswith(".part") for name in files)
    assert "mlconnector/ledger.db" in files
    assert len(personal(loud.tables)) > 100


def test_nobody_is_named(loud: Loud) -> None:
    """No name, address, e-mail or phone in any log, XCom, Variable, staged file or unencrypted ledger column.

    The MD5 of an e-mail address stays: it is Mailchimp's own id of the member.
    """
    files = {**left_behind(loud.home), "everything said": loud.said.encode()}
    told = {
        (name, word)
        for word in personal(loud.tables) | loud.addresses
        for form in spellings(word)
        for name, content in files.items()
        if form in content
    }
    assert told == set()


def test_no_secret_is_told(loud: Loud) -> None:
    """No password, client secret, API key, minted token or signed address in any log, XCom, Variable, file."""
    files = {**left_behind(loud.home), "everything said": loud.said.encode()}
    tokens = set().union(*(wire.tokens() for wire in loud.wires.values()))
    assert len(tokens) >= 2
    signed = {found[1] for url in loud.wires["mailchimp"].urls if (found := re.search("Signature=(.+)", url))}
    assert signed
    secrets = {*loud.secrets.values(), *tokens, *signed}
    told = {
        (name, secret)
        for secret in secrets
        for form in spellings(secret) | {base64.b64encode(secret.encode())}
        for name, content in files.items()
        if form in content
    }
    assert told == set()


def test_only_the_proper_headers_carry_credentials(loud: Loud) -> None:
    """No header but Authorization and those of AIS and Cin7 carries a password, secret or token."""
    tokens = set().union(*(wire.tokens() for wire in loud.wires.values()))
    for wire in loud.wires.values():
        for headers in wire.headers:
            others = " ".join(value for name, value in headers.items() if name not in MAY_CARRY_CREDENTIALS)
            assert not [secret for secret in (*loud.secrets.values(), *tokens) if secret in others]


def test_no_url_carries_a_credential(loud: Loud) -> None:
    """No URL carries one either; Marketo's identity endpoint takes its client secret that way, and no other does."""
    tokens = set().union(*(wire.tokens() for wire in loud.wires.values()))
    for url in [url for wire in loud.wires.values() for url in wire.urls]:
        path, _, query = url.partition("?")
        told = {secret for secret in (*loud.secrets.values(), *tokens) if secret in unquote(url)}
        if path == "/identity/oauth/token":
            assert set(parse_qs(query)) <= {"grant_type", "client_id", "client_secret"}
        else:
            assert told == set(), path
