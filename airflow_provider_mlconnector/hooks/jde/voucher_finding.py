"""What JD Edwards has of a voucher: its Z rows, its invoice under another key, or what was made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from airflow_provider_mlconnector.exceptions import RecordRejected
from airflow_provider_mlconnector.hooks.jde import vouchers as z
from airflow_provider_mlconnector.hooks.jde.client import JdeClient
from airflow_provider_mlconnector.hooks.jde.voucher_answers import SEND_ANEW, already
from airflow_provider_mlconnector.hooks.jde.voucher_models import Voucher
from airflow_provider_mlconnector.hooks.jde.voucher_plan import edus_in
from airflow_provider_mlconnector.outcomes import Outcome, RowResult
from airflow_provider_mlconnector.pipeline.journal import in_doubt_since, look

VOUCHER = "voucher"
"""What is awaited of Z rows: that R04110ZA makes a voucher of them."""


class Finder:
    """Looks for vouchers, those in doubt for as long as they may still come."""

    def __init__(self, client: JdeClient, edus: str):
        self._client, self._edus = client, edus
        self._opened = client.now()

    def there(self, voucher: Voucher, edtn: str, begun: datetime | None) -> RowResult | None:
        """Return what JD Edwards has of a voucher; what was sent without an answer may still be on its way."""
        if begun is not None:
            self.waited(voucher, edtn, in_doubt_since(begun, self._opened))
        return self.find(voucher, edtn, ours=begun is not None)

    def waited(self, voucher: Voucher | None, edtn: str, since: datetime) -> None:
        """Wait until a voucher is there whole, or cannot come any more."""

        def whole() -> bool | None:
            held = z.read_back(self._client, self._edus, edtn)
            return True if held and (voucher is None or not z.differences(voucher, held)) else None

        look(whole, since, now=self._client.now, sleep=self._client.pause)

    def delivered(self, voucher: Voucher, edtn: str, link: str) -> RowResult:
        """Return the answer for a voucher that was delivered before, whatever has become of it: it is not sent again.

        :param link: the key that it was delivered under; the batch user may have been another.
        """
        edus = edus_in(link)
        held = z.read_back(self._client, edus, edtn)
        if held is not None:
            found = z.differences(voucher, held)
            return already(edtn) if not found else self.differs(edtn, held, found)
        if z.ask_voucher(self._client, voucher.supplier, voucher.invoice):
            return already(edtn, "its rows were purged from F0411Z1 since")
        message = f"it was sent before (EDUS {edus}, EDTN {edtn}), and neither F0411Z1 nor F0411 has it; {SEND_ANEW}"
        return RowResult(Outcome.REJECTED, edtn, "not_there", message)

    def left(self, edtn: str, voucher: Voucher | None, begun: datetime | None) -> RowResult | None:
        """Return what JD Edwards has of a voucher that is not to be sent any more; None when it has nothing.

        :param voucher: as it was sent; None when that is not known any more.
        :param begun: when it was sent without an answer.
        """
        if begun is not None:
            self.waited(voucher, edtn, in_doubt_since(begun, self._opened))
        held = z.read_back(self._client, self._edus, edtn)
        if voucher is None:
            return RowResult(Outcome.CREATED, edtn, awaits=VOUCHER) if held else None
        if held is not None:
            return self.compared(voucher, edtn, held)
        # Processed, and its rows purged since.
        posted = z.ask_voucher(self._client, voucher.supplier, voucher.invoice)
        return RowResult(Outcome.CREATED, edtn, awaits=VOUCHER) if posted else None

    def find(self, voucher: Voucher, edtn: str, *, ours: bool) -> RowResult | None:
        """Return the answer for an invoice that JD Edwards has already; None for one that it has not.

        :param ours: it was sent, so that a voucher without Z rows is ours: they were processed, and purged since.
        :raises RecordRejected: it is there in other words, or under another key.
        """
        client, invoice = self._client, (voucher.supplier, voucher.invoice)
        asks: list[Callable[[], Any]] = [
            partial(z.read_back, client, self._edus, edtn),
            partial(z.ask_invoice, client, *invoice),
            partial(z.ask_voucher, client, *invoice),
        ]
        held, elsewhere, posted = client.at_once(asks)
        if held is not None:
            return self.compared(voucher, edtn, held)
        if elsewhere:
            row = elsewhere[0]
            where = f"EDUS {row['F0411Z1.EDUS']}, EDTN {row['F0411Z1.EDTN']}"
            raise RecordRejected(f"this supplier's invoice number is in F0411Z1 already: {where}", code="duplicate")
        if ours and (made := self._made(posted, voucher, edtn)):
            return made
        if posted:
            number = z.number_of(posted[0])
            raise RecordRejected(f"this supplier's invoice number is in F0411 already: {number}", code="duplicate")
        return None

    def posted(self, voucher: Voucher, edtn: str) -> RowResult | None:
        """Return the answer for a voucher that was sent and has no Z rows; None where F0411 has it not either."""
        return self._made(z.ask_voucher(self._client, voucher.supplier, voucher.invoice), voucher, edtn)

    @staticmethod
    def _made(posted: Sequence[z.Row], voucher: Voucher, edtn: str) -> RowResult | None:
        if not posted or z.gross_of(posted, voucher) != voucher.gross:
            return None
        return RowResult(Outcome.CREATED, target_id=edtn, awaits=VOUCHER)

    def compared(self, voucher: Voucher, edtn: str, held: z.Held) -> RowResult:
        """Return the answer for a voucher whose Z rows are there."""
        found = z.differences(voucher, held)
        if not found:
            return RowResult(Outcome.CREATED, target_id=edtn, awaits=VOUCHER)
        return self.differs(edtn, held, found)

    def differs(self, edtn: str, held: z.Held, found: Sequence[str]) -> RowResult:
        """Return the answer for one that is there and not as it was sent."""
        processed = "it has been processed" if held.is_processed else "correct or delete it in P0411Z1, then replay"
        message = f"JD Edwards has EDUS {self._edus}, EDTN {edtn}, and not as sent: {'; '.join(found)}; {processed}"
        return RowResult(Outcome.REJECTED, target_id=edtn, code="differs", message=message)
