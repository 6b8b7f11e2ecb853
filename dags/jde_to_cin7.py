"""JD Edwards → Cin7 Core: suppliers, pairs of GL accounts, purchase orders. Daily at 02:00 UTC."""

from airflow_provider_mlconnector.operators.factory import sync_dag

dag = sync_dag("jde_to_cin7", schedule="0 2 * * *", source_conn_id="jde_default", target_conn_id="cin7_default")
