"""QAD's ways of saying no (qad.md §2, §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from ..core.http import html_response, json_response


class QadError(Exception):
    """A call that ends with this answer."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None):
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """Return the answer; one without a body is the web server's own page."""
        if self.body is None:
            return html_response(self.status, "Not Found")
        return json_response(self.body, self.status, self.headers)


def bare(code: str, message: str, field_name: str = "") -> dict[str, Any]:
    """Return the envelope of gateway and permission failures."""
    return {"errors": [{"severity": 1, "code": code, "message": message, "fieldName": field_name}]}


def submit_failed(*errors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the envelope of a rejection, which comes with HTTP 200."""
    return {"submitResult": {"success": False, "errors": [dict(error) for error in errors]}}


def rejection(field_name: str, message: str, value: Any = "", code: str = "APP-ERR") -> dict[str, Any]:
    """Return one error of a rejection; field names in it are PascalCase, unlike the payload's."""
    named = field_name[:1].upper() + field_name[1:]
    return {"fieldName": named, "message": message, "fieldValue": value, "code": code, "severity": 1}


def oauth_error(error: str, description: str) -> QadError:
    """Return the 400 of the token endpoint."""
    return QadError(400, {"error": error, "error_description": description})


def unauthorized(message: str = "Full authentication is required to access this resource") -> QadError:
    """Return the 401 of an absent, wrong or ended login."""
    return QadError(401, bare("401", message), {"WWW-Authenticate": 'Bearer realm="qad", error="invalid_token"'})


def forbidden(message: str, status: int = 403) -> QadError:
    """Return the refusal of a permission; `status` 200 hides it inside a good answer."""
    return QadError(status, bare("403", message))


def bad_request(message: str, field_name: str = "") -> QadError:
    """Return the refusal of a call that is not understood."""
    return QadError(400, bare("400", message, field_name))


def not_found() -> QadError:
    """Return the web server's page for what is not there."""
    return QadError(404, None)
