"""JD Edwards' own ways of failing, switched on by fault name."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from ..core.faults import Faults
from ..core.http import json_response
from .errors import AisError, service_error

FAULTS = frozenset(
    {
        "405",  # a login: AIS host not in the HTML server's allowed hosts
        "444",  # the token just shown is gone
        "500",  # a data or orchestration call: ServiceErrorResponse
        "sys_errors",  # a data call: 200 with sysErrors and no grid
        "errors_200",  # a data call: 200 with errors[] in the form and an empty grid
        "exception_200",  # a data call: 200 with a top-level exception
        "jas_msg347",  # a next page: the cursor is gone
        "orchestration_error",  # an orchestration: 500 with errorDetails, nothing done
        "orchestration_error_committed",  # an orchestration: the same 500, after its work was done
        "continue_on_error",  # an orchestration: 200 with continuedOnError, nothing done
        "gl_line_refused",  # ORCH_VOUCHER_IMPORT: one G/L line is refused, what is before it stays
    }
)


def data_answer(faults: Faults, body: dict[str, Any], time_stamp: str) -> Response:
    """Answer a data request, or a 200 that is a failure all the same."""
    if faults.hit("sys_errors"):
        detail = {"CODE": "JAS_MSG199", "TITLE": "JAS_MSG199: Database fetch failed", "DESC": "JAS_MSG199"}
        return json_response({"sysErrors": [detail], "timeStamp": time_stamp})
    if faults.hit("exception_200"):
        message = "Unable to contact the HTML server"
        return json_response(service_error(message, "java.net.SocketTimeoutException", time_stamp))
    form = next((value for key, value in body.items() if key.startswith("fs_")), None)
    if form is not None and faults.hit("errors_200"):
        error = {"CODE": "4363", "TITLE": "Error: Data selection failed", "ERRORCONTROL": "1", "DESC": "", "MOBILE": ""}
        form["errors"] = [error]
        form["data"]["gridData"]["rowset"] = []
        form["data"]["gridData"]["summary"] = {"records": 0, "moreRecords": False}
        body.pop("links", None)
    return json_response(body)


def internal_error() -> AisError:
    """Return the 500 of a business function that failed."""
    return AisError(500, "JAS server error", "com.jdedwards.base.exception.JDEException")
