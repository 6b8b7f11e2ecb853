"""The lines of a purchase: written over those that are there, their totals as Cin7 wants them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.cin7.client import Cin7Client
from airflow_provider_mlconnector.hooks.cin7.documents import Order
from airflow_provider_mlconnector.hooks.cin7.once import write_again
from airflow_provider_mlconnector.hooks.cin7.order_fields import Draft
from airflow_provider_mlconnector.hooks.cin7.totals import TotalRule, Totals, expected_values

log = logging.getLogger(__name__)

DRAFT, AUTHORISED = "DRAFT", "AUTHORISED"


class LineWriter:
    """Writes the lines of purchases; learns on the way how the account makes totals."""

    def __init__(self, client: Cin7Client):
        self._client, self._totals = client, Totals()

    @property
    def rule(self) -> TotalRule:
        """How the account makes the total of a line, as far as it is known."""
        return self._totals.rule

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
