from __future__ import annotations

import pytest

from tests.sandbox.jde.client import Ais, make_server


@pytest.fixture
def ais() -> Ais:
    """A logged-in client of a fresh small server."""
    client = Ais(make_server())
    client.login()
    return client


@pytest.fixture
def stranger() -> Ais:
    """A client nobody has logged in."""
    return Ais(make_server(scale=0.01))
