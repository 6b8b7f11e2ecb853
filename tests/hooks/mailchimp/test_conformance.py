from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from airflow_provider_mlconnector.exceptions import MLConnectorError
from airflow_provider_mlconnector.hooks.mailchimp.client import MailchimpClient, Operation
from tests.conformance import SPECS, SwaggerSpec
from tests.hooks.mailchimp.fakes import LIST, FakeMailchimp

pytestmark = pytest.mark.skipif(not SPECS.is_dir(), reason="the vendor's specification is not here")
API = re.compile(r"https://us21\.api\.mailchimp\.com/3\.0/")
Use = Callable[[MailchimpClient], Any]
BODY = {
    "email_address": "ann@acme.test",
    "status_if_new": "subscribed",
    "merge_fields": {"FNAME": "Ann", "ADDRESS": {"addr1": "1 Main St", "city": "A", "state": "B", "zip": "1"}},
}
CUSTOMER = {"email_address": "ann@acme.test", "company": "Acme", "address": {"address1": "1 Main St"}}
OPERATIONS = [
    Operation("PUT", f"/lists/{LIST}/members/aa", BODY, {"skip_merge_validation": True}, "1001"),
    Operation("POST", f"/lists/{LIST}/members/aa/tags", {"tags": [{"name": "x", "status": "active"}]}),
]

USES: list[tuple[str, Use]] = [
    ("ping", lambda c: c.call("GET", "ping")),
    ("audience", lambda c: c.audience()),
    ("audiences", lambda c: c.call("GET", "lists", params={"fields": "lists.id", "count": "1000", "offset": "0"})),
    ("merge fields", lambda c: c.merge_fields()),
    ("new merge field", lambda c: c.create_merge_field("REGION", "Region", "date", {"date_format": "MM/DD/YYYY"})),
    ("member", lambda c: c.member("aa")),
    ("members", lambda c: list(c.member_ids())),
    ("put member", lambda c: c.put_member("aa", BODY)),
    ("put member unchecked", lambda c: c.put_member("aa", BODY, skip_merge_validation=True)),
    ("patch member", lambda c: c.patch_member("aa", {"email_address": "new@acme.test"})),
    ("tags", lambda c: c.set_tags("aa", {"Customer": True, "Vendor": False})),
    ("batch", lambda c: c.run_batch(OPERATIONS)),
    ("store", lambda c: c.store()),
    ("new store", lambda c: c.create_store()),
    ("customer", lambda c: c.customer("1001")),
    ("put customer", lambda c: c.put_customer("1001", CUSTOMER)),
    ("delete customer", lambda c: c.delete_customer("1001")),
    ("customers", lambda c: c.customers_with("ann@acme.test")),
]


@pytest.mark.parametrize("use", [use for _, use in USES], ids=[name for name, _ in USES])
def test_requests_match_the_specification(client: MailchimpClient, server: FakeMailchimp, use: Use) -> None:
    """Each request the client makes, also as an operation of a batch, is one that the vendor's file defines."""
    # The file asks for email_address and status_if_new in any body of a member, and for PATCH too.
    spec = SwaggerSpec("mailchimp-marketing.swagger.json")
    empty: dict[str, Any] = {"id": "b1", "status": "finished", "response_body_url": "https://storage.test/x"}
    for name in ("members", "merge_fields", "lists", "customers", "batches"):
        empty[name] = []
    for method in ("GET", "PUT", "PATCH", "POST", "DELETE"):
        server.mocker.register_uri(method, API, json=empty)
    server.mocker.get("https://storage.test/x", content=b"")
    with contextlib.suppress(MLConnectorError):  # what matters is what was sent, not what this poor server answers
        use(client)
    sent = [request for request in server.mocker.request_history if request.hostname != "storage.test"]
    assert sent
    for request in sent:
        url = urlsplit(request.url)
        body = json.loads(request.body) if request.body else None
        spec.check_request(request.method, url.path.removeprefix("/3.0"), parse_qs(url.query), body)
        for operation in (body or {}).get("operations", ()):
            spec.check_request(
                operation["method"], operation["path"], operation.get("params"), json.loads(operation["body"])
            )
