"""Reading and writing with `requests` and pydantic, one call after the other: the plain peer, and what frameworks wrap.

Needs nothing but those two, so that each framework's own environment can hold it.
"""

# ruff: noqa: N815 - the target's names

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import requests
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.byhand import (
    COLUMNS,
    DATA,
    EMAIL,
    KEYS_AT_ONCE,
    LOGIN,
    PAGE,
    SYNC,
    Row,
    Tables,
    by_number,
    changed_keys,
    company,
    grid,
    numbers,
    page_of_keys,
    rows_of_keys,
)

Short = Annotated[str | None, Field(max_length=40)]
Text = Annotated[str | None, Field(max_length=255)]


class Company(BaseModel):
    """What the target takes."""

    model_config = ConfigDict(extra="forbid")

    externalCompanyId: str = Field(max_length=100)
    company: Text = None
    billingStreet: str | None = Field(None, max_length=2000)
    billingCity: Text = None
    billingState: Text = None
    billingPostalCode: Text = None
    billingCountry: Text = None
    mainPhone: Text = None
    website: str | None = Field(None, max_length=255, pattern=r"^[a-z]+://\S+$")
    sicCode: Short = None
    companyEmail: str | None = Field(None, max_length=255, pattern=EMAIL.pattern)
    categoryCode01: Short = None
    categoryCode05: Short = None
    creditLimit: float | None = None
    paymentTerms: Short = None
    currencyCode: Short = None
    taxId: Short = None
    businessUnit: Short = None


class Reader:
    """Customers from AIS."""

    def __init__(self, url: str):
        self._url, self._session = url, requests.Session()
        self.today = f"{datetime.now(UTC):%Y%m%d}"
        login = post(self._session, url + LOGIN, {"username": "BENCH", "password": "bench"})
        self._session.headers["jde-AIS-Auth"] = login["userInfo"]["token"]

    def keys(self, *, after: int = 0, since: str = "") -> Iterator[list[int]]:
        """Return the customers' numbers in ascending order, so many as one read takes at once.

        :param since: only those of which a row was changed on this day or later.
        """
        if since:
            found = (numbers(self._read(changed_keys(table, since)), table) for table in COLUMNS)
            yield sorted(set().union(*found))
            return
        while True:
            keys = numbers(self._read(page_of_keys(after)), "F03012")
            for at in range(0, len(keys), KEYS_AT_ONCE):
                yield keys[at : at + KEYS_AT_ONCE]
            if len(keys) < PAGE:
                return
            after = keys[-1]

    def companies(self, keys: Sequence[int]) -> Iterator[Row | None]:
        """Return each customer as the target takes it, None for what it would not take."""
        tables = self.tables(keys)
        for number in keys:
            try:
                yield Company(**company(number, tables, self.today)).model_dump(exclude_unset=True)
            except ValidationError:
                yield None

    def tables(self, keys: Sequence[int]) -> Tables:
        """Return the rows of some customers: table → number → rows."""
        return {table: by_number(table, grid(self._read(rows_of_keys(table, keys)), table)) for table in COLUMNS}

    def _read(self, body: Row) -> Any:
        return post(self._session, self._url + DATA, body)


class Writer:
    """Companies to Marketo."""

    def __init__(self, url: str):
        self._url, self._session = url + SYNC, requests.Session()

    def send(self, batch: Sequence[Row]) -> list[str]:
        """Send a batch and return what became of each record: `created`, `updated` or `rejected`.

        :raises RuntimeError: when the batch was refused.
        """
        answer = post(self._session, self._url, {"action": "createOrUpdate", "input": batch})
        if not answer["success"] or len(answer["result"]) != len(batch):
            raise RuntimeError("the batch was refused")
        return ["rejected" if row["status"] == "skipped" else row["status"] for row in answer["result"]]


def post(session: requests.Session, url: str, body: Row) -> Any:
    """Send JSON and return the JSON of the answer."""
    response = session.post(url, json=body, timeout=300)
    response.raise_for_status()
    return response.json()
