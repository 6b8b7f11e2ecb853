"""JD Edwards → Marketo: customers become companies, their contacts leads. An Airflow DAG, daily at 02:00 UTC."""

from airflow_provider_mlconnector.operators.factory import sync_dag

dag = sync_dag("jde_to_marketo", schedule="0 2 * * *", source_conn_id="jde_default", target_conn_id="marketo_default")
