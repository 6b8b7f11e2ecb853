"""A peer: what an expert writes for speed, with aiohttp and msgspec.

All answers are staged raw in a file before anything is sent; one line of outcome per record; no encryption, no diff, no
resume.
"""

# ruff: noqa: N815 - the target's names

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import aiohttp
import msgspec

from benchmarks.book import CALLS, WINDOW
from benchmarks.byhand import (
    BATCH,
    COLUMNS,
    DATA,
    EMAIL,
    JSON,
    KEYS_AT_ONCE,
    LOGIN,
    PAGE,
    SYNC,
    Row,
    by_number,
    changed_keys,
    company,
    grid,
    numbers,
    page_of_keys,
    rows_of_keys,
)

Short = Annotated[str, msgspec.Meta(max_length=40)]
Text = Annotated[str, msgspec.Meta(max_length=255)]
SPACING = WINDOW / CALLS * 1.01
"""Seconds between two calls under the quota: one process that never stops needs no more of a limiter."""
AHEAD = 4
"""Batches of customers whose reads are under way at once; the connector bounds the calls."""


class Company(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What the target takes."""

    externalCompanyId: Annotated[str, msgspec.Meta(max_length=100)]
    company: Text = ""
    billingStreet: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    billingCity: Text = ""
    billingState: Text = ""
    billingPostalCode: Text = ""
    billingCountry: Text = ""
    mainPhone: Text = ""
    website: Annotated[str, msgspec.Meta(max_length=255, pattern=r"^([a-z]+://\S+)?$")] = ""
    sicCode: Short = ""
    companyEmail: Annotated[str, msgspec.Meta(max_length=255, pattern=rf"^({EMAIL.pattern})?$")] = ""
    categoryCode01: Short = ""
    categoryCode05: Short = ""
    creditLimit: float | None = None
    paymentTerms: Short = ""
    currencyCode: Short = ""
    taxId: Short = ""
    businessUnit: Short = ""


class Client:
    """Reads with one pool of connections, writes with another."""

    def __init__(self, url: str, folder: Path, options: Mapping[str, Any]):
        self._url, self._folder, self._since = url, folder, options.get("since", "")
        self._reads, self._writes = options.get("reads", 2), options.get("writes", 5)
        self._apart, self._next = SPACING if options.get("quota") else 0.0, 0.0
        self._today = f"{datetime.now(UTC):%Y%m%d}"
        self._encode, self._decode = msgspec.json.encode, msgspec.json.decode
        self.counts: Counter[str] = Counter(read=0, created=0, rejected=0)

    async def run(self) -> None:
        """Stage all, then map and send all."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=self._reads), headers=JSON) as session:
            login = self._decode(await self._post(session, LOGIN, {"username": "BENCH", "password": "bench"}))
            session.headers["jde-AIS-Auth"] = login["userInfo"]["token"]
            with (self._folder / "stage").open("wb") as file:
                await self._stage(session, file)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=self._writes), headers=JSON) as session:
            with (self._folder / "stage").open("rb") as file, (self._folder / "outcomes").open("wb") as outcomes:
                await self._send_all(session, self._batches(file), outcomes)

    async def _post(self, session: aiohttp.ClientSession, path: str, body: Any) -> bytes:
        async with session.post(self._url + path, data=self._encode(body)) as response:
            response.raise_for_status()
            return await response.read()

    async def _stage(self, session: aiohttp.ClientSession, file: BinaryIO) -> None:
        ahead: set[asyncio.Task[None]] = set()
        async for keys in self._keys(session):
            ahead.add(asyncio.create_task(self._stage_batch(session, keys, file)))
            if len(ahead) >= AHEAD:
                done, ahead = await asyncio.wait(ahead, return_when=asyncio.FIRST_COMPLETED)
                [task.result() for task in done]
        await asyncio.gather(*ahead)

    async def _keys(self, session: aiohttp.ClientSession) -> AsyncIterator[list[int]]:
        if self._since:
            calls = [self._post(session, DATA, changed_keys(table, self._since)) for table in COLUMNS]
            found = zip(await asyncio.gather(*calls), COLUMNS, strict=True)
            yield sorted({number for answer, table in found for number in numbers(self._decode(answer), table)})
            return
        after = 0
        while True:
            keys = numbers(self._decode(await self._post(session, DATA, page_of_keys(after))), "F03012")
            for at in range(0, len(keys), KEYS_AT_ONCE):
                yield keys[at : at + KEYS_AT_ONCE]
            if len(keys) < PAGE:
                return
            after = keys[-1]

    async def _stage_batch(self, session: aiohttp.ClientSession, keys: list[int], file: BinaryIO) -> None:
        calls = (self._post(session, DATA, rows_of_keys(table, keys)) for table in COLUMNS)
        # A page is JSON in one line, so a line is a page: first the numbers, then the tables.
        file.write(b"\n".join([self._encode(keys), *await asyncio.gather(*calls), b""]))

    def _batches(self, file: BinaryIO) -> Iterator[list[Company]]:
        batch: list[Company] = []
        while line := file.readline():
            keys = self._decode(line)
            tables = {table: by_number(table, grid(self._decode(file.readline()), table)) for table in COLUMNS}
            for number in keys:
                self.counts["read"] += 1
                try:
                    batch.append(msgspec.convert(company(number, tables, self._today), Company))
                except msgspec.ValidationError:
                    self.counts["rejected"] += 1
            while len(batch) >= BATCH:
                yield batch[:BATCH]
                del batch[:BATCH]
        if batch:
            yield batch

    async def _send_all(
        self, session: aiohttp.ClientSession, batches: Iterator[list[Company]], outcomes: BinaryIO
    ) -> None:
        flying: set[asyncio.Task[None]] = set()
        for batch in batches:
            await asyncio.sleep(self._wait())
            flying.add(asyncio.create_task(self._send(session, batch, outcomes)))
            await asyncio.sleep(0)
            if len(flying) >= self._writes:
                done, flying = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
                [task.result() for task in done]
        await asyncio.gather(*flying)

    def _wait(self) -> float:
        now = time.monotonic()
        self._next = max(self._next, now) + self._apart
        return self._next - self._apart - now

    async def _send(self, session: aiohttp.ClientSession, batch: list[Company], outcomes: BinaryIO) -> None:
        answer: Row = self._decode(await self._post(session, SYNC, {"action": "createOrUpdate", "input": batch}))
        if not answer["success"] or len(answer["result"]) != len(batch):
            raise RuntimeError("the batch was refused")
        for record, row in zip(batch, answer["result"], strict=True):
            self.counts["rejected" if row["status"] == "skipped" else row["status"]] += 1
            outcomes.write(self._encode([record.externalCompanyId, row["status"]]) + b"\n")


def run(url: str, folder: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Make one run and return its counts."""
    client = Client(url, folder, options)
    asyncio.run(client.run())
    return dict(client.counts)
