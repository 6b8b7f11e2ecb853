"""As much of Marketo as writing companies and named accounts needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from benchmarks.book import Book
from benchmarks.data import is_poison

COMPANY = {
    "externalCompanyId": ("string", 100), "company": ("string", 255), "billingStreet": ("text", 2000),
    "billingCity": ("string", 255), "billingState": ("string", 255), "billingPostalCode": ("string", 255),
    "billingCountry": ("string", 255), "mainPhone": ("phone", 255), "website": ("url", 255), "sicCode": ("string", 40),
    "companyEmail": ("email", 255), "categoryCode01": ("string", 40), "categoryCode05": ("string", 40),
    "creditLimit": ("currency", None), "paymentTerms": ("string", 40), "currencyCode": ("string", 40),
    "taxId": ("string", 40), "businessUnit": ("string", 40), "customerType": ("string", 40),
    "corporateGroup": ("string", 40), "languageCode": ("string", 40), "customerActive": ("boolean", None),
}  # fmt: skip
"""What a company has: name → type, length. All that the default field maps may send."""
NAMED_ACCOUNT = {
    "name": ("string", 255), "domainName": ("string", 255), "city": ("string", 255), "state": ("string", 255),
    "country": ("string", 255),
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """An object.

    :param id_field: the field of Marketo's own id; `shown_id` is how an answer shows one.
    """

    name: str
    key: str
    id_field: str
    shown_id: bytes
    fields: Mapping[str, tuple[str, int | None]]


KINDS = {
    b"/rest/v1/companies": Kind("Company", "externalCompanyId", "id", b"%d", COMPANY),
    b"/rest/v1/namedaccounts": Kind("NamedAccount", "name", "marketoGUID", b'"bench-%d"', NAMED_ACCOUNT),
}
"""Path → object."""


class Record(msgspec.Struct):
    """The keys of a record."""

    company: str = msgspec.field(name="externalCompanyId", default="")
    account: str = msgspec.field(name="name", default="")

    @property
    def number(self) -> int:
        """The customer's number, with which each name ends."""
        return int(self.company or self.account.rpartition(" ")[2])


class Batch(msgspec.Struct):
    """A sync call."""

    input: list[Record]


_batch = msgspec.json.Decoder(Batch)


class Marketo:
    """Answers logins, describes and syncs."""

    def __init__(self, customers: int, book: Book):
        self._customers, self._book = customers, book
        self._described = {kind.name: _described(kind) for kind in KINDS.values()}

    def token(self, _: bytes) -> tuple[bytes, float]:
        """Any service may."""
        return b'{"access_token":"bench:sn","token_type":"bearer","expires_in":3599,"scope":"a@b"}', 0.0

    def describe(self, kind: Kind, _: bytes) -> tuple[bytes, float]:
        """Return the fields of an object."""
        return self._refusal(0.0) or self._described[kind.name], 0.0

    def sync(self, kind: Kind, body: bytes) -> tuple[bytes, float]:
        """Take over to 300 records; every POISON-th is refused, within a success."""
        book = self._book
        refusal = self._refusal(book.write)
        if refusal:
            return refusal, 0.0
        numbers = [record.number for record in _batch.decode(body).input]
        book.counts["writes"] += 1
        book.counts["records"] += len(numbers)
        results = [self._row(kind, seq, number) for seq, number in enumerate(numbers)]
        book.sent[kind.name].update(numbers)
        answer = b'{"requestId":"%x#bench","success":true,"result":[%s]}'
        return answer % (book.counts["writes"], b",".join(results)), book.write

    def _row(self, kind: Kind, seq: int, number: int) -> bytes:
        again = number in self._book.sent[kind.name]
        self._book.counts["again"] += again
        if is_poison(number):
            return b'{"seq":%d,"status":"skipped","reasons":[{"code":"1003","message":"invalid"}]}' % seq
        done, own_id = b"updated" if again else b"created", kind.shown_id % (number + 10**6)
        return b'{"seq":%d,"status":"%s","%s":%s}' % (seq, done, kind.id_field.encode(), own_id)

    def _refusal(self, delay: float) -> bytes | None:
        code = self._book.call(delay)
        return None if code is None else b'{"requestId":"q","success":false,"errors":[{"code":"%s"}]}' % code.encode()


def _described(kind: Kind) -> bytes:
    entries: list[dict[str, Any]] = [
        {"name": name, "dataType": data_type, "length": length, "updateable": name != kind.key}
        for name, (data_type, length) in kind.fields.items()
    ]
    described = {"name": kind.name, "idField": kind.id_field, "dedupeFields": [kind.key], "fields": entries}
    return json.dumps({"requestId": "d", "success": True, "result": [described]}).encode()
