"""A vendor with one table and two endpoints: the least that shows what the core does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import requests
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airflow_provider_mlconnector.sandbox.core import ChangeError, SandboxAdapter, Vendor, json_response

BASE = "http://toy.sandbox"


class Toy(Vendor):
    """POST /things adds one, GET /things shows a page of them."""

    name: ClassVar[str] = "toy"
    own_faults: ClassVar[frozenset[str]] = frozenset({"606"})
    value_faults: ClassVar[frozenset[str]] = frozenset({"mood"})

    def __init__(self, **options: Any):
        super().__init__(**options)
        self.things: list[str] = []
        self.restarts = 0

    def routes(self) -> Sequence[Route]:
        return [self.route("/things", self._add, ["POST"]), self.route("/things", self._list)]

    def _add(self, request: Request, body: bytes) -> Response:
        if self.faults.hit("606"):
            return json_response({"code": "606"})
        self.things.append(body.decode())
        request.state.call.records = 1
        return json_response({"n": len(self.things)}, 201)

    def _list(self, request: Request, body: bytes) -> Response:
        request.state.call.page = True
        return json_response(self.things)

    def state(self) -> dict[str, Any]:
        return {"things": self.things}

    def change(self, command: dict[str, Any]) -> dict[str, Any]:
        if "add" not in command:
            raise ChangeError("only add")
        self.things.append(command["add"])
        return {"added": 1}

    def restart(self) -> None:
        self.restarts += 1


def call(toy: Toy) -> requests.Session:
    """Return a session that reaches `toy` in-process at BASE."""
    session = requests.Session()
    session.mount(BASE, SandboxAdapter(toy))
    return session


def outcome(session: requests.Session, method: str = "POST", url: str = BASE) -> int:
    """Return the status of one call to /things, 0 when the connection was cut."""
    try:
        return session.request(method, url + "/things", data="x").status_code
    except requests.ConnectionError:
        return 0
