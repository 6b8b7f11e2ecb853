"""QAD → Marketo: customers become companies and named accounts, their contacts leads. Daily at 02:00 UTC."""

from airflow_provider_mlconnector.operators.factory import sync_dag

dag = sync_dag("qad_to_marketo", schedule="0 2 * * *", source_conn_id="qad_default", target_conn_id="marketo_default")
