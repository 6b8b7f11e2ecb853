"""As much of a QAD tenant as reading customers needs: the browse alone.

There are no business documents. The browse shows every column that the default field maps of companies and named
accounts read, so that whoever asks for a document all the same is answered with an error, which ends the run.
"""

from __future__ import annotations

import json
from functools import cache
from urllib.parse import parse_qs, urlsplit

from benchmarks.book import Book
from benchmarks.data import FIRST, PATTERNS, is_poison, patterns

ROOT = "/clouderp/"
"""The context root, part of the tenant's address."""
PATHS = {"login": f"{ROOT}oauth/token", "described": f"{ROOT}api/swagger.json", "browses": f"{ROOT}api/qracore/browses"}
BROWSE = "urn:browse:bebrowse:com.qad.erp.base.customerV2s"
CATALOGUE = "urn:browse:custom:lookupBrowseFields"
_NUMBER, _HOLE = "@number@", b"%d"


class Qad:
    """Answers logins and browses about customers `FIRST` … `FIRST + customers - 1`."""

    def __init__(self, customers: int, book: Book):
        self._customers, self._book = customers, book
        described = {"swagger": "2.0", "basePath": ROOT.rstrip("/"), "paths": {"/api/erp/customerV2s": {"get": {}}}}
        self._described = json.dumps(described).encode()

    def answer(self, route: str) -> tuple[bytes, float]:
        """Answer a call; KeyError for what is not served."""
        address = urlsplit(route.partition(" ")[2])
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == PATHS["login"]:
            return b'{"access_token":"bench","token_type":"bearer","expires_in":3600}', self._book.read
        if address.path == PATHS["described"]:
            return self._described, self._book.read
        if address.path == f"{PATHS['browses']}/totalCount":
            return b'{"data":{"totalCount":%d}}' % self._customers, self._book.read
        if address.path == PATHS["browses"] and asked["browseId"] == CATALOGUE:
            return _catalogue(), self._book.read
        if address.path == PATHS["browses"] and asked["browseId"] == BROWSE and "filter" not in asked:
            return self._page(asked), self._book.read
        raise KeyError(route)

    def _page(self, asked: dict[str, str]) -> bytes:
        page, size = int(asked["page"]), int(asked["pageSize"])
        # One read of the browse has one callId; the same page in another read is no repetition.
        self._book.page((asked["callId"], page))
        numbers = range(FIRST + self._customers)[FIRST + (page - 1) * size :][:size]
        more = b"true" if FIRST + page * size < FIRST + self._customers else b"false"
        rows = b",".join(_templates()[number % PATTERNS] % (number, number, number) for number in numbers)
        return b'{"data":[%s],"auxillaryData":{"HasMoreParams":"%s"}}' % (rows, more)


def expected(customers: int) -> dict[str, int]:
    """Return the account of a first run over so many customers, to both objects together."""
    poisoned = sum(map(is_poison, range(FIRST, FIRST + customers)))
    return {"read": 2 * customers, "created": 2 * (customers - poisoned), "rejected": 2 * poisoned}


@cache
def _templates() -> list[bytes]:
    """Return each pattern's row as JSON, with holes for the number in code, name and e-mail address."""
    texts = [json.dumps(_row(pattern), ensure_ascii=False).encode() for pattern in range(PATTERNS)]
    return [text.replace(b"%", b"%%").replace(_NUMBER.encode(), _HOLE) for text in texts]


def _row(pattern: int) -> dict[str, str | int | None]:
    rows = patterns()[pattern]
    book, address, phone, master = rows["F0101"][0], rows["F0116"][0], rows["F0115"][0], rows["F03012"][0]
    day = f"2026-{pattern % 9 + 1:02d}-{pattern % 28 + 1:02d}T00:00:00.000Z"
    values: dict[str, str | int | None] = {
        "sharedSetCode": "BENCH", "customerCode": _NUMBER, "isActive": "true", "customerTypeCode": "OEM",
        "businessRelationName": f"{book['ALPH']} {_NUMBER}", "addressSearchName": book["ALPH"],
        "street1": address["ADD1"].strip(), "street2": address["ADD2"].strip(), "street3": "",
        "city": address["CTY1"].strip(), "zipCode": address["ADDZ"].strip(), "stateCode": address["ADDS"],
        "countryCode": address["CTR"], "telephone": f"+49 {phone['PH1']}", "EMail": f"info-{_NUMBER}@example.com",
        "webSite": f"www.c-{pattern}.example.com", "currencyCode": master["CRCD"], "creditTermsCode": "N30",
        "languageCode": "us", "corporateGroupCode": None, "lastModifiedDate": day, "lastModifiedTime": pattern * 60,
    }  # fmt: skip
    return {f"customerV2.{name}": value for name, value in values.items()}


@cache
def _catalogue() -> bytes:
    rows = [{"field": name, "fieldDataType": "character", "browseURI": BROWSE} for name in _row(0)]
    return json.dumps({"data": rows, "auxillaryData": {"HasMoreParams": "false"}}).encode()
