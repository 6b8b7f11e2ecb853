"""A bare caller for these tests: no retries, no cleverness, so that the tenant's answers are seen as they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import requests

from airflow_provider_mlconnector.sandbox.core import Clock, SandboxAdapter
from airflow_provider_mlconnector.sandbox.qad import QadSandbox

HOST = "http://qad.sandbox"
NOON = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
"""Noon in the server's zone, UTC-05:00."""
TODAY = "2026-11-20T00:00:00.000Z"
USER, PASSWORD, CLIENT = "mlconnector", "sandbox-qad", "qad-sandbox-client"
GRANT = {"grant_type": "password", "client_id": CLIENT, "username": USER, "password": PASSWORD}

CUSTOMERS = "urn:browse:bebrowse:com.qad.erp.base.customerV2s"
RELATIONS = "urn:browse:bebrowse:com.qad.erp.base.businessRelationV2s"
CATALOGUE = "urn:browse:custom:lookupBrowseFields"
CUSTOMER_VIEW = "urn:be:com.qad.base.customer.ICustomerV2"
RELATION_VIEW = "urn:be:com.qad.base.address.IBusinessRelationV2"
HEALTH = "/api/qracore/developersettings/systemDefaultApp"
BROWSES = "/api/qracore/browses"
Row = dict[str, Any]


class Tenant:
    """A sandbox and its caller; the clock stands still."""

    def __init__(self, scale: float = 0.25, **options: Any) -> None:
        self.clock = Clock(NOON, speed=0)
        self.sandbox = QadSandbox(scale=scale, clock=self.clock, **options)
        self.base = HOST + self.sandbox.settings.root
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.mount(HOST, SandboxAdapter(self.sandbox))

    def grant(self, *, in_query: bool = False, **changes: str) -> requests.Response:
        fields = {**GRANT, **changes}
        url = f"{self.base}/oauth/token"
        return self.http.post(url, params=fields) if in_query else self.http.post(url, data=fields)

    def log_in(self) -> Tenant:
        """Put a fresh token on every later call."""
        self.http.headers["Authorization"] = f"Bearer {self.grant().json()['access_token']}"
        return self

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> requests.Response:
        return self.http.get(self.base + path, params=query, headers=headers)

    def data(self, path: str, **query: Any) -> Any:
        """Return what an answer of 200 carries."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def browse(self, browse_id: str = CUSTOMERS, *filters: str, **query: Any) -> Row:
        """Return one page's whole answer; the first of 1000 unless told otherwise."""
        asked = {"page": 1, "pageSize": 1000, "pageAction": "first", **query, "browseId": browse_id, "filter": filters}
        answer = self.get(BROWSES, **asked)
        assert answer.status_code == 200, answer.text
        found: Row = answer.json()
        return found

    def rows(self, browse_id: str = CUSTOMERS, *filters: str, **query: Any) -> list[Row]:
        found: list[Row] = self.browse(browse_id, *filters, **query)["data"]
        return found

    def pages(self, browse_id: str = CUSTOMERS, *filters: str, size: int = 40, most: int = 20) -> Iterator[list[Row]]:
        """Yield pages until one says that it is the last, at most `most`."""
        for page in range(1, most + 1):
            action = "first" if page == 1 else "next"
            answer = self.browse(browse_id, *filters, page=page, pageSize=size, pageAction=action)
            yield answer["data"]
            if answer["auxillaryData"]["HasMoreParams"] == "false":
                return

    def customer(self, code: str, shared_set: str = "10-CUST", **query: Any) -> list[Row]:
        asked = {"sharedSetCode": shared_set, "customerCode": code, "viewUri": CUSTOMER_VIEW, **query}
        found: list[Row] = self.data("/api/erp/customerV2s", **asked)["customerV2s"]
        return found

    def change(self, **command: Any) -> Any:
        answer = self.http.post(f"{HOST}/_sandbox/change", json=command)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def held(self, plural: str = "customerV2s") -> list[Row]:
        found: list[Row] = self.sandbox.state()["tables"][plural]
        return found


def codes(rows: list[Row], column: str = "customerV2.customerCode") -> list[str]:
    """Return one column of `rows`."""
    return [row[column] for row in rows]


def fields_of(plural: str, tenant: Tenant) -> set[str]:
    """Return the columns of a browse without what they begin with."""
    browse = f"urn:browse:bebrowse:com.qad.erp.base.{plural}"
    return {row["field"].partition(".")[2] for row in tenant.rows(CATALOGUE, f"browseURI,eq,{browse},literal")}
