"""HTTP, knowing no vendor: session, auth flows, retry, limits, paging, jobs, errors by consequence."""

from airflow_provider_mlconnector.transport.auth import Token, TokenAuth
from airflow_provider_mlconnector.transport.body import decode_json, encode_json
from airflow_provider_mlconnector.transport.errors import classify_http, retry_after_seconds
from airflow_provider_mlconnector.transport.http import ApiClient
from airflow_provider_mlconnector.transport.limits import NO_LIMIT, AccountLimiter, Limiter, Limits
from airflow_provider_mlconnector.transport.retry import RetryPolicy
from airflow_provider_mlconnector.transport.session import HttpOptions

__all__ = [
    "NO_LIMIT",
    "AccountLimiter",
    "ApiClient",
    "HttpOptions",
    "Limiter",
    "Limits",
    "RetryPolicy",
    "Token",
    "TokenAuth",
    "classify_http",
    "decode_json",
    "encode_json",
    "retry_after_seconds",
]
