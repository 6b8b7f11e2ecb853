"""The e-commerce side: a store that is tied to one audience for good, and its customers.

Facts: Mailchimp's developer page `e-commerce`. The e-mail address of a customer cannot change, and a customer makes
or links a member of the audience: with `opt_in_status` false as transactional, which is the only way it is used here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from airflow_provider_mlconnector.exceptions import ConfigurationError, RecordRejected
from airflow_provider_mlconnector.hooks.mailchimp.connection import MailchimpConnection
from airflow_provider_mlconnector.hooks.mailchimp.consent import refuse_consent_change
from airflow_provider_mlconnector.hooks.mailchimp.errors import NotFound
from airflow_provider_mlconnector.hooks.mailchimp.models import Answer, Customer, Store, read_model
from airflow_provider_mlconnector.hooks.mailchimp.reading import Call, items
from airflow_provider_mlconnector.hooks.mailchimp.writing import or_existing

MAX_ID = 50
"""Characters of a customer's id; a longer one is answered with a misleading 404."""
Once = Callable[[Callable[[], Store], Callable[[], Store | None]], Store]


class Shop:
    """The store that a Connection names.

    :param once: `write_once` with its retries and waits.
    """

    def __init__(self, call: Call, connection: MailchimpConnection, once: Once):
        self._call, self._connection, self._once = call, connection, once

    @property
    def path(self) -> str:
        """The store's path behind the version.

        :raises ConfigurationError: for a Connection that names no store.
        """
        if not self._connection.store_id:
            raise ConfigurationError(f"Connection '{self._connection.conn_id}': give the 'store_id' in extra.")
        return f"ecommerce/stores/{quote(self._connection.store_id, safe='')}"

    def store(self) -> Store | None:
        """Return the store; None when it is not there.

        :raises ConfigurationError: when it belongs to another audience, which cannot be changed.
        """
        try:
            found = read_model(Store, self._call("GET", self.path).value)
        except NotFound:
            return None
        wanted = self._connection.list_id
        if wanted and found.list_id and found.list_id != wanted:
            raise ConfigurationError(
                f"Connection '{self._connection.conn_id}': the store '{found.id}' belongs to the audience "
                f"{found.list_id}, not to {wanted}, for good; name another store_id in extra."
            )
        return found

    def create(self, list_id: str) -> Store:
        """Create the store, or return the one that is there by now."""
        connection = self._connection
        body = {
            "id": connection.store_id,
            "list_id": list_id,
            "name": connection.store_name,
            "currency_code": connection.store_currency,
        }

        def send() -> Store:
            return read_model(Store, self._call("POST", "ecommerce/stores", json=body, repeatable=False).value)

        what = f"Connection '{connection.conn_id}': the store '{connection.store_id}'"
        return or_existing(lambda: self._once(send, self.store), self.store, what)

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer; None when there is none of that id."""
        try:
            return read_model(Customer, self._call("GET", self._customer(customer_id)).value)
        except NotFound:
            return None

    def customer_ids(self) -> Iterator[str]:
        """Yield the id of every customer; of a store that is not there, none."""
        if self.store() is not None:
            fields = {"fields": "customers.id,total_items"}
            for entry in items(self._call, f"{self.path}/customers", "customers", fields):
                yield str(entry["id"])

    def put(self, customer_id: str, body: Mapping[str, Any]) -> Answer[Customer]:
        """Create or change a customer; see MailchimpClient.put_customer."""
        if len(customer_id) > MAX_ID:
            raise RecordRejected(f"the customer id is longer than {MAX_ID} characters", code="id_too_long")
        path = self._customer(customer_id)
        whole = {"opt_in_status": False, **body, "id": customer_id}
        refuse_consent_change("PUT", path, whole)
        answer = self._call("PUT", path, json=whole)
        return Answer(read_model(Customer, answer.value), answer.request_id)

    def delete(self, customer_id: str) -> None:
        """Delete a customer; one that is not there is fine."""
        with suppress(NotFound):
            self._call("DELETE", self._customer(customer_id))

    def customers_with(self, email: str) -> list[Customer]:
        """Return the customers with an e-mail address, in whatever case it is written."""
        wanted = email.strip()
        listed = items(self._call, f"{self.path}/customers", "customers", {"email_address": wanted})
        found = [read_model(Customer, entry) for entry in listed]
        return [customer for customer in found if customer.email_address.casefold() == wanted.casefold()]

    def _customer(self, customer_id: str) -> str:
        return f"{self.path}/customers/{quote(customer_id, safe='')}"
