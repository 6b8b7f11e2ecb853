"""What R04110ZA has made of the Z rows that were sent: a voucher and its number, or nothing yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.hooks.jde.voucher_plan import edtn_in, edus_in
from airflow_provider_mlconnector.hooks.jde.vouchers import Progress, progress
from airflow_provider_mlconnector.pipeline.ports import Followed, Sent

if TYPE_CHECKING:
    from airflow_provider_mlconnector.hooks.jde.client import JdeClient
    from airflow_provider_mlconnector.ledger.rows import Awaiting


def followed(client: JdeClient, records: Sequence[Awaiting], sent: Sent) -> list[Followed]:
    """Return what has become of these records' vouchers, each asked for by the batch user that it went with."""
    users: dict[str, list[Awaiting]] = {}
    for record in records:
        users.setdefault(edus_in(record.target_key or ""), []).append(record)
    return [one for edus, own in users.items() for one in _of_user(client, edus, own, sent)]


def _of_user(client: JdeClient, edus: str, records: Sequence[Awaiting], sent: Sent) -> list[Followed]:
    edtns = {record.record_key: edtn_in(record.target_key or "") for record in records}
    found = progress(client, edus, list(edtns.values()))
    # Rows that were processed may have been purged since; the voucher is then found by its invoice.
    gone = {
        edtn: invoice for key, edtn in edtns.items() if found[edtn].state == "gone" and (invoice := _invoice(sent(key)))
    }
    found |= progress(client, edus, list(gone), invoices=gone) if gone else {}
    return [_told(key, edus, edtn, found[edtn]) for key, edtn in edtns.items()]


def _invoice(values: Mapping[str, Any]) -> tuple[int, str] | None:
    supplier, invoice = str(values.get("AN8") or ""), str(values.get("VINV") or "").strip()
    return (int(supplier), invoice) if supplier.isdecimal() and invoice else None


def _told(key: str, edus: str, edtn: str, now: Progress) -> Followed:
    where = f"EDUS {edus}, EDTN {edtn}"
    if now.state == "processed" and now.voucher:
        return Followed(key, now.state, f"voucher {now.voucher} ({where})", {"voucher": now.voucher}, ended=True)
    if now.state == "processed":
        return Followed(key, "processed_unseen", f"processed (EDSP), and F0411 does not show the voucher ({where})")
    if now.state == "gone":
        text = f"neither F0411Z1 nor F0411 has it any more: it was deleted in JD Edwards ({where})"
        return Followed(key, now.state, text, ended=True)
    text = (
        f"F0411Z1 has it with EDSP 0 (EDBT {now.edbt}, {where}): no final run of R04110ZA has taken it yet, or one "
        "has left it with an error, which the Work Center and the report tell"
    )
    return Followed(key, now.state, text)
