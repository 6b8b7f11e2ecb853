"""JAGGAER → JD Edwards: approved supplier invoices become vouchers. Daily at 02:00 UTC."""

from airflow_provider_mlconnector.operators.factory import sync_dag

dag = sync_dag("jaggaer_to_jde", schedule="0 2 * * *", source_conn_id="jaggaer_default", target_conn_id="jde_default")
