"""Tries records again, of whichever sync: params `sync`, and `keys`, or `run`, `outcome` and `reason`; `from`."""

from airflow_provider_mlconnector.operators.replay import replay_dag

dag = replay_dag()
