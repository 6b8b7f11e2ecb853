"""How AIS says no: ServiceErrorResponse bodies (jde.md §7)."""

from __future__ import annotations

from typing import Any

JAS_MSG347 = "JAS_MSG347: The query results have expired. Please re-execute the query."


class AisError(Exception):
    """An answer other than 200; `body` overrides the standard ServiceErrorResponse."""

    def __init__(
        self,
        status: int,
        message: str,
        exception: str = "com.oracle.e1.rest.exception.AISException",
        body: dict[str, Any] | None = None,
    ):
        super().__init__(message)
        self.status = status
        self.message = message
        self.exception = exception
        self.body = body

    def to_dict(self, time_stamp: str) -> dict[str, Any]:
        """Return the answer's body."""
        return {**service_error(self.message, self.exception, time_stamp), **(self.body or {})}


def service_error(message: str, exception: str, time_stamp: str) -> dict[str, Any]:
    """Return the body Oracle calls ServiceErrorResponse."""
    return {
        "message": message,
        "exception": exception,
        "timeStamp": time_stamp,
        "status": "ERROR",
        "type": "ERROR",
        "errorText": message,
        "userDefinedErrorText": "",
        "exceptionId": "",
    }


def bad_request(message: str) -> AisError:
    """The request body is not what AIS expects: 400."""
    return AisError(400, message, "com.fasterxml.jackson.databind.JsonMappingException")


def forbidden(message: str, status: int = 403) -> AisError:
    """Authorization failure."""
    return AisError(status, message, "com.oracle.e1.rest.exception.AuthorizationException")


def invalid_token(status: int) -> AisError:
    """The token is unknown, expired, or used from another device: 444."""
    return AisError(status, "Invalid Token", "com.oracle.e1.rest.exception.InvalidTokenException")


def jas_failure(message: str) -> AisError:
    """The HTML server could not do it (unknown table or column, bad literal): 500."""
    return AisError(500, message, "com.jdedwards.runtime.virtual.exception.VirtualClientException")


def results_expired() -> AisError:
    """The cursor is gone: 500 with sysErrors."""
    system = [{"CODE": "JAS_MSG347", "TITLE": JAS_MSG347, "ERRORCONTROL": "", "DESC": JAS_MSG347, "MOBILE": ""}]
    return AisError(500, JAS_MSG347, body={"sysErrors": system})


def orchestration_failed(message: str, field: str) -> AisError:
    """A step of an orchestration failed: 500 with errorDetails; `field` is the input or step it is about."""
    error = {"CODE": "0003", "TITLE": f"Error: {message}", "ERRORCONTROL": field, "DESC": message, "MOBILE": message}
    body = {"errorDetails": {"errors": [error]}}
    return AisError(500, message, "com.oracle.e1.rest.orchestrator.OrchestratorException", body)
