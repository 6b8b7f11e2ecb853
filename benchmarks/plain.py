"""A peer: the loop one writes first. `requests`, `json`, pydantic, one call after the other, nothing kept."""

# ruff: noqa: N815 - the target's names

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import requests
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmarks.byhand import (
    BATCH,
    COLUMNS,
    DATA,
    EMAIL,
    KEYS_AT_ONCE,
    LOGIN,
    PAGE,
    SYNC,
    Row,
    by_number,
    company,
    grid,
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


class Loop:
    """The loop and its session."""

    def __init__(self, url: str):
        self._url, self._session = url, requests.Session()
        self._today = f"{datetime.now(UTC):%Y%m%d}"
        self.counts: Counter[str] = Counter(read=0, created=0, rejected=0)

    def run(self) -> None:
        """Read, map, check and send all customers."""
        login = self._post(LOGIN, {"username": "BENCH", "password": "bench"})
        self._session.headers["jde-AIS-Auth"] = login["userInfo"]["token"]
        batch: list[Row] = []
        for keys in self._keys():
            batch += self._companies(keys)
            while len(batch) >= BATCH:
                self._send(batch[:BATCH])
                del batch[:BATCH]
        if batch:
            self._send(batch)

    def _post(self, path: str, body: Row) -> Any:
        response = self._session.post(self._url + path, json=body, timeout=300)
        response.raise_for_status()
        return response.json()

    def _keys(self) -> Iterator[list[int]]:
        after = 0
        while True:
            document = self._post(DATA, page_of_keys(after))
            keys = [row["F03012_AN8"] for row in document["fs_DATABROWSE_F03012"]["data"]["gridData"]["rowset"]]
            for at in range(0, len(keys), KEYS_AT_ONCE):
                yield keys[at : at + KEYS_AT_ONCE]
            if len(keys) < PAGE:
                return
            after = keys[-1]

    def _companies(self, keys: list[int]) -> Iterator[Row]:
        tables = {
            table: by_number(table, grid(self._post(DATA, rows_of_keys(table, keys)), table)) for table in COLUMNS
        }
        for number in keys:
            self.counts["read"] += 1
            try:
                yield Company(**company(number, tables, self._today)).model_dump(exclude_unset=True)
            except ValidationError:
                self.counts["rejected"] += 1

    def _send(self, batch: list[Row]) -> None:
        answer = self._post(SYNC, {"action": "createOrUpdate", "input": batch})
        if not answer["success"] or len(answer["result"]) != len(batch):
            raise RuntimeError("the batch was refused")
        for row in answer["result"]:
            self.counts["rejected" if row["status"] == "skipped" else row["status"]] += 1


def run(url: str, _folder: Path, _options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run and return its counts."""
    loop = Loop(url)
    loop.run()
    return dict(loop.counts)
