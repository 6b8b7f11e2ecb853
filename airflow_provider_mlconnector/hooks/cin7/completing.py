"""Making an order whole, and authorising it only when it has been read back and is."""

from __future__ import annotations

import logging

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.comparing import missing, same_lines
from airflow_provider_mlconnector.hooks.cin7.documents import Order, Purchase
from airflow_provider_mlconnector.hooks.cin7.lines import AUTHORISED, LineWriter
from airflow_provider_mlconnector.hooks.cin7.order_fields import Draft
from airflow_provider_mlconnector.hooks.cin7.results import INCOMPLETE, LEFT_BEHIND

log = logging.getLogger(__name__)

TRIES = 3
"""How often lines are sent that Cin7 drops without a word."""


class NotAuthorised(RecordRejected):
    """An order has all that it should have, and stays a draft."""


class Completion:
    """Writes the lines of purchases until they are there."""

    def __init__(self, client: Cin7Client):
        self._client, self._writer = client, LineWriter(client)

    def complete(self, purchase: Purchase, memo: str, wanted: Draft) -> Order:
        """Write the lines and return the order, which has all of them.

        :raises RecordRejected: Cin7 refuses them, or drops some each time.
        """
        lack: str | None = None
        for _ in range(TRIES):
            try:
                order = self._writer.write(purchase.id, memo, wanted)
            except RecordRejected:
                # Somebody may have authorised it since, or a try before whose answer was lost.
                order = self._client.order(purchase.id)
                if order.is_authorised and same_lines(order, wanted, texts=True):
                    return order
                raise
            if self._lack(order, wanted) is None:
                return order
            order = self._client.order(purchase.id)
            if (lack := self._lack(order, wanted)) is None:
                return order
            log.info("cin7 purchase %s: %s; the lines are sent again", purchase.id, lack)
        raise _incomplete(purchase, lack)

    def authorise(self, purchase: Purchase, memo: str, wanted: Draft) -> None:
        """Authorise an order that has all its lines. Cin7 takes them with the authorisation, and may drop some then.

        :raises NotAuthorised: it stays a draft, and is whole.
        :raises RecordRejected: it is not whole.
        """
        lack = self._lack(self._client.order(purchase.id), wanted)
        if lack is not None:
            raise _incomplete(purchase, lack)
        for _ in range(TRIES):
            order = self._authorised(purchase, memo, wanted)
            if self._lack(order, wanted) is None:
                return
            if (lack := self._lack(self._client.order(purchase.id), wanted)) is None:
                return
            log.info("cin7 purchase %s: %s; it is made a draft again", purchase.id, lack)
            self._client.undo_purchase(purchase.id, purchase.type)
        self.complete(purchase, memo, wanted)
        raise NotAuthorised(
            f"{purchase.order_number} is complete, and stays a DRAFT: when it is authorised, {lack}",
            code="not_authorised",
        )

    def _lack(self, order: Order, wanted: Draft) -> str | None:
        return missing(order, wanted, self._writer.rule)

    def _authorised(self, purchase: Purchase, memo: str, wanted: Draft) -> Order:
        try:
            order = self._writer.write(purchase.id, memo, wanted, AUTHORISED)
            if not order.status:
                order = self._client.order(purchase.id)
        except RecordRejected as refused:
            # A try before, whose answer was lost, may have done it.
            order = self._client.order(purchase.id)
            if not order.is_authorised:
                raise NotAuthorised(
                    f"{purchase.order_number} is complete, and stays a DRAFT: {refused.message}",
                    code=refused.code or "not_authorised",
                    detail=refused.detail,
                ) from None
        if not order.is_authorised:
            status = order.status or "DRAFT"
            raise NotAuthorised(f"{purchase.order_number} stays a {status} in Cin7", code="not_authorised")
        return order


def _incomplete(purchase: Purchase, lack: str | None) -> RecordRejected:
    return RecordRejected(f"{purchase.order_number} is incomplete in Cin7: {lack}", code=INCOMPLETE)


def void(client: Cin7Client, purchase: Purchase) -> None:
    """Void a purchase, unless it is voided.

    :raises OutcomeUnknown: Cin7 does not let it be voided.
    """
    if purchase.is_voided:
        return
    try:
        client.void_purchase(purchase.id, purchase.type)
    except RecordRejected as refused:
        if not client.purchase(purchase.id, purchase.type).is_voided:
            raise OutcomeUnknown(
                f"{purchase.order_number} was left without its lines, and Cin7 does not let it be voided: "
                "void it there by hand, or mend the order",
                code=LEFT_BEHIND,
            ) from refused
