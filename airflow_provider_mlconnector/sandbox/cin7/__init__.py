"""The simulated Cin7 Core API v2.

sandbox = Cin7Sandbox(limit_form="429", total_rule="with_tax", faults={"html_200": 0.01})
"""

from __future__ import annotations

from airflow_provider_mlconnector.sandbox.cin7.options import ACCOUNT_ID, APPLICATION_KEY, OTHER_KEY
from airflow_provider_mlconnector.sandbox.cin7.vendor import Cin7Sandbox

__all__ = ["ACCOUNT_ID", "APPLICATION_KEY", "OTHER_KEY", "Cin7Sandbox"]
