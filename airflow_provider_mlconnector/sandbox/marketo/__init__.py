"""The simulated Marketo Engage.

sandbox = MarketoSandbox(calls_per_window=10, faults={"606": 0.05})
"""

from __future__ import annotations

from airflow_provider_mlconnector.sandbox.marketo.identity import SERVICE, Service
from airflow_provider_mlconnector.sandbox.marketo.vendor import MarketoSandbox

__all__ = ["SERVICE", "MarketoSandbox", "Service"]
