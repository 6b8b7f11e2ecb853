"""Marketo → QAD: opportunities, sales person, activities of each account. Daily at 03:30 UTC, after qad_to_marketo."""

from airflow_provider_mlconnector.operators.factory import sync_dag

dag = sync_dag("marketo_to_qad", schedule="30 3 * * *", source_conn_id="marketo_default", target_conn_id="qad_default")
