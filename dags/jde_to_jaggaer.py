"""JD Edwards → JAGGAER: suppliers, accounts and cost centres aligned, purchase orders. Daily at 02:00 UTC."""

from airflow_provider_mlconnector.operators.factory import sync_dag

dag = sync_dag("jde_to_jaggaer", schedule="0 2 * * *", source_conn_id="jde_default", target_conn_id="jaggaer_default")
