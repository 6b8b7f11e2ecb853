"""An export job, as the vendor tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator, TypeAdapter, ValidationError

from airflow_provider_mlconnector.exceptions import UnexpectedAnswer
from airflow_provider_mlconnector.hooks.marketo.activity import Blank, Whole, read_instant
from airflow_provider_mlconnector.hooks.marketo.models import Envelope, ReadModel, Text, Words


class ExportJob(ReadModel):
    """One job; sizes in bytes, `by` the filter that was used where that is not the one that was wished for."""

    export_id: Text
    status: Words = ""
    number_of_records: Whole = None
    file_size: Whole = None
    file_checksum: Blank = None
    error_msg: Blank = None
    finished_at: Annotated[datetime | None, BeforeValidator(read_instant)] = None
    by: str | None = None

    @property
    def state(self) -> str:
        """The status in one spelling: the vendor has `Canceled` and `Cancelled`; an unknown one is waited for."""
        folded = self.status.strip().lower()
        if folded.startswith("cancel"):
            return "canceled"
        return folded if folded in ("created", "completed", "failed") else "processing"

    @property
    def sha256(self) -> str | None:
        """The file's checksum in hexadecimal."""
        return self.file_checksum.lower().removeprefix("sha256:") if self.file_checksum else None


JOBS = TypeAdapter(list[ExportJob])


def read_jobs(page: Envelope) -> list[ExportJob]:
    """Return the jobs of an answer.

    :raises UnexpectedAnswer: for one without an id.
    """
    try:
        return JOBS.validate_python(page.result)
    except ValidationError:
        raise UnexpectedAnswer("an export job cannot be read", request_id=page.request_id) from None
