"""What a refusal means for the record behind it, and all reasons of one record gathered."""

from __future__ import annotations

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordRejected
from airflow_provider_mlconnector.outcomes import Outcome, RowResult

CONCURRENCY = 4
"""Records in work at once: at 55 calls a minute, so many answers of up to 4 s each lose nothing of the quota."""


LEFT_BEHIND = "not_voided"
"""Code of a purchase that is to be voided, and that Cin7 does not let go."""
INCOMPLETE = "order_incomplete"
"""Code of a purchase that lacks some of what was sent."""
UNREADABLE = "not_readable"
"""Code of a lost record that may be what Cin7 does not show."""
TOLD = frozenset({LEFT_BEHIND, INCOMPLETE, UNREADABLE})
"""Codes of what a person has to know while the record is open."""


def pending(lost: OutcomeUnknown, guid: str | None = None) -> RowResult:
    """Return the outcome of a record that was sent and not answered, while Cin7 is well otherwise."""
    message = "sent without an answer; Cin7 is asked for it before it is sent again"
    told = lost.message if lost.code in TOLD else message
    return RowResult(Outcome.PENDING, guid, lost.code or "no_answer", told)


class Reasons:
    """Why a record cannot go: all of it, not the first thing found."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}

    def add(self, code: str, text: str) -> None:
        """Note a reason; the same words count once."""
        self._found.setdefault(text, code)

    def __bool__(self) -> bool:
        return bool(self._found)

    def refuse(self) -> None:
        """Raise one rejection with every reason.

        :raises RecordRejected: its code is the reasons' own where they share one, else `several_reasons`.
        """
        if self._found:
            codes = set(self._found.values())
            code = codes.pop() if len(codes) == 1 else "several_reasons"
            raise RecordRejected("; ".join(self._found), code=code)
