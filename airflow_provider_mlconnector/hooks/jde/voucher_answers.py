"""How the calls about one voucher ended, and the result that this makes of its record."""

from __future__ import annotations

from airflow_provider_mlconnector.exceptions import OutcomeUnknown, RecordError, RecordRejected, UnexpectedAnswer
from airflow_provider_mlconnector.hooks.jde.orchestrator import OrchestrationEnded
from airflow_provider_mlconnector.hooks.jde.voucher_plan import edtn_in
from airflow_provider_mlconnector.outcomes import Outcome, RowResult

Answer = RecordRejected | OutcomeUnknown | UnexpectedAnswer | None
"""How a call ended, other than by an error that ends the task: None is success."""
SEND_ANEW = "it is not sent again by itself; to do so, `airflow mlconnector forget` it, and have it read again"


def check_identity(edtn: str, sent_as: str | None) -> None:
    """Refuse a record whose voucher went under another supplier or invoice number: it would be paid twice."""
    if sent_as and edtn_in(sent_as) != edtn:
        raise RecordRejected(
            f"its voucher was sent as EDTN {edtn_in(sent_as)}, before its supplier or invoice number changed to what "
            f"would be {edtn}; correct or void that one in JD Edwards",
            code="already_sent",
        )


def already(edtn: str, why: str = "JD Edwards has it with these amounts") -> RowResult:
    """Return the answer for a voucher that an earlier run has delivered: it is never written again."""
    message = f"its voucher was delivered before, and {why}; later changes of the invoice are not taken there"
    return RowResult(Outcome.UNCHANGED, edtn, "already_sent", message)


def may_still_run(answer: Answer) -> bool:
    """Whether a call may yet have an effect: it got no answer, or not the orchestration's."""
    return isinstance(answer, OutcomeUnknown | UnexpectedAnswer) and not isinstance(answer, OrchestrationEnded)


def pending(edtn: str, message: str, answer: Answer) -> RowResult:
    """Return the result of a voucher that was sent, and of which nobody knows yet whether it has arrived."""
    return RowResult(Outcome.PENDING, edtn, answer.code if answer else None, message, words(answer))


def words(answer: Answer) -> str | None:
    """Return the vendor's own words, where it had some."""
    return answer.detail if isinstance(answer, RecordError | OrchestrationEnded) else None
