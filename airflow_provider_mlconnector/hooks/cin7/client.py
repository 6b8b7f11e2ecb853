"""The Cin7 Core client: reference books, suppliers, purchases, accounts; no Airflow.

https://dearinventory.docs.apiary.io. 60 calls in any 60 s for an account.
"""

from __future__ import annotations

import logging
import random as random_module
import re
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self, TypeVar

import requests
from requests.auth import AuthBase

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordRejected, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.cin7 import checks
from airflow_provider_mlconnector.hooks.cin7.books import Books
from airflow_provider_mlconnector.hooks.cin7.connection import API, MINUTE, Cin7Connection
from airflow_provider_mlconnector.hooks.cin7.directory import Directory
from airflow_provider_mlconnector.hooks.cin7.documents import Order, Purchase, PurchaseRow, Supplier
from airflow_provider_mlconnector.hooks.cin7.errors import Classifier, loads_or_none
from airflow_provider_mlconnector.hooks.cin7.models import Account, Company, read_model
from airflow_provider_mlconnector.hooks.cin7.reading import models
from airflow_provider_mlconnector.transport.http import ApiClient
from airflow_provider_mlconnector.transport.limits import NO_LIMIT, Limiter

log = logging.getLogger(__name__)

T = TypeVar("T")

SIMPLE, ADVANCED = "purchase", "advanced-purchase"
KINDS = {SIMPLE: "Simple Purchase", ADVANCED: "Advanced Purchase"}
"""What `Type` says of a purchase of each path."""
ELSEWHERE = re.compile(r"endpoint|(?:simple|advanced)[ -]?purchase", re.IGNORECASE)
"""How a refusal says that a purchase is of the other path."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class KeyAuth(AuthBase):
    """The two headers that are the login."""

    def __init__(self, account_id: str, key: str):
        self._headers = {"api-auth-accountid": account_id, "api-auth-applicationkey": key}

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Place them."""
        request.headers.update(self._headers)
        return request


