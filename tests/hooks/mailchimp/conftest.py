from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
import requests_mock
from pydantic import SecretStr

from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient
from airflow_provider_mlconnector.hooks.mailchimp.connection import MailchimpConnection
from tests.hooks.mailchimp.fakes import KEY, LIST, NOW, Clock, FakeMailchimp


@pytest.fixture
def clock() -> Clock:
    """Time that passes only by sleeping."""
    return Clock()


@pytest.fixture
def server(requests_mock: requests_mock.Mocker) -> FakeMailchimp:
    """The other side of the wire."""
    return FakeMailchimp(requests_mock)


@pytest.fixture
def connection() -> MailchimpConnection:
    """A Connection with an audience and a store."""
    return MailchimpConnection(
        conn_id="mailchimp_default", password=SecretStr(KEY), list_id=LIST, store_id="jde", max_retries=2
    )


@pytest.fixture
def make_client(clock: Clock, connection: MailchimpConnection, server: FakeMailchimp) -> Callable[..., MailchimpClient]:
    """Make a client on the fake clock, with the given extras and arguments."""
    numbers = count(1)

    def make(*, mask: Callable[[str], None] = lambda secret: None, **extra: Any) -> MailchimpClient:
        return MailchimpClient(
            connection.model_copy(update=extra),
            mask=mask,
            clock=clock,
            sleep=clock.sleep,
            now=lambda: NOW,
            random=lambda: 0.5,
            nonce=lambda: f"n{next(numbers)}",
        )

    return make


@pytest.fixture
def client(make_client: Callable[..., MailchimpClient]) -> MailchimpClient:
    """A client with the default Connection."""
    return make_client()
