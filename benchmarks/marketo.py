"""As much of Marketo as writing companies needs."""

from __future__ import annotations

import json

import msgspec

from benchmarks.book import Book
from benchmarks.data import is_poison

FIELDS = {
    "externalCompanyId": ("string", 100), "company": ("string", 255), "billingStreet": ("text", 2000),
    "billingCity": ("string", 255), "billingState": ("string", 255), "billingPostalCode": ("string", 255),
    "billingCountry": ("string", 255), "mainPhone": ("phone", 255), "website": ("url", 255), "sicCode": ("string", 40),
    "companyEmail": ("email", 255), "categoryCode01": ("string", 40), "categoryCode05": ("string", 40),
    "creditLimit": ("currency", None), "paymentTerms": ("string", 40), "currencyCode": ("string", 40),
    "taxId": ("string", 40), "businessUnit": ("string", 40),
}  # fmt: skip
"""What a company has: name → type, length."""


class Record(msgspec.Struct):
    """The key of a record."""

    key: str = msgspec.field(name="externalCompanyId")


class Batch(msgspec.Struct):
    """A sync call."""

    input: list[Record]


_batch = msgspec.json.Decoder(Batch)


class Marketo:
    """Answers logins, describes and syncs."""

    def __init__(self, customers: int, book: Book):
        self._customers, self._book = customers, book
        entries = [
            {"name": name, "dataType": kind, "length": length, "updateable": name != "externalCompanyId"}
            for name, (kind, length) in FIELDS.items()
        ]
        described = {"name": "Company", "idField": "id", "dedupeFields": ["externalCompanyId"], "fields": entries}
        self._described = json.dumps({"requestId": "d", "success": True, "result": [described]}).encode()

    def token(self, _: bytes) -> tuple[bytes, float]:
        """Any service may."""
        return b'{"access_token":"bench:sn","token_type":"bearer","expires_in":3599,"scope":"a@b"}', 0.0

    def describe(self, _: bytes) -> tuple[bytes, float]:
        """Return the fields of a company."""
        return self._refusal(0.0) or self._described, 0.0

    def sync(self, body: bytes) -> tuple[bytes, float]:
        """Take over to 300 companies; every POISON-th is refused, within a success."""
        book = self._book
        refusal = self._refusal(book.write)
        if refusal:
            return refusal, 0.0
        numbers = [int(record.key) for record in _batch.decode(body).input]
        book.counts["writes"] += 1
        book.counts["records"] += len(numbers)
        results = [self._row(seq, number) for seq, number in enumerate(numbers)]
        book.sent.update(numbers)
        answer = b'{"requestId":"%x#bench","success":true,"result":[%s]}'
        return answer % (book.counts["writes"], b",".join(results)), book.write

    def _row(self, seq: int, number: int) -> bytes:
        again = number in self._book.sent
        self._book.counts["again"] += again
        if is_poison(number):
            return b'{"seq":%d,"status":"skipped","reasons":[{"code":"1003","message":"invalid"}]}' % seq
        return b'{"seq":%d,"status":"%s","id":%d}' % (seq, b"updated" if again else b"created", number + 10**6)

    def _refusal(self, delay: float) -> bytes | None:
        code = self._book.call(delay)
        return None if code is None else b'{"requestId":"q","success":false,"errors":[{"code":"%s"}]}' % code.encode()
