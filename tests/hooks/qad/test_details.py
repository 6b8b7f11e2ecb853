from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mlconnector.exceptions import ConfigurationError, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.qad.client import QadClient

PATH = "/api/erp/customerV2s"
RECORD = {"sharedSetCode": "S1", "customerCode": "C1", "EMail": "x"}
KEY = {"sharedSetCode": "S1", "customerCode": "C1"}


def test_read_by_key(client: QadClient, server: Any) -> None:
    """The whole key and the view's name are in the query."""
    server.put("GET", PATH, {"data": {"customerV2s": [RECORD]}})
    assert client.detail("customers", KEY) == RECORD
    view = "urn:be:com.qad.base.customer.ICustomerV2"
    assert server.queries(PATH) == [{"sharedSetCode": ["S1"], "customerCode": ["C1"], "viewUri": [view]}]


@pytest.mark.parametrize(
    "answer",
    [
        {"customerV2s": [RECORD]},
        {"data": [RECORD]},
        {"data": {"CustomerV2s": RECORD}},
        {"data": {}, "customerV2s": [RECORD]},
    ],
)
def test_where_the_record_may_stand(client: QadClient, server: Any, answer: Any) -> None:
    """Clients have met it under `data` and at the top level."""
    server.put("GET", PATH, answer)
    assert client.detail("customers", KEY) == RECORD


@pytest.mark.parametrize("answer", [{"data": {"customerV2s": []}}, {"data": {}}, {"data": None}, {"customerV2s": None}])
def test_a_missing_record_is_empty(client: QadClient, server: Any, answer: Any) -> None:
    """Not a 404: an empty or absent list."""
    server.put("GET", PATH, answer)
    assert client.detail("customers", KEY) is None


def test_another_record_is_refused(client: QadClient, server: Any) -> None:
    """A tenant that does not heed the key must not turn one customer into another."""
    server.put("GET", PATH, {"data": {"customerV2s": [RECORD | {"customerCode": "C2"}]}})
    with pytest.raises(UnexpectedAnswer, match=r"asked for S1\.C1"):
        client.detail("customers", KEY)
    server.put("GET", PATH, {"data": {"customerV2s": [RECORD | {"customerCode": "C2"}, RECORD]}})
    assert client.detail("customers", KEY) == RECORD


def test_the_shared_set_of_the_connection(make_client: Any, server: Any) -> None:
    """A part of the key that a row does not show is the Connection's, and is asked for when it is nobody's."""
    server.put("GET", PATH, {"data": {"customerV2s": [RECORD]}})
    assert make_client(shared_set="S1").detail("customers", {"customerCode": " C1 "}) == RECORD
    with pytest.raises(ConfigurationError, match=r"'sharedSetCode'.*set shared_set"):
        make_client().detail("customers", {"customerCode": "C1", "sharedSetCode": ""})
    mine = {"customers": {"key": ["domainContext", "customerCode"], "detail_path": "api/erp/mfgCustomers"}}
    with pytest.raises(ConfigurationError, match=r"'domainContext'.*set domain"):
        make_client(resources=mine).detail("customers", {"customerCode": "C1"})


def test_an_unknown_resource(client: QadClient) -> None:
    """A resource that nobody has configured is named with those there are."""
    with pytest.raises(ConfigurationError, match="customers, accounts"):
        client.detail("suppliers", {})
