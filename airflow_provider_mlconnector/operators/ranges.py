"""Read a first load or a backfill in ranges, each by a task of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow_provider_mlconnector.operators.base import SyncOperator
from airflow_provider_mlconnector.pipeline.ranges import divide, read_range
from airflow_provider_mlconnector.pipeline.staging import RANGES

if TYPE_CHECKING:
    from airflow.sdk import Context


class DivideOperator(SyncOperator):
    """Decide what the run reads and in which ranges; returns their numbers, none where it is read in one piece.

    :param at_most: ranges at most; the source may let in fewer at once.
    :param rows: a range is worth a task from so many rows on.

    ::

        divided = DivideOperator(task_id="ranges", sync="erp_to_crm.companies", at_most=8, rows=20_000)
        read = ReadRangeOperator.partial(task_id="read", sync="erp_to_crm.companies").expand(index=divided.output)
        read >> ExtractOperator(task_id="extract", sync="erp_to_crm.companies", trigger_rule="none_failed")
    """

    def __init__(self, *, at_most: int, rows: int, **kwargs: object):
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.at_most = at_most
        self.rows = rows

    def step(self, context: Context) -> list[int]:
        """Decide window and field map, count, and divide."""
        with self.first(context) as (job, source, target):
            cleared = self.is_cleared(context)
            return list(range(divide(job, source, target, at_most=self.at_most, rows=self.rows, cleared=cleared)))


class ReadRangeOperator(SyncOperator):
    """Read one range of a run into staging; see DivideOperator."""

    def __init__(self, *, index: int, **kwargs: object):
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self.index = index

    template_fields: Sequence[str] = (*SyncOperator.template_fields, "index")

    def step(self, context: Context) -> int:
        """Read the range and return how many records it holds."""
        job, source = self.job(context), self.hook(self.declared.source, context)
        # All ranges together make no more calls at once than one task would.
        source.share(len(job.staging.read_known(RANGES)["ranges"]))
        try:
            return read_range(job, source.client, int(self.index), cleared=self.is_cleared(context))
        finally:
            source.close()
