from __future__ import annotations

import pytest

from tests.sandbox.qad.client import Tenant


@pytest.fixture
def tenant() -> Tenant:
    """A logged-in caller of a fresh small tenant."""
    return Tenant().log_in()


@pytest.fixture
def stranger() -> Tenant:
    """A caller nobody has logged in."""
    return Tenant(scale=0.01)