class Cin7Client:
    """One account; makes no call before the first method that needs one.

    :param mask: registers a secret with the logs.
    :param limiter: hands out slots under the account's limit (`connection.limits`).
    """

    def __init__(
        self,
        connection: Cin7Connection,
        *,
        mask: Callable[[str], None] = lambda _secret: None,
        limiter: Limiter = NO_LIMIT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = _utc_now,
        random: Callable[[], float] = random_module.random,
    ):
        self.connection, self.now = connection, now
        self._sleep = sleep
        mask(connection.application_key)
        self.api = ApiClient(
            connection.base_url,
            options=connection.options(),
            auth=KeyAuth(connection.login, connection.application_key),
            classify=Classifier(connection.conn_id, connection.window_seconds),
            limiter=limiter,
            headers={"Accept": "application/json"},
            clock=clock,
            sleep=sleep,
            random=random,
        )
        self.books = Books(self.call, connection.account_map)
        self.directory = Directory(self.call)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.api.close()

    def pause(self, seconds: float) -> None:
        """Wait, in minutes as long as the Connection says they are."""
        self._sleep(seconds * self.connection.window_seconds / MINUTE)

    def call(self, method: str, path: str, *, expect: str, **request: Any) -> dict[str, Any]:
        """Make one call, its path behind the version, and return the object answered.

        :param expect: the member without which the answer is about something else.
        :param request: arguments of `ApiClient.request`.
        :raises UnexpectedAnswer: for an answer without it; OutcomeUnknown where the call may not be repeated.
        """
        response = self.api.request(method, f"{API}/{path}", **request)
        body = loads_or_none(response.content)
        if isinstance(body, dict) and expect in body:
            return body
        odd = f"{method} {path}: the answer has no {expect}; check the host of Connection '{self.connection.conn_id}'"
        raise UnexpectedAnswer(odd) if request.get("repeatable", True) else OutcomeUnknown(odd)

    @cached_property
    def me(self) -> Company:
        """The account itself."""
        return read_model(Company, self.call("GET", "me", expect="Company"))

    def check(self) -> list[str]:
        """Return lines for a person: account, reference books, defaults. Raises for what cannot work at all."""
        return checks.lines(self)

    def post_supplier(self, body: Mapping[str, Any]) -> Supplier:
        """Create a supplier.

        :raises OutcomeUnknown: no answer; search for its name before anything else.
        :raises RecordRejected: the supplier is refused.
        """
        return self._supplier("POST", body, repeatable=False)

    def put_supplier(self, body: Mapping[str, Any]) -> Supplier:
        """Change a supplier; addresses and contacts without an id are added to those it has."""
        # A second try of a call that was done already would add what has no id once more.
        parts = (*body.get("Addresses", ()), *body.get("Contacts", ()))
        return self._supplier("PUT", body, repeatable=all(part.get("ID") for part in parts))

    def create_purchase(self, body: Mapping[str, Any]) -> Purchase:
        """Create a purchase's header; lines in it would be ignored.

        :raises OutcomeUnknown: no answer; look for its marker before anything else.
        :raises RecordRejected: the header is refused, and nothing made.
        """
        answer = self.call("POST", ADVANCED, expect="ID", json=body, repeatable=False)
        purchase: Purchase = self._read_once(Purchase, answer)
        return purchase

    def put_purchase(self, kind: str, body: Mapping[str, Any]) -> Purchase:
        """Change a purchase's header.

        :param kind: the purchase's `type`.
        """
        return self._of_kind(kind, lambda path: self._at(path, "PUT", json=body))

    def purchase(self, guid: str, kind: str = "") -> Purchase:
        """Return a purchase.

        :param kind: its `type` where that is known: the wrong path of the two costs a call.
        :raises NotFound: there is none with this id.
        """
        params = {"ID": guid, "CombineAdditionalCharges": "false"}
        return self._of_kind(kind, lambda path: self._at(path, "GET", params=params))

    def void_purchase(self, guid: str, kind: str = "") -> None:
        """Void a purchase."""
        self._of_kind(kind, lambda path: self._delete(path, {"ID": guid, "Void": "true"}))

    def undo_purchase(self, guid: str, kind: str = "") -> None:
        """Make an authorised order a draft again."""
        self._of_kind(kind, lambda path: self._delete(path, {"ID": guid, "Void": "false"}))

    def purchases_since(self, since: datetime) -> Iterator[PurchaseRow]:
        """Yield the purchases changed since an instant, as the list shows them."""
        params = {"UpdatedSince": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000")}
        return models(self.call, "purchaseList", "PurchaseList", PurchaseRow, params)

    def order(self, guid: str) -> Order:
        """Return a purchase's order: lines, status, totals."""
        params = {"TaskID": guid, "CombineAdditionalCharges": "false"}
        return Order.model_validate(self.call("GET", "purchase/order", expect="Lines", params=params))

    def post_order(self, body: Mapping[str, Any]) -> Order:
        """Write a purchase's lines over those it has; may be repeated.

        :raises RecordRejected: the lines are refused, or the order is a DRAFT no more.
        """
        return Order.model_validate(self.call("POST", "purchase/order", expect="Lines", json=body))

    def post_account(self, body: Mapping[str, Any]) -> Account:
        """Create an account.

        :raises OutcomeUnknown: no answer; look for its code before anything else.
        """
        return self._account("POST", body, repeatable=False)

    def put_account(self, body: Mapping[str, Any]) -> Account:
        """Change an account."""
        return self._account("PUT", body, repeatable=True)

    def _supplier(self, method: str, body: Mapping[str, Any], *, repeatable: bool) -> Supplier:
        answer = self.call(method, "supplier", expect="SupplierList", json=body, repeatable=repeatable)
        entry = _first(answer["SupplierList"])
        supplier = read_model(Supplier, entry) if repeatable else self._read_once(Supplier, entry)
        self.directory.put(supplier)
        return supplier

    def _account(self, method: str, body: Mapping[str, Any], *, repeatable: bool) -> Account:
        answer = self.call(method, "ref/account", expect="AccountsList", json=body, repeatable=repeatable)
        entry = _first(answer["AccountsList"])
        return read_model(Account, entry) if repeatable else self._read_once(Account, entry)

    def _of_kind(self, kind: str, call: Callable[[str], T]) -> T:
        """Call the path of simple or of advanced purchases; the other one where Cin7 says so, or nothing is known."""
        paths = (ADVANCED, SIMPLE) if kind.upper().startswith("ADVANCED") else (SIMPLE, ADVANCED)
        try:
            return call(paths[0])
        except RecordRejected as first:
            if kind and not ELSEWHERE.search(f"{first.message} {first.detail}"):
                raise
            return call(paths[1])

    def _delete(self, path: str, params: Mapping[str, str]) -> None:
        """Void or undo; what is answered differs: the purchase, `{"Success": true}`, nothing."""
        body = loads_or_none(self.api.request("DELETE", f"{API}/{path}", params=params).content)
        if isinstance(body, dict) and body.get("Success") is False:
            raise RecordRejected("Cin7 answers that it was not done", code="not_done")

    def _at(self, path: str, method: str, **request: Any) -> Purchase:
        found = read_model(Purchase, self.call(method, path, expect="ID", **request))
        return found if found.type else found.model_copy(update={"type": KINDS[path]})

    @staticmethod
    def _read_once(model: Any, entry: Any) -> Any:
        """Parse the answer to a call that was done, whatever its answer looks like."""
        try:
            return read_model(model, entry)
        except UnexpectedAnswer as odd:
            raise OutcomeUnknown(odd.message) from None


def _first(entries: Any) -> Any:
    return entries[0] if isinstance(entries, list) and entries else None
