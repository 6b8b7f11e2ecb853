from __future__ import annotations

import pytest

from tests.sandbox.core.toy import Toy


@pytest.fixture
def toy() -> Toy:
    """A toy vendor without faults."""
    return Toy()
