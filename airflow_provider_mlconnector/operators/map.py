"""Turn one staged chunk into payloads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mlconnector.operators.base import SyncOperator
from airflow_provider_mlconnector.pipeline.mapper import map_chunk
from airflow_provider_mlconnector.pipeline.staging import ChunkRef

if TYPE_CHECKING:
    from airflow.sdk import Context


class MapOperator(SyncOperator):
    """Map one chunk; as many run at once as there are workers.

    ::

        MapOperator.partial(task_id="map", sync="erp_to_crm.companies").expand(chunk=extract.output)
    """

    def __init__(self, *, chunk: dict[str, Any], **kwargs: Any):
        super().__init__(**kwargs)
        self.chunk = chunk

    template_fields: Sequence[str] = (*SyncOperator.template_fields, "chunk")

    def step(self, context: Context) -> dict[str, Any]:
        """Map the chunk and return the mapped one."""
        return map_chunk(self.job(context), ChunkRef(**self.chunk)).as_dict()
