"""Move records between ERP, marketing and procurement systems on Airflow.

Import-light on purpose: Airflow's provider discovery imports this package in every process.
"""

__version__ = "0.1.0"
