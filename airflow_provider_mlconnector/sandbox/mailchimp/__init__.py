"""The simulated Mailchimp Marketing API.

sandbox = MailchimpSandbox(phone_format="US", faults={"429": 0.05})
"""

from __future__ import annotations

from airflow_provider_mlconnector.sandbox.mailchimp.options import DC, KEY, LIST_ID
from airflow_provider_mlconnector.sandbox.mailchimp.vendor import MailchimpSandbox

__all__ = ["DC", "KEY", "LIST_ID", "MailchimpSandbox"]
