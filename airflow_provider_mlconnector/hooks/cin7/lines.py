"""The lines of a purchase: written over those that are there, their totals as Cin7 wants them, and compared after."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.documents import Order
from airflow_provider_mlconnector.hooks.cin7.once import write_again
from airflow_provider_mlconnector.hooks.cin7.order_fields import Draft
from airflow_provider_mlconnector.hooks.cin7.totals import CENT, TotalRule, Totals, expected_values

log = logging.getLogger(__name__)

DRAFT, AUTHORISED = "DRAFT", "AUTHORISED"


class LineWriter:
    """Writes the lines of purchases; learns on the way how the account makes totals."""

    def __init__(self, client: Cin7Client):
        self._client, self._totals = client, Totals()

    def write(self, guid: str, memo: str, wanted: Draft, status: str = DRAFT) -> Order:
        """Write the lines and return the order as Cin7 has it now.

        :raises RecordRejected: with the vendor's reason.
        """
        tried = [self._totals.rule]
        while True:
            try:
                order = self._post(body_of(guid, memo, wanted, tried[-1], status))
            except RecordRejected as refused:
                rule = self._next(wanted, tried, refused)
                if rule is None:
                    raise
                tried.append(rule)
                continue
            if len(tried) > 1:
                log.info("cin7: learnt how this account makes line totals: %s", tried[-1])
                self._totals.learn(tried[-1])
            return order

    def _post(self, body: dict[str, Any]) -> Order:
        guid = str(body["TaskID"])
        send: Callable[[], Order] = lambda: self._client.post_order(body)  # noqa: E731 - a name for mypy
        return write_again(send, lambda: self._client.order(guid))

    def _next(self, wanted: Draft, tried: Sequence[TotalRule], refused: RecordRejected) -> TotalRule | None:
        """Return the rule that explains what the refusal says was expected; None for a refusal of another kind."""
        expected = expected_values(refused.detail or refused.message)
        amounts = [line.amounts for line in wanted.lines]
        return next(self._totals.candidates(amounts, tried, expected), None) if expected else None


def body_of(guid: str, memo: str, wanted: Draft, rule: TotalRule, status: str) -> dict[str, Any]:
    """Return the body of `purchase/order`."""
    return {
        "TaskID": guid,
        "CombineAdditionalCharges": False,
        "Memo": memo,
        "Status": status,
        "Lines": [line.wire(rule.total(line.amounts)) for line in wanted.lines],
        "AdditionalCharges": [],
    }


def missing(order: Order, wanted: Draft) -> str | None:
    """Return what an order lacks of what was to be written; None when it is whole.

    Lines come back in another order than they were sent, so they are counted by what they hold.
    """
    if len(order.lines) != len(wanted.lines):
        return f"{len(order.lines)} of {len(wanted.lines)} lines are there"
    there = Counter(line.product_id.lower() for line in order.lines)
    if there != Counter(line.product.id.lower() for line in wanted.lines):
        return "its lines are of other products"
    return _wrong_total(order, wanted)


def same_lines(order: Order, wanted: Draft) -> bool:
    """Whether an order has just these lines."""
    there = Counter(
        (line.product_id.lower(), line.quantity, line.price, line.discount or Decimal(0)) for line in order.lines
    )
    ours = Counter(
        (line.product.id.lower(), line.amounts.quantity, line.amounts.price, line.amounts.discount)
        for line in wanted.lines
    )
    return there == ours


def _wrong_total(order: Order, wanted: Draft) -> str | None:
    nets = [line.amounts.net for line in wanted.lines]
    taxes = sum((line.amounts.tax for line in wanted.lines), Decimal(0))
    total = sum(nets, Decimal(0))
    # Each line is rounded, and the tax once more, on the line or on the order as the account is set.
    room = CENT * (len(nets) + 1)
    right = (total, total + taxes, total - taxes)
    told = [amount for amount in (order.total_before_tax, order.total) if amount is not None]
    if not told or any(abs(amount - each) <= room for amount in told for each in right):
        return None
    return f"Cin7 makes the total {told[-1]}, the lines make {total} before tax"
