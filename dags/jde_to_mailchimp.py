"""JD Edwards → Mailchimp: customers and vendors become members, customers store customers. Daily at 02:00 UTC."""

from airflow_provider_mlconnector.operators.factory import sync_dag

dag = sync_dag(
    "jde_to_mailchimp", schedule="0 2 * * *", source_conn_id="jde_default", target_conn_id="mailchimp_default"
)
